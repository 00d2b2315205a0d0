"""The estimate of a prompt before it is sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.ui.conftest import desk_with
from tests.ui.screen import screen_text
from tui_chat.core.conversation import Conversation
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Price, Usage
from tui_chat.ui.app_context import ModelFacts
from tui_chat.ui.chat.prompt_forecast_text import cost_estimate, draft_of, overflow_warning

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
PRICE = Price(Decimal(2), Decimal(10), Decimal("0.2"), Decimal("2.5"), Decimal(4))


def talked(usage: Usage, ago: timedelta = timedelta(minutes=1)) -> Conversation:
    at = NOW - ago
    prompt = Turn("p", None, Role.USER, (TextPart("hi " * 50),), TurnStatus.COMPLETE, at)
    reply = Turn("r", "p", Role.ASSISTANT, (TextPart("ho " * 50),), TurnStatus.COMPLETE, at, "anthropic/x", usage)
    return Conversation("c", at, at, model="anthropic/x", turns=(prompt, reply), head="r")


def test_a_prompt_costs_what_it_and_all_before_it_will_be_read_as() -> None:
    conversation = talked(Usage(input_tokens=1000, output_tokens=200))
    estimate = cost_estimate(conversation, draft_of(conversation, "word " * 40, None), PRICE, NOW)
    assert estimate.startswith("~1.2") and "k in" in estimate and "~$0.002" in estimate


def test_what_the_cache_holds_is_reported_and_what_it_lost_costs_more() -> None:
    usage = Usage(input_tokens=10, cache_write_5m_tokens=50_000, output_tokens=200)
    fresh = talked(usage)
    assert "cached" in cost_estimate(fresh, draft_of(fresh, "go on", None), PRICE, NOW)
    old = talked(usage, timedelta(hours=2))
    assert "cache expired: +~$0.1" in cost_estimate(old, draft_of(old, "go on", None), PRICE, NOW)


def test_an_unknown_price_is_left_out_and_not_called_nothing() -> None:
    conversation = talked(Usage(input_tokens=1000, output_tokens=200))
    assert "$" not in cost_estimate(conversation, draft_of(conversation, "hi", None), None, NOW)


def test_what_does_not_fit_is_reported_and_what_fits_or_is_unknown_is_not() -> None:
    conversation = talked(Usage(input_tokens=1000, output_tokens=200))
    draft = draft_of(conversation, "hi", None)
    assert "does not fit" in overflow_warning(conversation, draft, 1100, NOW)
    for window in (100_000, None):
        assert overflow_warning(conversation, draft, window, NOW) == ""


async def test_a_prompt_that_does_not_fit_is_sent_only_when_that_is_meant() -> None:
    async def tiny(model: str) -> ModelFacts:
        return ModelFacts(context_window=3)

    async with desk_with() as desk:
        object.__setattr__(desk.chat.context, "facts_of", tiny)
        await desk.type("much too long for this")
        await desk.press("enter")
        await desk.until(lambda: "does not fit" in screen_text(desk.app))
        assert desk.chat.prompt.text and not desk.conversation.turns
        await desk.press("enter")
        await desk.idle()
        assert len(desk.conversation.turns) == 2


async def test_the_footer_foresees_what_is_being_written() -> None:
    async def known(model: str) -> ModelFacts:
        return ModelFacts(price=replace(PRICE))

    async with desk_with() as desk:
        object.__setattr__(desk.chat.context, "facts_of", known)
        await desk.type("some words")
        await desk.until(lambda: "in, ~$0.0" in screen_text(desk.app))
        await desk.press(*["backspace"] * 10)
        await desk.until(lambda: "in, ~$0.0" not in screen_text(desk.app))


def test_the_words_of_a_longer_draft_are_counted() -> None:
    conversation = talked(Usage(input_tokens=1000, output_tokens=200))
    assert cost_estimate(conversation, draft_of(conversation, "word " * 1200, None), None, NOW).startswith(
        "1,200 words"
    )
    assert "words" not in cost_estimate(conversation, draft_of(conversation, "word " * 20, None), None, NOW)

"""What a prompt will cost before it is sent, how much is still in the cache, and whether it fits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tui_chat.core.conversation import Conversation
from tui_chat.core.part import TextPart
from tui_chat.core.prompt_forecast import ContextUse, Draft, Missed, context_use, forecast
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Price, Usage

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICE = Price(Decimal(2), Decimal(10), Decimal("0.1"), Decimal("2.5"), Decimal(4))
FIRST, SECOND = Usage(3, 0, 10_000, output_tokens=400), Usage(3, 10_003, 600, output_tokens=500)


def minutes(count: float) -> datetime:
    return START + timedelta(minutes=count)


def turn(name: str, parent: str | None, at: datetime, usage: Usage | None = None) -> Turn:
    role = Role.USER if usage is None else Role.ASSISTANT
    model = "" if usage is None else "anthropic/sonnet"
    return Turn(name, parent, role, (TextPart("Yes."),), TurnStatus.COMPLETE, at, model, usage)


@pytest.fixture
def conversation() -> Conversation:
    turns = (
        turn("p1", None, minutes(0)),
        turn("r1", "p1", minutes(0), FIRST),
        turn("p2", "r1", minutes(3)),
        turn("r2", "p2", minutes(3), SECOND),
    )
    return Conversation("c", START, START, turns=turns, head="r2", model="anthropic/sonnet")


def draft(parent: str | None = "r2", model: str = "anthropic/sonnet") -> Draft:
    return Draft(model, (TextPart("And now?"),), parent)


def test_a_first_prompt_is_all_fresh_input() -> None:
    blank = Conversation("c", START, START, system="Be brief.")
    usage = forecast(blank, draft(None), START).usage
    assert usage.estimated and 0 < usage.input_tokens == usage.total_input_tokens < 20


def test_soon_after_the_last_reply_its_cache_is_expected_to_be_read(conversation: Conversation) -> None:
    seen = forecast(conversation, draft(), minutes(7))
    assert seen.usage.cache_read_tokens == 10_603
    assert seen.usage.total_input_tokens == pytest.approx(11_106, abs=5)
    assert seen.usage.cache_write_5m_tokens == seen.usage.total_input_tokens - 10_603
    assert (seen.missed_tokens, seen.missed_because, seen.missed_usd(PRICE)) == (0, None, 0)


def test_once_the_cache_has_expired_it_reports_what_that_costs(conversation: Conversation) -> None:
    seen = forecast(conversation, draft(), minutes(8))
    assert (seen.usage.cache_read_tokens, seen.missed_tokens) == (0, 10_603)
    assert seen.missed_because is Missed.EXPIRED
    assert seen.missed_usd(PRICE) == 10_603 * (Decimal("2.5") - Decimal("0.1")) / 1_000_000
    assert seen.cost_usd(PRICE) == seen.usage.total_input_tokens * Decimal("2.5") / 1_000_000


def test_another_model_cannot_read_this_one_s_cache(conversation: Conversation) -> None:
    seen = forecast(conversation, draft(model="anthropic/opus"), minutes(4))
    assert seen.missed_because is Missed.OTHER_MODEL and seen.missed_tokens == 10_603


def test_a_long_cache_is_trusted_for_an_hour(conversation: Conversation) -> None:
    kept = replace(SECOND, cache_write_5m_tokens=0, cache_write_1h_tokens=600)
    conversation = conversation.with_turn(replace(conversation.turn("r2"), usage=kept))
    assert forecast(conversation, draft(), minutes(62)).usage.cache_read_tokens == 10_603
    assert forecast(conversation, draft(), minutes(62)).usage.cache_write_1h_tokens > 0
    assert forecast(conversation, draft(), minutes(63)).missed_because is Missed.EXPIRED


def test_an_edit_reads_what_was_cached_before_it_while_later_replies_kept_it_alive(
    conversation: Conversation,
) -> None:
    seen = forecast(conversation, draft("r1"), minutes(7))
    assert seen.usage.cache_read_tokens == 10_000 and seen.missed_because is None
    late = forecast(conversation, draft("r1"), minutes(9))
    assert late.missed_because is Missed.EXPIRED and late.missed_usd(PRICE) > 0


def test_an_edit_of_the_first_prompt_reads_nothing_of_the_rest(conversation: Conversation) -> None:
    seen = forecast(conversation, draft(None), minutes(4))
    assert seen.usage.total_input_tokens < 20 and seen.missed_tokens == 0


def test_what_the_provider_counted_is_no_estimate(conversation: Conversation) -> None:
    seen = forecast(conversation, draft(), minutes(4), counted=11_111)
    assert seen.usage.total_input_tokens == 11_111 and not seen.usage.estimated


def test_a_provider_that_caches_by_itself_is_expected_to_do_so_again(conversation: Conversation) -> None:
    reported = Usage(2000, 9000, output_tokens=10)
    conversation = conversation.with_turn(replace(conversation.turn("r2"), usage=reported))
    seen = forecast(conversation, draft(), minutes(4))
    assert seen.usage.cache_read_tokens == 9000 and seen.usage.cache_write_tokens == 0
    assert seen.usage.input_tokens == pytest.approx(2010, abs=5)


def test_context_is_what_the_end_reads_and_not_the_sum_of_all_reads(conversation: Conversation) -> None:
    used = context_use(conversation, 200_000)
    assert used.tokens == SECOND.total_tokens == 11_106 < conversation.usage.total_tokens
    assert not used.estimated and used.fits and not used.is_tight
    assert used.share == 11_106 / 200_000


def test_context_after_an_unanswered_prompt_is_an_estimate(conversation: Conversation) -> None:
    used = context_use(conversation.with_turn(turn("p3", "r2", minutes(5))), None)
    assert used.estimated and used.tokens > 11_106
    assert used.share is None and used.fits


@pytest.mark.parametrize(
    ("tokens", "reply", "fits", "tight"),
    [(79, 0, True, False), (80, 0, True, True), (100, 0, True, True), (101, 0, False, True), (60, 41, False, True)],
)
def test_it_warns_before_it_no_longer_fits(tokens: int, reply: int, fits: bool, tight: bool) -> None:
    used = ContextUse(tokens, 100, reply_tokens=reply)
    assert (used.fits, used.is_tight) == (fits, tight)

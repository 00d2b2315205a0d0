"""What other chat programs got wrong about tokens and money; each of their bugs is a test here."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.service.conftest import MakeHarness
from tests.storage.make import conversation, prompt, reply
from tests.ui.widgets.test_footer_layout import footer_line
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.conversation import Conversation
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.format_numbers import cost_sum, dollars
from tui_chat.core.prompt_forecast import context_use
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.core.usage import Cost, Price, Usage
from tui_chat.core.usage_report import report_on
from tui_chat.formats.native import dumps, loads
from tui_chat.pricing.pricing import Pricing
from tui_chat.storage.store import Store
from tui_chat.ui.widgets.footer_layout import FooterState

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SONNET = "anthropic/claude-sonnet-5-5"
PRICE = Price(Decimal(2), Decimal(10), Decimal("0.1"), Decimal("2.5"), Decimal(4), source="a list")


def billed(turn: Turn, usage: Usage, model: str = SONNET) -> Turn:
    return replace(turn, model=model, usage=usage, cost=Pricing().cost(model, usage, NOW))


@pytest.fixture
def long_talk() -> Conversation:
    """Three replies, each reading all that came before."""
    turns, parent = [], None
    for number in range(3):
        asked = prompt(f"p{number}", parent)
        usage = Usage(10, 1000 * number, 1000, output_tokens=100)
        turns += [asked, billed(reply(f"r{number}", asked.id), usage)]
        parent = f"r{number}"
    return conversation("c1", *turns)


def test_cached_tokens_are_priced_once_and_at_their_own_price() -> None:
    cost = Pricing().cost(SONNET, Usage(0, 1_000_000), NOW)
    assert cost is not None and cost.total_usd == Decimal("0.1")


def test_reasoning_is_not_added_on_top_of_the_output_it_is_part_of() -> None:
    with_thinking = Usage(100, output_tokens=1000, thinking_tokens=900)
    assert with_thinking.total_tokens == 1100
    assert PRICE.total_usd(with_thinking) == PRICE.total_usd(replace(with_thinking, thinking_tokens=0))


def test_a_price_is_for_a_million_tokens_and_not_for_one() -> None:
    assert PRICE.total_usd(Usage(1_000_000)) == 2
    assert PRICE.total_usd(Usage(1)) == Decimal("0.000002")


def test_context_is_what_the_last_request_held_and_not_the_sum_of_all(long_talk: Conversation) -> None:
    assert context_use(long_talk, 200_000).tokens == 10 + 2000 + 1000 + 100
    assert long_talk.usage.total_tokens == 6330


def test_an_unknown_price_is_a_question_mark_everywhere_and_never_nothing() -> None:
    unknown = conversation("c1", prompt("p"), billed(reply("r", "p"), Usage(10, output_tokens=10), "work/unlisted"))
    assert unknown.turn("r").cost is None
    assert dollars(None) == cost_sum(unknown.cost) == "?"
    state = FooterState(usage=unknown.usage, cost=None, total=unknown.cost, total_all=unknown.cost)
    assert "$" not in footer_line(state, 120) and "no price" in footer_line(state, 120)


def test_one_unknown_reply_does_not_pass_for_a_free_one_in_a_sum(long_talk: Conversation) -> None:
    unlisted = billed(reply("r3", "r2"), Usage(10), "work/unlisted")
    mixed = long_talk.with_turn(unlisted)
    assert mixed.cost.total_usd == long_talk.cost.total_usd and mixed.cost.unknown_replies == 1
    assert cost_sum(mixed.cost).endswith("+?")


def test_a_zero_price_costs_zero_dollars() -> None:
    pricing = Pricing({"ollama/*": Price.of(Decimal(0), Decimal(0))})
    cost = pricing.cost("ollama/llama3.2", Usage(10**6), NOW)
    assert cost is not None and dollars(cost.total_usd) == "$0.00"


def test_repeated_usage_reports_are_not_added_up() -> None:
    builder = TurnBuilder(replace(reply("r", "p"), parts=(), status=TurnStatus.STREAMING))
    for output in (1, 5, 9):
        builder.add(UsageReported(Usage(100, output_tokens=output)))
    assert builder.turn.usage == Usage(100, output_tokens=9)


async def test_a_stopped_reply_is_neither_free_nor_exact(make_harness: MakeHarness) -> None:
    harness = await make_harness(
        (UsageReported(Usage(500, output_tokens=1)), TextDelta("Once upon a time. " * 20), 60.0)
    )
    stopped = await harness.service.send(harness.new_conversation(), "tell me")
    async for event in stopped:
        if isinstance(event, TextDelta):
            stopped.cancel()
    turn = (await harness.service.open(stopped.conversation_id)).turn(stopped.turn_id)
    assert turn.usage is not None and turn.usage.estimated and turn.usage.input_tokens == 500
    assert 60 < turn.usage.output_tokens < 120
    assert turn.cost is not None and turn.cost.estimated and dollars(turn.cost.total_usd, estimated=True)[0] == "~"


async def test_an_estimate_gives_way_to_the_truth_and_leaves_no_mark(make_harness: MakeHarness) -> None:
    reported = Usage(3, output_tokens=7)
    harness = await make_harness(
        (TextDelta("Many more words than seven tokens. " * 9), UsageReported(reported), Stopped("end"))
    )
    _, answered = await harness.completed_reply()
    assert answered.path[-1].usage == reported and not answered.cost.estimated


async def test_every_branch_is_paid_for_and_the_one_shown_has_its_own_cost(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    first, _ = await harness.completed_reply()
    again = await harness.service.retry(first.conversation_id, first.turn_id)
    await again.wait()
    both = await harness.service.open(first.conversation_id)
    assert both.cost.total_usd == 2 * both.path_cost.total_usd == 10


async def test_figures_survive_restart_export_and_import(tmp_path: Path, long_talk: Conversation) -> None:
    store = await Store.open(tmp_path / "data" / "c.db")
    await store.create(long_talk)
    await store.aclose()
    store = await Store.open(tmp_path / "data" / "c.db")
    stored = await store.conversation("c1")
    rows = await store.usage_rows()
    await store.aclose()
    for copy in (stored, loads(dumps(long_talk))):
        assert [(turn.usage, turn.cost) for turn in copy.turns] == [
            (turn.usage, turn.cost) for turn in long_talk.turns
        ]
    assert report_on(rows).total.cost == long_talk.cost
    assert report_on(rows).total.usage == long_talk.usage


def test_an_old_bill_keeps_the_price_it_was_made_with(long_talk: Conversation) -> None:
    paid = long_talk.turns[-1]
    assert paid.usage is not None and isinstance(paid.cost, Cost) and paid.cost.price is not None
    dearer = Pricing({SONNET: Price.of(Decimal(200), Decimal(1000))})
    assert paid.cost.price.total_usd(paid.usage) == paid.cost.total_usd
    changed = dearer.cost(SONNET, paid.usage, NOW)
    assert changed is not None and changed.total_usd > paid.cost.total_usd


def test_an_hour_in_the_cache_costs_more_than_five_minutes() -> None:
    hour, five = (
        PRICE.total_usd(Usage(cache_write_1h_tokens=10**6)),
        PRICE.total_usd(Usage(cache_write_5m_tokens=10**6)),
    )
    assert (hour, five) == (4, Decimal("2.5"))

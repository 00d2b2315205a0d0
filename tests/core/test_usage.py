"""Tokens that never overlap, prices to the last digit, and sums that own up to what they lack."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tui_chat.core.builder import TurnBuilder
from tui_chat.core.conversation import Conversation
from tui_chat.core.event import UsageReported
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Cost, Price, Usage, sum_costs

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

counts = st.integers(0, 10**9)
usages = st.builds(Usage, counts, counts, counts, counts, counts)
rates = st.decimals(0, 1000, places=6)
prices = st.builds(Price, rates, rates, rates, rates, rates, rates)
costs = st.none() | st.builds(Cost, st.decimals(0, 100, places=9), st.booleans())


def test_a_price_as_a_person_gives_it_fills_in_the_cache() -> None:
    price = Price.of(Decimal(3), Decimal(15))
    assert (price.cache_read_usd, price.cache_write_5m_usd, price.cache_write_1h_usd) == (3, 3, 3)
    assert Price.of(Decimal(3), Decimal(15), Decimal(1), Decimal(4)).cache_write_1h_usd == 4
    assert price.source == "settings"


def test_thinking_is_billed_within_the_output() -> None:
    usage = Usage(output_tokens=1000, thinking_tokens=900)
    price = Price.of(Decimal(1), Decimal(10))
    assert price.total_usd(usage) == Decimal("0.01")


def test_thinking_may_have_a_price_of_its_own() -> None:
    price = Price(*[Decimal(10)] * 5, thinking_usd=Decimal(1))
    assert price.total_usd(Usage(output_tokens=1000, thinking_tokens=900)) == Decimal("0.0019")


def test_a_request_may_cost_something_as_such() -> None:
    price = Price(*[Decimal(0)] * 5, web_search_usd=Decimal("0.01"), request_usd=Decimal("0.005"))
    assert price.total_usd(Usage(web_searches=2)) == Decimal("0.025")


@given(prices, usages, usages)
def test_two_replies_cost_what_their_tokens_together_cost(price: Price, one: Usage, other: Usage) -> None:
    assert price.total_usd(one) + price.total_usd(other) == price.total_usd(one + other)


@given(prices, usages)
def test_what_caching_saved_is_the_difference_to_no_cache_at_all(price: Price, usage: Usage) -> None:
    fresh = Usage(usage.total_input_tokens, output_tokens=usage.output_tokens)
    assert price.saved_usd(usage) == price.total_usd(fresh) - price.total_usd(usage)


@given(st.lists(costs))
def test_a_sum_counts_the_unknown_and_keeps_the_estimates_mark(parts: list[Cost | None]) -> None:
    total, known = sum_costs(parts), [cost for cost in parts if cost is not None]
    assert total.total_usd == sum((cost.total_usd for cost in known), Decimal(0))
    assert (total.known_replies, total.unknown_replies) == (len(known), len(parts) - len(known))
    assert total.estimated == any(cost.estimated for cost in known)


def test_a_sum_of_tokens_has_no_billed_charge() -> None:
    billed = Usage(1, billed_usd=Decimal(1))
    assert (billed + billed).billed_usd is None


reports = st.lists(st.builds(Usage, counts, counts, counts, counts, counts), min_size=1)


@given(st.lists(st.tuples(reports, costs), max_size=8))
def test_a_conversation_is_the_sum_of_its_turns_whatever_was_reported_meanwhile(
    reported: list[tuple[list[Usage], Any]],
) -> None:
    conversation = Conversation("c", NOW, NOW)
    for number, (updates, cost) in enumerate(reported):
        builder = TurnBuilder(Turn(str(number), None, Role.ASSISTANT, (), TurnStatus.STREAMING, NOW, cost=cost))
        for usage in updates:
            builder.add(UsageReported(usage))
        conversation = conversation.with_turn(builder.turn)
    assert conversation.usage == sum((updates[-1] for updates, _ in reported), Usage())
    assert conversation.cost == sum_costs(cost for _, cost in reported)
    assert conversation.path_cost == sum_costs(cost for _, cost in reported[-1:])


def test_the_cost_under_a_turn_is_its_own_and_that_of_all_below() -> None:
    conversation = Conversation("c", NOW, NOW)
    for id, parent, dollars in (("a", None, 1), ("b", "a", 2), ("c", "b", 4), ("d", "a", 8)):
        turn = Turn(
            id, parent, Role.ASSISTANT, (), TurnStatus.COMPLETE, NOW, usage=Usage(1), cost=Cost(Decimal(dollars))
        )
        conversation = conversation.with_turn(turn)
    assert [conversation.cost_under(id).total_usd for id in "abcd"] == [15, 6, 4, 8]

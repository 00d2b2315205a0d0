"""The split of a reply with rounds, its sums, and true results for the calls that it left open."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.tools import assert_valid_on_every_wire
from tui_chat.core.part import Part, RoundPart, TextPart, ToolCallPart, ToolResultPart, ToolStatus
from tui_chat.core.rounds import (
    answer_open_calls,
    end_interrupted,
    expand_rounds,
    open_calls,
    sum_rounds_cost,
    with_sums,
)
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Cost, Price, Usage

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
PROMPT = Turn("p", None, Role.USER, (TextPart("hi"),), TurnStatus.COMPLETE, NOON)
CALL, RESULT = ToolCallPart("c1", "look", "{}"), ToolResultPart("c1", "seen")


def reply(*parts: Part) -> Turn:
    return Turn("r", "p", Role.ASSISTANT, parts, TurnStatus.COMPLETE, NOON, "openai/gpt")


def test_a_reply_of_one_request_is_left_as_it_is() -> None:
    turn = reply(TextPart("a"), CALL, RESULT, TextPart("b"))
    assert expand_rounds((PROMPT, turn)) == (PROMPT, turn)
    assert expand_rounds((turn,))[0] is turn


def test_a_reply_is_split_into_text_and_tool_results() -> None:
    first, second = RoundPart(Usage(5)), RoundPart(Usage(9))
    turn = reply(TextPart("a"), CALL, first, RESULT, TextPart("b"), second)
    calling, answered, end = expand_rounds((turn,))
    assert (calling.parts, calling.usage) == ((TextPart("a"), CALL), Usage(5))
    assert (answered.role, answered.parts, answered.usage) == (Role.USER, (RESULT,), None)
    assert (end.parts, end.usage) == ((TextPart("b"),), Usage(9))


def test_equal_ids_in_later_rounds_are_calls_of_their_own() -> None:
    parts = (CALL, RoundPart(), RESULT, CALL, RoundPart())
    assert open_calls(parts) == (CALL,)
    assert answer_open_calls(parts, (), why="stopped")[0].status is ToolStatus.NOT_RUN


def test_a_started_call_of_a_dead_program_has_an_unknown_outcome() -> None:
    other = ToolCallPart("c2", "act", "{}")
    turn = end_interrupted(reply(CALL, other, RoundPart(Usage(5), Cost(Decimal(1)))), {"c1"})
    assert [(part.call_id, part.status) for part in turn.parts if isinstance(part, ToolResultPart)] == [
        ("c1", ToolStatus.UNKNOWN),
        ("c2", ToolStatus.NOT_RUN),
    ]
    assert "Look before doing it again" in turn.parts[-2].text  # type: ignore[union-attr]
    assert turn.usage == Usage(5) and turn.cost == Cost(Decimal(1))


def test_what_a_dead_program_wrote_after_its_last_request_is_left_to_be_metered() -> None:
    turn = end_interrupted(reply(CALL, RoundPart(Usage(5)), RESULT, TextPart("more")), ())
    assert turn.usage is None and turn.parts[-1] == TextPart("more")


MONEY = st.decimals(0, 100, places=9)
PRICES = st.sampled_from([Price.of(Decimal(1), Decimal(2)), Price.of(Decimal(3), Decimal(4)), None])
COSTS = st.builds(Cost, MONEY, st.booleans(), PRICES, st.booleans())
USAGES = st.builds(Usage, *[st.integers(0, 10**6)] * 7)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(USAGES, COSTS), min_size=1, max_size=8))
def test_the_sums_of_a_turn_are_exactly_those_of_its_rounds(figures: list[tuple[Usage, Cost]]) -> None:
    turn = with_sums(reply(*(RoundPart(usage, cost, 3, 10) for usage, cost in figures)))
    assert turn.usage is not None and turn.cost is not None
    assert turn.usage.total_tokens == sum(usage.total_tokens for usage, _ in figures)
    assert turn.usage.web_searches == sum(usage.web_searches for usage, _ in figures)
    assert turn.cost.total_usd == sum((cost.total_usd for _, cost in figures), Decimal(0))
    assert turn.cost.estimated is any(cost.estimated for _, cost in figures)
    assert turn.ttft_ms == 3 and turn.duration_ms == 3 + 7 * len(figures)


def test_an_unknown_cost_of_one_round_makes_the_sum_unknown() -> None:
    assert sum_rounds_cost([Cost(Decimal(1)), None]) is None
    assert sum_rounds_cost([]) is None


SEGMENTS = st.sampled_from(["text", "call", "answered", "round", "both"])


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(SEGMENTS, max_size=12))
def test_any_shape_of_a_reply_that_ended_is_valid_on_every_wire(shapes: list[str]) -> None:
    parts: list[Part] = []
    for number, shape in enumerate(shapes):
        call = ToolCallPart(f"c{number}", "look", "{}")
        match shape:
            case "text":
                parts.append(TextPart(f"text {number}"))
            case "call":
                parts.append(call)
            case "round":
                parts.append(RoundPart())
                parts += answer_open_calls(tuple(parts), (), why="it ended")
            case "answered" | "both":
                parts += [call, RoundPart()]
                parts += answer_open_calls(tuple(parts), (f"c{number}",), why="it ended")
    turn = reply(*parts)
    assert_valid_on_every_wire((PROMPT, turn, replace(PROMPT, id="p2")))

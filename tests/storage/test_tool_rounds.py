"""A program that died at any moment of a tool call: what the next start shows, and what it counts."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import DEAD, conversation, live, prompt
from tests.support.tools import assert_valid_on_every_wire
from tui_chat.core.conversation import Options
from tui_chat.core.event import Delta, PartDelta, PartEnd, TextDelta, ToolCallDelta, ToolStarted
from tui_chat.core.part import RoundPart, TextPart, ToolResultPart, ToolStatus
from tui_chat.core.rounds import rounds_of
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.core.usage import Cost, Price, Usage
from tui_chat.formats.native import dumps, loads
from tui_chat.service.usage_meter import meter_interrupted

CALL = (ToolCallDelta("c1", "act", '{"a": '), ToolCallDelta("c1", "", "1}"), PartEnd(None, "c1"))
ROUND = PartDelta(
    RoundPart(Usage(10, output_tokens=4), Cost(Decimal("0.25"), price=Price.of(Decimal(1), Decimal(2))))
)
RESULT = PartDelta(ToolResultPart("c1", "done", status=ToolStatus.DONE, duration_ms=12))


async def a_dollar(model: str, usage: Usage, at: datetime) -> Cost | None:
    return Cost(Decimal(1), usage.estimated)


async def killed_after(open_store: Open, deltas: tuple[Delta, ...]) -> Turn:
    store = await open_store(owner=DEAD)
    await store.create(conversation("c", prompt("p"), live("r", "p")))
    for delta in deltas:
        await store.checkpoint("r", [delta])
    await store.aclose()
    store = await open_store()
    await meter_interrupted(store, a_dollar)
    return (await store.conversation("c")).turn("r")


def status_of(turn: Turn) -> list[ToolStatus]:
    return [part.status for part in turn.parts if isinstance(part, ToolResultPart)]


async def test_killed_while_arguments_stream(open_store: Open) -> None:
    turn = await killed_after(open_store, (TextDelta("Now "), CALL[0]))
    assert turn.status is TurnStatus.INTERRUPTED and status_of(turn) == []
    assert_valid_on_every_wire((prompt("p"), turn, prompt("q", "r")))


async def test_killed_while_an_approval_waits(open_store: Open) -> None:
    turn = await killed_after(open_store, (*CALL, ROUND))
    assert status_of(turn) == [ToolStatus.NOT_RUN]
    assert "the program ended before it was allowed" in turn.parts[-1].text  # type: ignore[union-attr]
    assert turn.cost is not None and turn.cost.total_usd == Decimal("0.25") and turn.usage == ROUND.part.usage
    assert_valid_on_every_wire((prompt("p"), turn, prompt("q", "r")))


async def test_killed_while_a_tool_runs(open_store: Open) -> None:
    turn = await killed_after(open_store, (*CALL, ROUND, ToolStarted("c1")))
    assert status_of(turn) == [ToolStatus.UNKNOWN] and turn.cost == ROUND.part.cost
    assert_valid_on_every_wire((prompt("p"), turn, prompt("q", "r")))


async def test_killed_after_the_result(open_store: Open) -> None:
    turn = await killed_after(open_store, (*CALL, ROUND, ToolStarted("c1"), RESULT))
    assert turn.parts[-1] == RESULT.part and turn.cost == ROUND.part.cost


async def test_killed_in_the_second_request(open_store: Open) -> None:
    turn = await killed_after(open_store, (*CALL, ROUND, ToolStarted("c1"), RESULT, TextDelta("And so")))
    first, second = rounds_of(turn)
    assert first == ROUND.part and second.usage is not None and second.usage.estimated
    assert turn.cost is not None and turn.cost.total_usd == Decimal("1.25") and turn.cost.estimated
    assert turn.text == "And so"


async def test_a_turn_with_rounds_is_stored_as_it_is(open_store: Open) -> None:
    store = await open_store()
    parts = (TextPart("a"), ROUND.part, RESULT.part, TextPart("b"), RoundPart(None, None, 1, 2))
    turn = replace(live("r", "p"), status=TurnStatus.COMPLETE, parts=parts)
    await store.create(conversation("c", prompt("p"), turn))
    assert (await store.conversation("c")).turn("r") == turn


async def test_an_export_keeps_rounds_results_and_the_chosen_tools(open_store: Open) -> None:
    turn = await killed_after(open_store, (*CALL, ROUND, ToolStarted("c1")))
    options = Options(tools=("read", "git"))
    exported = conversation("c", prompt("p"), turn, options=options)
    assert loads(dumps(exported)) == exported


@pytest.mark.parametrize("damaged", ['[{"type":"round","usage":{"input_tokens":-5},"ttft_ms":1,"duration_ms":2}]'])
async def test_damaged_figures_of_a_round_are_unknown(open_store: Open, path: Path, damaged: str) -> None:
    store = await open_store()
    await store.create(conversation("c", prompt("p")))
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE turn SET parts = ?, text = ''", (damaged,))
        db.commit()
    (part,) = (await store.conversation("c")).turn("p").parts
    assert isinstance(part, RoundPart) and part.usage is not None and part.usage.unknown

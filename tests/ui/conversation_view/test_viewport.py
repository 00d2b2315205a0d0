"""Whatever happens around it, the window shows a stretch of the conversation without gaps, and the reader stays."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.ui.conversation_view.layouts import layout_options
from tests.ui.turns import conversation, exchanges, prompt, reply, thinking
from tui_chat.core.event import TextDelta, ThinkingDelta
from tui_chat.core.turn import TurnStatus
from tui_chat.ui.conversation_view import layout_cache, turn_layout
from tui_chat.ui.conversation_view.branch_entries import BranchEntries, entry_after
from tui_chat.ui.conversation_view.streaming_turn import StreamingTurn
from tui_chat.ui.conversation_view.viewport import Viewport

HEIGHT = 12
PIECES = (
    "word ",
    "long words in a row that must be wrapped ",
    "\n\n",
    "- item\n",
    "\n| a | b |\n|--|--|\n| 1 | 2 |\n",
    "`x",
)
STEP = st.one_of(
    st.tuples(st.just("scroll"), st.integers(-30, 30)),
    st.tuples(st.just("row"), st.integers(0, 200)),
    st.tuples(st.just("end"), st.just(0)),
    st.tuples(st.just("grow"), st.integers(0, len(PIECES) - 1)),
    st.tuples(st.just("think"), st.integers(0, 3)),
    st.tuples(st.just("turn"), st.just(0)),
    st.tuples(st.just("fold"), st.integers(0, 30)),
    st.tuples(st.just("width"), st.sampled_from((20, 43, 60, 100))),
    st.tuples(st.just("height"), st.integers(1, 30)),
    st.tuples(st.just("freshen"), st.just(0)),
)


def filled() -> Viewport:
    viewport = Viewport(layout_options())
    viewport.height = HEIGHT
    everything = [*exchanges(6).turns, prompt(50, "long " * 40, "turn-11"), reply(51, thinking(8), "answer " * 50)]
    viewport.show(BranchEntries(conversation(*everything)))
    return viewport


def test_an_empty_conversation_can_be_scrolled_everywhere() -> None:
    viewport = Viewport(layout_options())
    viewport.height = HEIGHT
    for move in (viewport.to_start, viewport.to_end, lambda: viewport.scroll(3), lambda: viewport.to_row(5)):
        move()
        assert viewport.window == ((0, 0), (0, 0))


def do(viewport: Viewport, step: tuple[str, int]) -> bool:
    """Take that step; whether the reader is to stay where he was."""
    kind, amount = step
    if kind == "scroll":
        viewport.scroll(amount)
    elif kind == "row":
        viewport.to_row(amount)
    elif kind == "end":
        viewport.to_end()
    elif kind in ("grow", "think") and viewport.turns.streaming is not None:
        viewport.turns.streaming.add(
            TextDelta(PIECES[amount]) if kind == "grow" else ThinkingDelta("thought\n" * amount)
        )
        viewport.grow()
        return True
    elif kind == "turn":
        last = viewport.turns.entries[-1].turn
        turn = reply(len(viewport.turns.entries) + 100, parent_id=last.id, status=TurnStatus.STREAMING)
        viewport.turns.streaming = None
        viewport.turns.append(entry_after(viewport.turns.entries, turn, None))
        viewport.turns.streaming = StreamingTurn(viewport.turns.entries[-1])
        return True
    elif kind == "width":
        viewport.relayout(layout_options(amount))
    elif kind == "height":
        viewport.height = amount
        viewport.follow_if_at_end()
    elif kind == "freshen" and viewport.turns.stale:
        viewport.refresh_stale(10)
    elif kind == "fold":
        index = len(viewport.turns.entries) - 1 - amount % 3
        viewport.pin()
        viewport.turns.layout(index).set_open(1, amount % 2 == 0)
        viewport.turns.update_height(index)
        viewport.follow_if_at_end()
    return False


def check(viewport: Viewport) -> None:
    rows = viewport.rows()
    flat = [(row.entry, viewport.turns.entries[row.entry].row_of(row.block, row.row)) for row in rows]
    for (entry, row), (next_entry, next_row) in pairwise(flat):
        assert (next_entry, next_row) == (entry, row + 1) or (next_entry > entry and next_row == 0)
    every = [
        (index, row)
        for index in range(len(viewport.turns.entries))
        for row in range(viewport.turns.layout(index).rows)
    ]
    assert viewport.turns.heights.total == len(every)
    start = every.index(flat[0])
    assert flat == every[start : start + viewport.height]
    assert len(flat) == min(viewport.height, len(every))
    assert viewport.rows_above_and_total == (start, len(every))
    assert viewport.following == (start == max(0, len(every) - viewport.height)) or start == 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEP, max_size=25))
def test_the_window_is_a_stretch_of_the_branch_also_while_turns_look_as_they_did(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int]]
) -> None:
    monkeypatch.setattr(layout_cache, "_LONG_ROWS", 6)
    viewport = filled()
    for step in steps:
        do(viewport, step)
    check(viewport)
    while viewport.turns.stale:
        viewport.refresh_stale(10)
        check(viewport)


@settings(max_examples=60)
@given(st.lists(STEP, max_size=25))
@example([("scroll", -1), ("width", 100)])
def test_the_window_is_always_a_stretch_of_the_conversation(steps: list[tuple[str, int]]) -> None:
    viewport = filled()
    for step in steps:
        do(viewport, step)
    check(viewport)


@settings(max_examples=60)
@given(st.integers(-120, -14), st.lists(STEP.filter(lambda step: step[0] in ("grow", "think", "turn")), max_size=25))
def test_nothing_that_comes_in_moves_a_reader_who_scrolled_up(up: int, steps: list[tuple[str, int]]) -> None:
    viewport = filled()
    do(viewport, ("turn", 0))
    do(viewport, ("grow", 1))
    viewport.scroll(up)
    before = [row.line for row in viewport.rows()]
    for step in steps:
        do(viewport, step)
    after = [row.line for row in viewport.rows()]
    assert not viewport.following
    assert all(new is old for old, new in zip(before, after, strict=True))


def test_a_reader_in_the_growing_end_keeps_his_text_when_it_is_laid_out_differently() -> None:
    viewport = Viewport(layout_options(40))
    viewport.height = 6
    turn = reply(0, status=TurnStatus.STREAMING, parent_id=None)
    viewport.show(BranchEntries(conversation(turn)))
    viewport.turns.streaming = StreamingTurn(viewport.turns.entries[0])
    rows = "".join(f"| row {number} | some words here |\n" for number in range(30))
    viewport.turns.streaming.add(TextDelta("| a | b |\n|---|---|\n" + rows))
    viewport.grow()
    viewport.scroll(-10)
    first = viewport.rows()[0].line.text.split()[1]
    viewport.turns.streaming.add(
        TextDelta("| row 30 | " + "a cell that takes the room of all the others away " * 3 + "|\n")
    )
    viewport.grow()
    assert viewport.rows()[0].line.text.split()[1] == first


def test_rows_far_away_are_dropped_and_their_heights_stay_exact() -> None:
    viewport = Viewport(layout_options())
    viewport.height = 20
    viewport.show(BranchEntries(exchanges(400, lines=20)))
    for _ in range(900):
        viewport.scroll(-20)
        viewport.rows()
    assert sum(entry.is_laid_out for entry in viewport.turns.entries) < 300
    assert all(entry.is_measured(viewport.turns.layout_options) for entry in viewport.turns.entries)
    assert viewport.turns.heights.total == 800 + 400 + 400 * 39 + 799


def test_turns_that_are_never_looked_at_get_no_entry_and_their_heights_are_estimated() -> None:
    entries = BranchEntries(exchanges(400, lines=20))
    viewport = Viewport(layout_options())
    viewport.height = 20
    viewport.show(entries)
    viewport.rows()
    assert len(entries) == 800
    assert len(list(entries.made())) < 10
    assert [turn.id for turn in entries.turns()] == [f"turn-{number}" for number in range(800)]
    assert min(viewport.turns.heights[index] for index in range(800)) > 0
    first = entries[0]
    assert entries[0] is first
    assert entries.index(first) == 0
    assert [entry.header.before for entry in entries[:3]] == [
        None,
        *(turn.created_at for turn in entries.turns()[:2]),
    ]


def test_the_same_conversation_shown_again_keeps_what_is_laid_out_and_the_reader() -> None:
    first = exchanges(20)
    viewport = Viewport(layout_options())
    viewport.height = HEIGHT
    entries = BranchEntries(first)
    viewport.show(entries)
    viewport.scroll(-60)
    before = [row.line for row in viewport.rows()]
    longer = conversation(*first.turns, prompt(90, "more", "turn-39"))
    viewport.show(BranchEntries(longer, entries))
    assert [row.line for row in viewport.rows()] == before
    assert len(viewport.turns.entries) == 41


def test_a_long_turn_looks_as_it_did_until_it_is_laid_out_again_in_slices_and_the_reader_keeps_his_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turn_layout, "LONG_TEXT", 1_000_000)
    text = "".join(f"## Part {number}\n\n{'some words ' * 20}number{number}\n\n" for number in range(900))
    viewport = Viewport(layout_options(90))
    viewport.height = 20
    viewport.show(BranchEntries(conversation(reply(0, text, parent_id=None))))
    viewport.go(0, 2001)
    before = viewport.rows()
    viewport.relayout(layout_options(50))
    assert [row.line for row in viewport.rows()] == [row.line for row in before]
    slices = 1
    while not viewport.refresh_stale(0.005):
        slices += 1
    assert slices > 3 and not viewport.turns.stale
    assert viewport.rows()[0].line.text.split()[:2] == before[0].line.text.split()[:2]
    fresh = Viewport(layout_options(50))
    fresh.show(BranchEntries(conversation(reply(0, text, parent_id=None))))
    shown, wanted = viewport.turns.layout(0), fresh.turns.layout(0)
    assert [shown.line(row) for row in range(shown.rows)] == [wanted.line(row) for row in range(wanted.rows)]


def test_a_window_without_a_row_is_at_the_last_turn() -> None:
    viewport = Viewport(layout_options(60))
    viewport.show(BranchEntries(exchanges(3)))
    assert viewport.height == 0
    assert viewport.visible_turns == (5, 5)
    assert [place.entry for place in viewport.visible_edges] == [5, 5]

"""Deltas in any pieces end as what the saved turn shows."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tui_chat.ui.conversation_view.streaming_turn
from tests.ui.conversation_view.layouts import layout_options
from tests.ui.turns import reply
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.event import Delta, PartDelta, PartEnd, TextDelta, ThinkingDelta, ToolCallDelta
from tui_chat.core.part import ToolResultPart
from tui_chat.core.turn import TurnStatus
from tui_chat.ui.conversation_view.branch_entries import BranchEntries, entry_after
from tui_chat.ui.conversation_view.streaming_turn import StreamingTurn
from tui_chat.ui.conversation_view.turn_layout import TurnLayout

DELTAS: st.SearchStrategy[Delta] = st.one_of(
    st.sampled_from(("word ", "# head\n", "\n\n", "- item\n", "```\n", "**x** ", "| a | b |\n", "|---|---|\n")).map(
        TextDelta
    ),
    st.sampled_from(("", "thought ", "\n")).map(ThinkingDelta),
    st.sampled_from(
        (ToolCallDelta("a", "search", '{"q'), ToolCallDelta("a", "", '": 1}'), ToolCallDelta("b", "run", ""))
    ),
    st.just(PartDelta(ToolResultPart("a", "one\ntwo"))),
    st.sampled_from((PartEnd(), PartEnd(call_id="a"))),
)


def rows(entry: TurnLayout) -> list[str]:
    return [entry.line(row).text for row in range(entry.rows)]


@settings(max_examples=150)
@given(st.lists(st.tuples(DELTAS, st.booleans()), max_size=30))
def test_any_deltas_settled_at_any_time_end_as_the_saved_turn(deltas: list[tuple[Delta, bool]]) -> None:
    turn = reply(1, status=TurnStatus.STREAMING, parent_id=None)
    entry = entry_after(BranchEntries(), turn, None)
    entry.layout(layout_options())
    streaming, builder = StreamingTurn(entry), TurnBuilder(turn)
    for delta, settles in deltas:
        streaming.add(delta)
        builder.add(delta)
        if settles:
            streaming.settle(layout_options(), unfolded=None)
    streaming.settle(layout_options(), unfolded=None)
    ended = replace(builder.turn, status=TurnStatus.COMPLETE)
    entry.update(ended)
    saved = entry_after(BranchEntries(), ended, None)
    saved.layout(layout_options())
    assert rows(entry) == rows(saved)


def test_a_reply_saved_with_other_words_than_came_shows_the_saved_ones() -> None:
    turn = reply(1, status=TurnStatus.STREAMING, parent_id=None)
    entry = entry_after(BranchEntries(), turn, None)
    entry.layout(layout_options())
    streaming = StreamingTurn(entry)
    streaming.add(TextDelta("what came"))
    streaming.settle(layout_options(), unfolded=None)
    entry.update(replace(reply(1, "what stays"), status=TurnStatus.COMPLETE))
    assert rows(entry)[1:] == ["what stays"]


def test_more_than_a_frame_can_take_is_laid_out_over_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tui_chat.ui.conversation_view.streaming_turn, "MOST_S", 0.0)
    turn = reply(1, status=TurnStatus.STREAMING, parent_id=None)
    entry = entry_after(BranchEntries(), turn, None)
    streaming = StreamingTurn(entry)
    text = "".join(f"paragraph {number} of many\n\n" for number in range(500))
    streaming.add(TextDelta(text))
    frames = 0
    while streaming.settle(layout_options(), unfolded=None):
        frames += 1
    saved = entry_after(BranchEntries(), reply(1, text, parent_id=None), None)
    saved.layout(layout_options())
    assert frames > 3
    assert [row for row in rows(entry) if row] == [row for row in rows(saved) if row]


def test_a_long_turn_is_prepared_in_slices() -> None:
    text = "".join(f"paragraph {number} of many\n\n" for number in range(500))
    entry, saved = (entry_after(BranchEntries(), reply(1, text, parent_id=None), None) for _ in range(2))
    the_look = layout_options()
    slices = 1
    while not entry.prepare(the_look, 0.0):
        slices += 1
    assert slices > 3
    assert not entry.is_laid_out
    entry.layout(the_look)
    saved.layout(layout_options())
    assert rows(entry) == rows(saved)

"""A live reply in sections shows the rows of the whole text, while it streams, when it ended and at another width."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ui.conversation_view.layouts import layout_options
from tests.ui.conversation_view.test_section import PIECES
from tests.ui.turns import conversation, prompt, reply
from tui_chat.core.event import TextDelta
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.rendering import block_parser, sections
from tui_chat.rendering.line import Line
from tui_chat.ui.conversation_view import blocks, cut_text, turn_layout
from tui_chat.ui.conversation_view.branch_entries import BranchEntries, entry_after
from tui_chat.ui.conversation_view.cut_text import CutText
from tui_chat.ui.conversation_view.section import Section
from tui_chat.ui.conversation_view.streaming_turn import StreamingTurn
from tui_chat.ui.conversation_view.turn_layout import TurnLayout
from tui_chat.ui.conversation_view.viewport import Viewport


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (blocks, cut_text):
        monkeypatch.setattr(module, "SECTION_SIZE", 1)
    for module in (cut_text, turn_layout):
        monkeypatch.setattr(module, "LONG_TEXT", 300)
    monkeypatch.setattr(turn_layout, "_KEPT_SECTIONS", 1)
    monkeypatch.setattr(sections, "_LEAST", 1)
    for module in (sections, block_parser):
        monkeypatch.setattr(module, "LONGEST_CODE", 60)


def rows(entry: TurnLayout) -> list[Line]:
    """All rows below the header."""
    return [line for block in entry.blocks[1:] for line in map(block.line, range(block.rows))]


def whole(turn: Turn, width: int) -> list[Line]:
    """The rows of a turn in one block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turn_layout, "LONG_TEXT", 1_000_000)
        entry = entry_after(BranchEntries(), replace(turn, status=TurnStatus.COMPLETE), None)
        entry.layout(layout_options(width))
    return rows(entry)


def started(width: int = 60) -> Viewport:
    """A conversation in which a reply streams."""
    viewport = Viewport(layout_options(width))
    viewport.height = 12
    live = reply(1, status=TurnStatus.STREAMING, parent_id="turn-0")
    viewport.show(BranchEntries(conversation(prompt(0, "first", None), live)))
    viewport.turns.streaming = StreamingTurn(viewport.turns.entries[-1])
    return viewport


def add(viewport: Viewport, text: str) -> None:
    assert viewport.turns.streaming is not None
    viewport.turns.streaming.add(TextDelta(text))


def end(viewport: Viewport) -> TurnLayout:
    """End the reply that streams, as it arrived."""
    streaming = viewport.turns.streaming
    assert streaming is not None
    turn = replace(streaming.turn, status=TurnStatus.COMPLETE)
    viewport.turns.streaming = None
    viewport.replace(1, turn)
    return viewport.turns.layout(1)


TEXT = st.lists(
    st.sampled_from(
        (
            *PIECES,
            "see [link001]\n\n",
            "[link{n}]: https://example.org/{n}\n\n",
            "```log\n",
            " ~~~\n",
            "line {n}\n" * 20,
        )
    ),
    max_size=40,
)
STEP = st.tuples(st.integers(1, 90), st.sampled_from(("", "", "grow", "grow", "up", "down", "width", "behind")))


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT, st.lists(STEP, min_size=5, max_size=40))
def test_a_reply_that_streamed_in_sections_has_the_rows_of_the_whole(
    pieces: list[str], steps: list[tuple[int, str]]
) -> None:
    text = "".join(piece.format(n=f"{number:03}") for number, piece in enumerate(pieces))
    viewport, width, at = started(), 60, 0
    while at < len(text):
        for size, step in steps:
            add(viewport, text[at : at + size])
            at += size
            if step == "width":
                width = 100 - width
                viewport.relayout(layout_options(width))
            elif step == "up":
                viewport.scroll(-7)
            elif step == "down":
                viewport.to_end()
            if step not in ("", "behind"):
                viewport.grow()
                viewport.rows()
    ended = end(viewport)
    assert [line.text for line in rows(ended)] == [line.text for line in whole(ended.turn, width)]


def test_what_is_far_above_the_end_of_a_live_reply_is_dropped() -> None:
    viewport = started()
    for number in range(200):
        add(viewport, f"word{number} and more words of a paragraph\n\n")
        viewport.grow()
        viewport.rows()
    made = [block for block in viewport.turns.entries[-1].estimated_blocks if isinstance(block, Section)]
    assert len(made) == 199
    assert sum(section._text is not None for section in made) < 20


def test_a_link_defined_later_is_shown_in_a_section_that_was_complete() -> None:
    viewport = started()
    for piece in ("see [foo] here\n\n", "more words\n\n", "[foo]: https://example.org\n\n", "end\n\n"):
        add(viewport, piece)
        viewport.grow()
        viewport.rows()
    shown = [row.line for row in viewport.rows()]
    assert any(href == "https://example.org" for line in shown for _, _, href in line.links)


def test_the_reader_keeps_his_place_and_is_shown_how_much_is_new() -> None:
    viewport = started()
    for number in range(60):
        add(viewport, f"word{number}\n\n")
        viewport.grow()
    viewport.scroll(-30)
    before = [row.line.text for row in viewport.rows()]
    for number in range(60, 80):
        add(viewport, f"word{number}\n\n")
        viewport.grow()
        assert [row.line.text for row in viewport.rows()] == before
    assert viewport.new_rows == 40
    end(viewport)
    assert [row.line.text for row in viewport.rows()] == before


def test_a_long_live_reply_that_is_opened_later_is_cut_at_once_and_grows_at_its_end() -> None:
    text = "".join(f"word{number} and more words\n\n" for number in range(100))
    live = replace(reply(1, text, parent_id="turn-0"), status=TurnStatus.STREAMING)
    viewport = Viewport(layout_options())
    viewport.height = 12
    viewport.show(BranchEntries(conversation(prompt(0, "first", None), live)))
    viewport.turns.streaming = StreamingTurn(viewport.turns.entries[-1])
    viewport.grow()
    assert any("word99" in row.line.text for row in viewport.rows())
    add(viewport, "and the end\n\n")
    viewport.grow()
    assert any("and the end" in row.line.text for row in viewport.rows())
    ended = end(viewport)
    assert [line.text for line in rows(ended)] == [line.text for line in whole(ended.turn, 80)]


def test_the_end_of_a_reply_that_is_behind_is_cut_and_not_laid_out() -> None:
    viewport = started()
    add(viewport, "first\n\n")
    viewport.grow()
    add(viewport, "".join(f"word{number} and more words\n\n" for number in range(2000)))
    ended = end(viewport)
    assert sum(isinstance(block, Section) and block._text is not None for block in ended.estimated_blocks) < 20
    assert [line.text for line in rows(ended)] == [line.text for line in whole(ended.turn, 60)]


def test_a_cut_follows_only_the_text_that_it_was_made_of() -> None:
    text = "".join(f"word{number}\n\n" for number in range(20))
    cut = CutText.of(text, is_live=True)
    assert cut.follows(text + "more", is_live=True)
    assert not cut.follows("other" + text, is_live=True)
    assert cut.follows(text, is_live=False)
    assert not cut.follows(text + "more", is_live=False)
    made = cut.blocks(TextPart(text), layout_options())
    assert "".join(block.source for block in made if isinstance(block, Section)) == text

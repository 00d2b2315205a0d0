"""A reply in sections shows the rows of the whole reply, in order, wherever the reader goes."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ui.conversation_view.layouts import layout_options
from tests.ui.turns import conversation, prompt, reply
from tui_chat.rendering import sections
from tui_chat.rendering.line import Line
from tui_chat.ui.conversation_view import turn_layout
from tui_chat.ui.conversation_view.branch_entries import BranchEntries
from tui_chat.ui.conversation_view.find import Finder
from tui_chat.ui.conversation_view.section import Section
from tui_chat.ui.conversation_view.selection import Selection, TextPosition
from tui_chat.ui.conversation_view.viewport import RowPosition, Viewport

PIECES = (
    "word{n} and more words of a paragraph that is wrapped, **bold** and `code{n}` and [link{n}].\n\n",
    "short{n}\n\n",
    "# head{n}\n\n",
    "```python\nx{n} = 1\n\ny{n} = 2\n\n```\n\n",
    "- item{n}\n\n  more{n}\n- other{n}\n\n",
    "| a{n} | b |\n|---|---|\n| 1 | some words here |\n\n",
    "> quote{n}\n\n",
    "\n\n\n",
)
STEP = st.one_of(
    st.tuples(st.just("scroll"), st.integers(-70, 70)),
    st.tuples(st.just("row"), st.integers(0, 400)),
    st.tuples(st.just("end"), st.just(0)),
    st.tuples(st.just("start"), st.just(0)),
    st.tuples(st.just("width"), st.sampled_from((24, 43, 60, 100))),
    st.tuples(st.just("height"), st.integers(1, 30)),
)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "_LEAST", 1)
    monkeypatch.setattr(turn_layout, "LONG_TEXT", 300)
    monkeypatch.setattr(turn_layout, "_KEPT_SECTIONS", 1)


def text_of(pieces: list[int], first: int = 0) -> str:
    made = (PIECES[piece].format(n=f"{number + first:03}") for number, piece in enumerate(pieces))
    return "".join(made) + "[link001]: https://example.org/one\n"


def filled(pieces: list[int], width: int) -> Viewport:
    viewport = Viewport(layout_options(width))
    viewport.height = 12
    turns = [
        prompt(0, "first", None),
        reply(1, text_of(pieces), parent_id="turn-0"),
        prompt(2, "second", "turn-1"),
        reply(3, text_of(pieces[::-1], 500), parent_id="turn-2"),
        prompt(4, "third", "turn-3"),
    ]
    viewport.show(BranchEntries(conversation(*turns)))
    return viewport


def whole_rows(viewport: Viewport) -> list[Line]:
    """All rows of the same conversation, each reply laid out at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turn_layout, "LONG_TEXT", 1_000_000)
        whole = Viewport(viewport.turns.layout_options)
        whole.show(BranchEntries(conversation(*(entry.turn for entry in viewport.turns.entries))))
        laid = [whole.turns.layout(index) for index in range(5)]
    return [entry.line(row) for entry in laid for row in range(entry.rows)]


def places(viewport: Viewport, whole: list[Line]) -> list[int]:
    """Where the visible rows may be among all rows."""
    shown = [row.line for row in viewport.rows()]
    assert len(shown) == min(viewport.height, len(whole))
    found = [at for at in range(len(whole) - len(shown) + 1) if whole[at : at + len(shown)] == shown]
    assert found, [line.text for line in shown]
    return found


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, len(PIECES) - 1), min_size=25, max_size=60),
    st.sampled_from((30, 80)),
    st.lists(STEP, max_size=15),
)
def test_the_window_is_a_stretch_of_the_whole_and_moves_by_as_many_rows_as_asked(
    pieces: list[int], width: int, steps: list[tuple[str, int]]
) -> None:
    viewport = filled(pieces, width)
    whole = whole_rows(viewport)
    last = len(whole) - viewport.height
    assert last in places(viewport, whole)
    for kind, amount in steps:
        before = places(viewport, whole)
        if kind == "scroll":
            viewport.scroll(amount)
            assert {max(0, min(last, at + amount)) for at in before} & {*places(viewport, whole)}
        elif kind == "row":
            viewport.to_row(amount)
        elif kind == "end":
            viewport.to_end()
            assert last in places(viewport, whole)
        elif kind == "start":
            viewport.to_start()
            assert 0 in places(viewport, whole)
        elif kind == "width":
            viewport.relayout(layout_options(amount))
            whole = whole_rows(viewport)
        else:
            viewport.height = amount
            viewport.follow_if_at_end()
        last = max(0, len(whole) - viewport.height)
        places(viewport, whole)
        assert not viewport.new_rows


def test_only_what_is_visible_is_laid_out_and_what_is_far_is_dropped() -> None:
    viewport = filled([0] * 300, 60)
    viewport.rows()

    def laid_out() -> int:
        blocks = [block for entry in viewport.turns.entries for block in entry._blocks]
        return sum(isinstance(block, Section) and block._text is not None for block in blocks)

    assert 0 < laid_out() < 12
    for _ in range(80):
        viewport.scroll(-10)
        viewport.rows()
    assert 0 < laid_out() < 30


def test_the_whole_reply_is_found_copied_and_has_its_code_blocks() -> None:
    pieces = [0, 3, 4, 5, 6, 1, 2] * 6
    viewport = filled(pieces, 40)
    viewport.rows()
    finder = Finder(viewport)
    finder.start(["x001"], RowPosition(0, 0, 0))
    found = finder.step(1)
    assert found is not None
    assert "x001 = 1" in viewport.turns.entries[found[0]].line(found[1]).text
    entry = viewport.turns.layout(1)
    assert sum(len(block.code_blocks) for block in entry.blocks) == pieces.count(3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turn_layout, "LONG_TEXT", 1_000_000)
        whole = filled(pieces, 40)
    assert copied(viewport) == copied(whole)


def copied(viewport: Viewport) -> str:
    """All of the first reply, selected and copied."""
    last = len(viewport.turns.layout(1).blocks) - 2
    selection = Selection()
    row = viewport.turns.layout(1).blocks[last].rows - 1
    selection.select(TextPosition(RowPosition(1, 1, 0), 0), TextPosition(RowPosition(1, last, row), 999))
    return selection.text(viewport)

"""Scrolling by rows, pages and the rail, without a widget."""

import pytest

from tests.ui.conversation_view.layouts import layout_options
from tests.ui.turns import exchanges, prompt
from tui_chat.ui.conversation_view.branch_entries import BranchEntries, entry_after
from tui_chat.ui.conversation_view.scrolling import Scroller
from tui_chat.ui.conversation_view.viewport import Viewport

HEIGHT = 12


@pytest.fixture
def viewport() -> Viewport:
    viewport = Viewport(layout_options())
    viewport.height = HEIGHT
    viewport.show(BranchEntries(exchanges(10)))
    return viewport


@pytest.fixture
def scroller(viewport: Viewport) -> Scroller:
    return Scroller(viewport, lambda: None, lambda action: action)


def rows_above(viewport: Viewport) -> int:
    return viewport.rows_above_and_total[0]


def test_a_page_keeps_two_rows_visible(scroller: Scroller, viewport: Viewport) -> None:
    before = viewport.rows()
    scroller.scroll_pages(-1)
    page_above = viewport.rows()
    assert page_above[-2:] == before[:2]
    scroller.scroll_half_pages(-1)
    assert viewport.rows()[-HEIGHT // 2 :] == page_above[: HEIGHT // 2]


def test_the_rail_is_dragged_to_both_ends(scroller: Scroller, viewport: Viewport) -> None:
    assert scroller.grab_rail(0, on_rail=True)
    assert rows_above(viewport) == 0
    assert scroller.drag_rail(HEIGHT - 1) and viewport.following
    scroller.release_rail()
    assert not scroller.drag_rail(0) and viewport.following


def test_the_rail_is_not_grabbed_in_the_text(scroller: Scroller, viewport: Viewport) -> None:
    assert not scroller.grab_rail(0, on_rail=False)
    assert viewport.following


def test_new_rows_are_counted_with_the_key_that_shows_them(scroller: Scroller, viewport: Viewport) -> None:
    scroller.to_start()
    assert scroller.new_rows_label() == ""
    viewport.turns.append(entry_after(viewport.turns.entries, prompt(99, "hello", "turn-19"), None))
    assert scroller.new_rows_label() == " ↓ 3 new lines  end "
    scroller.to_end()
    assert scroller.new_rows_label() == ""

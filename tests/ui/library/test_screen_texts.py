"""The line of key hints in the library shows what can be done here, and no more."""

import pytest

from tui_chat.settings.load import load_settings
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.library.data_source import ListFilter, Shelf
from tui_chat.ui.library.screen_texts import key_hints, why_nothing

KEYS = Keyboard(load_settings(environ={}).keys)


def test_the_most_wanted_keys_fit_a_usual_window() -> None:
    assert "delete" in key_hints(ListFilter(), KEYS, any_row=True)[:74]


def test_in_the_trash_things_come_back_and_nothing_is_archived() -> None:
    hints = key_hints(ListFilter(shelf=Shelf.TRASH), KEYS, any_row=True)
    assert "F8 restore" in hints and "F3" not in hints


def test_where_there_is_nothing_no_key_is_offered_for_it() -> None:
    assert key_hints(ListFilter(), KEYS, any_row=False) == "F5 archive/trash · Alt+U undo · Esc close · F1 all keys"
    assert "full text" in key_hints(ListFilter("zebra", Shelf.ARCHIVED), KEYS, any_row=False)


@pytest.mark.parametrize("width", range(30, 200, 10))
def test_the_hints_are_never_cut_and_end_with_all_keys(width: int) -> None:
    hints = key_hints(ListFilter(), KEYS, any_row=True, width=width)
    assert len(hints) <= width and hints.endswith("F1 all keys") and hints.startswith("Enter open")


def test_a_filter_with_an_unknown_value_shows_what_it_takes() -> None:
    assert "title, created or oldest" in key_hints(ListFilter("sort:zebra"), KEYS, any_row=True, width=76)
    assert "Enter open" in key_hints(ListFilter("sort:title"), KEYS, any_row=True, width=76)


def test_why_there_is_nothing_depends_on_where_one_looks() -> None:
    sentences = {why_nothing(ListFilter(text, shelf), KEYS) for text in ("", "zebra") for shelf in Shelf}
    assert len(sentences) == 5

"""The texts around the library's rows: heading, key hints, and why there is no row."""

from textual.content import Content

from tui_chat.storage.list_filter import filter_help
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import fitted_hint, hint_line
from tui_chat.ui.library.data_source import ListFilter, Shelf

_FILTERS = "role:user   model:name   title:word   after:2026-01   before:2026-02-15   “an exact phrase”"

_CHANGES: dict[Shelf, tuple[str | tuple[str, str], ...]] = {
    Shelf.CURRENT: ("library.rename", "library.archive", "library.delete"),
    Shelf.ARCHIVED: ("library.rename", ("library.archive", "unarchive"), "library.delete"),
    Shelf.TRASH: (("library.delete", "restore"), "library.rename"),
}
"""The changes of a conversation, by the list it is in."""


def search_placeholder(*, costs: bool) -> str:
    rest = ("cost:>0.5", "is:pinned", "sort:cost") if costs else ("is:pinned", "sort:title")
    return "   ".join(("Search conversations", "tag:name", "model:name", "state:failed", *rest))


def heading(list_filter: ListFilter, total: int, marked: int) -> Content:
    """Return the three lists, with the size of the one that is shown, or the filters of a full-text search."""
    if list_filter.full_text:
        return Content.assemble(("All messages", "bold"), ("   newest and best matches first   " + _FILTERS, "dim"))
    pieces: list[tuple[str, str]] = []
    for shelf in Shelf:
        pieces.append((f"{shelf} {total:,}", "bold") if shelf is list_filter.shelf else (str(shelf), "dim"))
        pieces.append(("   ", ""))
    return Content.assemble(*pieces, (f"{marked} selected" if marked else "", "$accent"))


def key_hints(list_filter: ListFilter, keys: Keyboard, *, any_row: bool, width: int = 1_000) -> str:
    """Return what each key does here, the most needed first, as many as fit; without a row, those that need none.

    While a filter is typed that takes one of several words, return these words.
    """
    if not list_filter.full_text and (words := filter_help(list_filter.text)):
        return words
    steps: list[str | tuple[str, str]] = []
    if any_row:
        is_trash = list_filter.shelf is Shelf.TRASH
        steps.append(("library.choose", "restore and open") if is_trash else "library.choose")
    if any_row or list_filter.text.strip():
        steps.append(("library.full_text", "titles") if list_filter.full_text else "library.full_text")
    if any_row:
        steps += [*_CHANGES[list_filter.shelf], "library.mark", "library.pin", "library.tags", "library.export"]
    steps += ["library.shelf", "library.undo", "library.close"]
    return fitted_hint(hint_line(keys, *steps, ("app.help", "all keys")), width)


def why_nothing(list_filter: ListFilter, keys: Keyboard) -> str:
    if list_filter.text.strip():
        is_current = list_filter.shelf is Shelf.CURRENT
        return "No matching titles or messages." if is_current else "No matching titles."
    match list_filter.shelf:
        case Shelf.TRASH:
            return "The trash is empty."
        case Shelf.ARCHIVED:
            return f"No archived conversations. {keys('library.archive')} archives one."
        case Shelf.CURRENT:
            return "No conversations yet. Conversations are saved here automatically."

"""The texts around the library's rows: heading, key hints, and why there is no row."""

from textual.content import Content

from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.library.data_source import ListFilter, Shelf

_FILTERS = "role:user   model:name   title:word   after:2026-01   before:2026-02-15   “an exact phrase”"

_RENAMES, _DELETES = ("library.rename", "renames"), ("library.delete", "deletes")
_CHANGES = {
    Shelf.CURRENT: (_RENAMES, ("library.archive", "archives"), _DELETES),
    Shelf.ARCHIVED: (_RENAMES, ("library.archive", "takes it back"), _DELETES),
    Shelf.TRASH: (("library.delete", "brings it back"), _RENAMES),
}
"""What can be done to a conversation, by the list it is in."""


def heading(list_filter: ListFilter, total: int, marked: int) -> Content:
    """Return the three lists, with the size of the one that is shown, or the filters of a full-text search."""
    if list_filter.full_text:
        return Content.assemble(("Everything said", "bold"), ("   newest and best first   " + _FILTERS, "dim"))
    pieces: list[tuple[str, str]] = []
    for shelf in Shelf:
        pieces.append((f"{shelf} {total:,}", "bold") if shelf is list_filter.shelf else (str(shelf), "dim"))
        pieces.append(("   ", ""))
    return Content.assemble(*pieces, (f"{marked} marked" if marked else "", "$accent"))


def steps(list_filter: ListFilter, keys: Keyboard, *, any_row: bool) -> str:
    """Return every key with what it does here, the most needed first; without a row, only those that need none."""
    does: list[tuple[str, str]] = []
    if any_row:
        does.append(
            ("library.choose", "brings it back and opens it" if list_filter.shelf is Shelf.TRASH else "opens")
        )
    if any_row or list_filter.text.strip():
        does.append(("library.said", "looks in titles" if list_filter.full_text else "looks everywhere"))
    if any_row:
        does += [*_CHANGES[list_filter.shelf], ("library.export", "exports"), ("library.mark", "marks")]
    does += [("library.shelf", "archive and trash"), ("library.undo", "undoes"), ("library.close", "leaves")]
    return " · ".join(f"{keys(name)} {what}" for name, what in does if keys(name))


def why_nothing(list_filter: ListFilter, keys: Keyboard) -> str:
    """Return why there is no row."""
    if list_filter.text.strip():
        return (
            "Nothing is called so, and nobody ever said it."
            if list_filter.shelf is Shelf.CURRENT
            else "Nothing is called so."
        )
    match list_filter.shelf:
        case Shelf.TRASH:
            return "The trash is empty."
        case Shelf.ARCHIVED:
            return f"Nothing is archived. {keys('library.archive')} archives a conversation."
        case Shelf.CURRENT:
            return "No conversations yet. What you ask is kept here as it happens."

"""What the library says around its rows: where one is, what can be done there, why there is nothing."""

from textual.content import Content

from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.library.data_source import ListFilter, Shelf

_FILTERS = "role:user   model:name   title:word   after:2026-01   before:2026-02-15   “an exact phrase”"

_RENAMES, _DELETES = ("library.rename", "renames"), ("library.delete", "deletes")
_ORDERING = {
    Shelf.CURRENT: (_RENAMES, ("library.archive", "archives"), _DELETES),
    Shelf.ARCHIVED: (_RENAMES, ("library.archive", "takes it back"), _DELETES),
    Shelf.TRASH: (("library.delete", "brings it back"), _RENAMES),
}
"""What can be done to a conversation, by where it lies."""


def heading(wanted: ListFilter, total: int, marked: int) -> Content:
    """The shelves, with how many stand on the one that is shown; or what a search can be narrowed by."""
    if wanted.said:
        return Content.assemble(("Everything said", "bold"), ("   newest and best first   " + _FILTERS, "dim"))
    pieces: list[tuple[str, str]] = []
    for shelf in Shelf:
        pieces.append((f"{shelf} {total:,}", "bold") if shelf is wanted.shelf else (str(shelf), "dim"))
        pieces.append(("   ", ""))
    return Content.assemble(*pieces, (f"{marked} marked" if marked else "", "$accent"))


def steps(wanted: ListFilter, keys: Keyboard, *, any_row: bool) -> str:
    """Every key with what it does here, the most wanted first; without a row, only those that need none."""
    does: list[tuple[str, str]] = []
    if any_row:
        does.append(("library.choose", "brings it back and opens it" if wanted.shelf is Shelf.TRASH else "opens"))
    if any_row or wanted.text.strip():
        does.append(("library.said", "looks in titles" if wanted.said else "looks everywhere"))
    if any_row:
        does += [*_ORDERING[wanted.shelf], ("library.export", "exports"), ("library.mark", "marks")]
    does += [("library.shelf", "archive and trash"), ("library.undo", "undoes"), ("library.close", "leaves")]
    return " · ".join(f"{keys(name)} {what}" for name, what in does if keys(name))


def why_nothing(wanted: ListFilter, keys: Keyboard) -> str:
    """Why there is no row, and what would make one."""
    if wanted.text.strip():
        return (
            "Nothing is called so, and nobody ever said it."
            if wanted.shelf is Shelf.CURRENT
            else "Nothing is called so."
        )
    match wanted.shelf:
        case Shelf.TRASH:
            return "The trash is empty."
        case Shelf.ARCHIVED:
            return f"Nothing is archived. {keys('library.archive')} archives a conversation."
        case Shelf.CURRENT:
            return "No conversations yet. What you ask is kept here as it happens."

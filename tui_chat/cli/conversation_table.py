"""Conversations as rows: aligned for people, with tabs for programs, as objects for JSON."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from tui_chat.cli.store_access import short_id, width
from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import ConversationSummary
from tui_chat.core.format_numbers import WHEN_WIDTH, cost_so_far, iso_text, when
from tui_chat.core.title import shown_title

_GAP = "  "
_ID, _MODEL, _TURNS, _COST = 8, 22, 4, 9
_BEHIND = {_MODEL: 92, _TURNS: 46, _COST: 62}
"""What stands behind the title, by its cells, and from which width of the window on."""
_LEAST_TITLE = 12


def as_dict(summary: ConversationSummary) -> dict[str, Any]:
    """What `list --json` says of a conversation."""
    cost = summary.cost_usd
    return {
        "id": summary.id,
        "title": summary.title,
        "model": summary.model,
        "turns": summary.turns,
        "updated_at": iso_text(summary.updated_at),
        "cost_usd": None if cost is None else format(cost, "f"),
    }


def rows_for_programs(found: Sequence[ConversationSummary]) -> str:
    """Whole ids and values between tabs."""
    return "\n".join("\t".join(_plain(value) for value in as_dict(summary).values()) for summary in found)


def _plain(value: Any) -> str:
    return "" if value is None else clean_line(str(value))


def rows_for_people(found: Sequence[ConversationSummary]) -> str:
    """One line each within the window: id, when, title, and of the rest what there is room for."""
    cells, now = width(), datetime.now().astimezone()
    behind = [column for column, from_cells in _BEHIND.items() if cells >= from_cells]
    taken = [_ID, WHEN_WIDTH, *behind]
    room = max(cells - sum(taken) - len(_GAP) * len(taken), _LEAST_TITLE)
    return "\n".join(_GAP.join(_row(summary, room, behind, now)) for summary in found)


def _row(summary: ConversationSummary, room: int, behind: Sequence[int], now: datetime) -> Iterator[str]:
    yield short_id(summary.id).ljust(_ID)
    yield when(summary.updated_at, now).rjust(WHEN_WIDTH)
    yield _fitted(shown_title(summary.title), room)
    if _MODEL in behind:
        yield _fitted(clean_line(summary.model.rpartition("/")[2]), _MODEL)
    if _TURNS in behind:
        yield str(summary.turns).rjust(_TURNS)
    if _COST in behind:
        yield cost_so_far(summary.cost_usd, estimated=summary.cost_estimated).rjust(_COST)


def _fitted(text: str, cells: int) -> str:
    """The text in exactly so many cells."""
    if text.isascii() and len(text) <= cells:
        return text.ljust(cells)
    # A list of plain titles is there sooner than what knows the cells of all others.
    from tui_chat.rendering.cell_width import fitted, padded

    return padded(fitted(text, cells), cells)

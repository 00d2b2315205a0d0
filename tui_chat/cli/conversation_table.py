"""Conversations as a table: aligned for people, tab-separated for programs, objects for JSON."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from tui_chat.cli.output import short_id, width
from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import ConversationSummary
from tui_chat.core.format_numbers import WHEN_WIDTH, cost_so_far, iso_text, when
from tui_chat.core.title import shown_title

_GAP = "  "
_ID, _MODEL, _TURNS, _COST = 8, 22, 4, 9
_OPTIONAL_COLUMNS = {_MODEL: 92, _TURNS: 46, _COST: 62}
"""The columns after the title by their width, and the width of the terminal from which on each is shown."""
_MIN_TITLE = 12


def as_dict(summary: ConversationSummary) -> dict[str, Any]:
    """Return the object of a conversation in `list --json`."""
    cost = summary.cost_usd
    return {
        "id": summary.id,
        "title": summary.title,
        "model": summary.model,
        "turns": summary.turns,
        "updated_at": iso_text(summary.updated_at),
        "cost_usd": None if cost is None else format(cost, "f"),
    }


def rows_for_programs(summaries: Sequence[ConversationSummary]) -> str:
    """Return one line per conversation: whole ids and values, tab-separated."""
    return "\n".join("\t".join(_plain(value) for value in as_dict(summary).values()) for summary in summaries)


def _plain(value: Any) -> str:
    return "" if value is None else clean_line(str(value))


def rows_for_people(summaries: Sequence[ConversationSummary]) -> str:
    """Return one line per conversation: id, time, title, and the other columns that fit the terminal."""
    cells, now = width(), datetime.now().astimezone()
    columns = [column for column, from_cells in _OPTIONAL_COLUMNS.items() if cells >= from_cells]
    taken = [_ID, WHEN_WIDTH, *columns]
    room = max(cells - sum(taken) - len(_GAP) * len(taken), _MIN_TITLE)
    return "\n".join(_GAP.join(_row(summary, room, columns, now)) for summary in summaries)


def _row(summary: ConversationSummary, room: int, columns: Sequence[int], now: datetime) -> Iterator[str]:
    yield short_id(summary.id).ljust(_ID)
    yield when(summary.updated_at, now).rjust(WHEN_WIDTH)
    yield _fitted(shown_title(summary.title), room)
    if _MODEL in columns:
        yield _fitted(clean_line(summary.model.rpartition("/")[2]), _MODEL)
    if _TURNS in columns:
        yield str(summary.turns).rjust(_TURNS)
    if _COST in columns:
        yield cost_so_far(summary.cost_usd, estimated=summary.cost_estimated).rjust(_COST)


def _fitted(text: str, cells: int) -> str:
    """Pad or shorten the text to exactly this many cells."""
    if text.isascii() and len(text) <= cells:
        return text.ljust(cells)
    # Lists of plain ASCII titles are printed without importing the width tables.
    from tui_chat.rendering.cell_width import fitted, padded

    return padded(fitted(text, cells), cells)

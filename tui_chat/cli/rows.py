"""Conversations as rows: aligned for people, with tabs for programs, as objects for JSON."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tui_chat.cli.reading import short_id, width
from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import ConversationSummary
from tui_chat.core.figures import dollars


def facts(summary: ConversationSummary) -> dict[str, Any]:
    """What `list --json` says of a conversation."""
    cost = summary.cost_usd
    return {
        "id": summary.id,
        "title": summary.title,
        "model": summary.model,
        "turns": summary.turns,
        "updated_at": summary.updated_at.isoformat(),
        "cost_usd": None if cost is None else format(cost, "f"),
    }


def rows_for_programs(found: Sequence[ConversationSummary]) -> str:
    """Whole ids and values between tabs."""
    return "\n".join("\t".join(str(value or "") for value in _plain(facts(summary))) for summary in found)


def _plain(values: dict[str, Any]) -> list[Any]:
    return [clean_line(value) if isinstance(value, str) else value for value in values.values()]


def rows_for_people(found: Sequence[ConversationSummary]) -> str:
    """One line each within the window: id, when, title, model, turns, cost."""
    rest = width() - 8 - 2 - 12 - 2 - 2 - 22 - 2 - 4 - 2 - 9
    return "\n".join(_row(summary, max(rest, 12)) for summary in found)


def _row(summary: ConversationSummary, title_width: int) -> str:
    title = _fitted(clean_line(summary.title) or "Untitled", title_width)
    model = _fitted(clean_line(summary.model.rpartition("/")[2]), 22)
    cost = dollars(summary.cost_usd, estimated=summary.cost_estimated)
    return f"{short_id(summary.id)}  {_when(summary.updated_at)}  {title}  {model}  {summary.turns:>4}  {cost:>9}"


def _fitted(text: str, cells: int) -> str:
    """The text in exactly so many cells."""
    if text.isascii() and len(text) <= cells:
        return text.ljust(cells)
    from rich.cells import cell_len, set_cell_size

    cut = text if cell_len(text) <= cells else set_cell_size(text, cells - 1).rstrip() + "…"
    return set_cell_size(cut, cells)


def _when(moment: datetime) -> str:
    local = moment.astimezone()
    today = datetime.now(local.tzinfo)
    shape = "%H:%M" if local.date() == today.date() else "%d %b %H:%M" if local.year == today.year else "%d %b %Y"
    return f"{local.strftime(shape):>12}"

"""Lays out the rows of the library: a conversation or a search hit. Knows no widget and no store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import ConversationSummary, SearchHit
from tui_chat.core.format_numbers import date_text, dollars, when
from tui_chat.core.title import shown_title
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.rendering.cell_width import fitted, normalize_graphemes, padded
from tui_chat.rendering.styles import TextStyles

_GAP = 2
_LABEL_GAP = "  "
_MARK = 2
_LEAST_TITLE = 12
_BOLD = Style(bold=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column behind the titles: its name, its width in cells, and the least width of a row that shows it."""

    name: str
    cells: int
    from_width: int
    is_right: bool = True


MODEL, TURNS, COST, WHEN = (
    Column("model", 20, 92, is_right=False),
    Column("turns", 6, 46),
    Column("cost", 9, 62),
    Column("last used", 11, 0),
)
_COLUMNS = (MODEL, TURNS, COST, WHEN)


@dataclass(frozen=True, slots=True)
class RowContext:
    """What all rows that are drawn together share."""

    width: int
    styles: TextStyles
    now: datetime
    costs: bool = True

    @property
    def columns(self) -> list[Column]:
        columns = _COLUMNS if self.costs else tuple(column for column in _COLUMNS if column is not COST)
        return [column for column in columns if self.width >= column.from_width]


def head(context: RowContext) -> list[Segment]:
    return _row(("", context.styles.dim), ("title", context.styles.dim), {c: c.name for c in _COLUMNS}, context)


def conversation_row(
    summary: ConversationSummary, context: RowContext, *, is_marked: bool, asks: bool = False
) -> list[Segment]:
    """Return the row of a conversation; `asks` marks one in which a tool call waits for the user.

    `⌂` marks one that never leaves this machine.
    """
    styles = context.styles
    cells = {
        MODEL: clean_line(summary.model.rpartition("/")[2]),
        TURNS: str(summary.turns),
        COST: "" if summary.cost_usd is None else dollars(summary.cost_usd, estimated=summary.cost_estimated),
        WHEN: (when if summary.pinned else _time_of_use)(summary.updated_at, context.now),
    }
    mark = ("✓", styles.accent) if is_marked else ("?", styles.warning) if asks else _sign(summary, styles)
    behind = [f"‹{summary.branches}›"] if summary.branches > 1 else []
    behind += [f"#{clean_line(tag)}" for tag in summary.tags]
    return _row(mark, (shown_title(summary.title), styles.text), cells, context, behind)


def _time_of_use(moment: datetime, now: datetime) -> str:
    """Return when a conversation was used; the day of yesterday's is in the heading."""
    text = when(moment, now)
    return date_text(moment, "%H:%M") if text == "yesterday" else text


def _sign(summary: ConversationSummary, styles: TextStyles) -> tuple[str, Style]:
    """Return the sign of a conversation's state: streaming, failed, stopped."""
    if summary.is_live:
        return "●", styles.accent
    match summary.status:
        case TurnStatus.FAILED:
            return "!", styles.error
        case TurnStatus.INTERRUPTED:
            return "!", styles.warning
        case TurnStatus.CANCELLED:
            return "■", styles.warning
    return "⌂" if summary.kept_here else "", styles.dim


def heading_row(text: str, context: RowContext) -> list[Segment]:
    """Return the row above the conversations of a day."""
    return [Segment(fitted(" " * _MARK + text, context.width), context.styles.dim + _BOLD)]


def hit_rows(hit: SearchHit, context: RowContext, *, is_marked: bool, highlight: Style) -> list[list[Segment]]:
    """Return a hit as two rows: its conversation, and its text with the matches highlighted."""
    styles = context.styles
    who = "you" if hit.role is Role.USER else clean_line(hit.model.rpartition("/")[2]) or "assistant"
    behind = f"{fitted(who, 24)}  {when(hit.created_at, context.now):>{WHEN.cells}}"
    room = max(_LEAST_TITLE, context.width - _MARK - _GAP - cell_len(behind))
    mark = Segment("✓ " if is_marked else "  ", styles.accent)
    title = padded(fitted(shown_title(hit.title), room), room)
    first = [mark, Segment(title, styles.text), Segment(" " * _GAP + behind, styles.dim)]
    return [first, [Segment("  ", styles.dim), *_snippet(hit, context.width - _MARK, styles.dim, highlight)]]


def _row(
    mark: tuple[str, Style],
    title: tuple[str, Style],
    cells: dict[Column, str],
    context: RowContext,
    behind: Sequence[str] = (),
) -> list[Segment]:
    """Return a row; of what is behind the title, as much as fits."""
    shown = context.columns
    room = max(_LEAST_TITLE, context.width - _MARK - sum(column.cells + _GAP for column in shown))
    figures = "".join(" " * _GAP + _cell(cells[column], column) for column in shown)
    name = fitted(title[0], room)
    rest = room - cell_len(name)
    labels = ""
    for label in behind:
        labels += f"{_LABEL_GAP}{label}" if cell_len(f"{labels}{_LABEL_GAP}{label}") <= rest else ""
    return [
        Segment(padded(mark[0], _MARK), mark[1]),
        Segment(name, title[1]),
        Segment(padded(labels, rest), context.styles.dim),
        Segment(figures, context.styles.dim),
    ]


def _cell(text: str, column: Column) -> str:
    text = fitted(text, column.cells)
    space = " " * (column.cells - cell_len(text))
    return space + text if column.is_right else text + space


def _snippet(hit: SearchHit, cells: int, plain: Style, highlight: Style) -> list[Segment]:
    """Return the snippet in one row; the matches stay highlighted although the text is cleaned."""
    pieces: list[tuple[str, Style]] = []
    at = 0
    for start, end in hit.marks:
        pieces += [(hit.snippet[at:start], plain), (hit.snippet[start:end], highlight)]
        at = end
    pieces.append((hit.snippet[at:], plain))
    if hit.marks:
        # In a narrow window the first match must be within the row.
        match = cell_len(normalize_graphemes(_spaced(pieces[1][0])))
        pieces[0] = (_end_of(_spaced(pieces[0][0]), cells - match - cells // 4), plain)
    segments: list[Segment] = []
    for text, style in pieces:
        shown = normalize_graphemes(_spaced(text)) if segments else normalize_graphemes(_spaced(text)).lstrip()
        if shown and cells > 0:
            segments.append(Segment(fitted(shown, cells), style))
            cells -= cell_len(shown)
    return segments


def _end_of(text: str, cells: int) -> str:
    """Return a text without its first words where it is wider."""
    if not text or cell_len(text) <= cells:
        return text
    while text and cell_len(text) > cells - 2:
        text = text.partition(" ")[2]
    return f"… {text}"


def _spaced(text: str) -> str:
    """Clean a piece of text, and keep the spaces that separate it from its neighbours."""
    before = " " if text[:1].isspace() else ""
    after = " " if text[-1:].isspace() and text.strip() else ""
    return f"{before}{clean_line(text)}{after}"

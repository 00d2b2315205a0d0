"""The labels around a message: author, time, sibling, and what is folded."""

import json
from datetime import datetime
from typing import NamedTuple

from rich.segment import Segment

from tui_chat.core.clean import clean_line
from tui_chat.core.compaction import summarized_turn
from tui_chat.core.format_numbers import UNKNOWN, dollars, duration, local_moment, short_tokens
from tui_chat.core.part import (
    AttachmentPart,
    OtherPart,
    Part,
    RoundPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
    ToolStatus,
)
from tui_chat.core.provider import CONTINUE_PROMPT
from tui_chat.core.sources import title_and_url
from tui_chat.core.turn import EDITED, Role, Turn
from tui_chat.rendering.cell_width import fitted, normalize_graphemes, width
from tui_chat.rendering.diff import is_diff
from tui_chat.rendering.line import Line
from tui_chat.ui.attachment_labels import file_size, is_text_file, kind_label
from tui_chat.ui.conversation_view.blocks import Block, FileFold, Fold
from tui_chat.ui.conversation_view.layout_options import LayoutOptions, text_row
from tui_chat.ui.conversation_view.links import ATTACHMENT, destination, displayed_url
from tui_chat.ui.terminal.kitty_graphics import placeholders
from tui_chat.ui.terminal.pictures import Picture

_IMAGE_INDENT = 2
_SHORT = 400
"""Longest text that is read for a summary in one row."""
_SHORT_MS = 100
"""A tool that took less than this took no time."""


LEFT_OUT = "left out: not sent"
"""The mark of a message that is not sent any more."""
ALONE = (1, 1)
"""The sibling number of a turn without siblings."""


class TurnHeader(NamedTuple):
    """What the header of a turn shows about its place in the conversation."""

    model: str
    """That of a reply; empty for a prompt."""
    before: datetime | None
    """Time of the previous turn; `None` for the first one."""
    sibling: tuple[int, int]
    """Its number among its siblings, and their count."""
    is_left_out: bool = False
    """Whether the user leaves it out of the next requests."""


def head(turn: Turn, header: TurnHeader, layout_options: LayoutOptions) -> Block:
    """Return the header: author, time and sibling."""
    at = local_moment(turn.created_at)
    who = _author(turn) if turn.role is Role.USER else _clean(header.model.rpartition("/")[2])
    pieces = [who] if who else []
    before = None if header.before is None else local_moment(header.before)
    is_new_day = at is not None and (before is None or before.date() != at.date())
    clock = UNKNOWN if at is None else at.strftime("%H:%M")
    pieces.append(_day(at) + clock if at is not None and is_new_day else clock)
    if turn.stop_reason == EDITED:
        pieces.append("edited by you")
    number, siblings = header.sibling
    if siblings > 1:
        pieces.append(f"‹{number}/{siblings}›")
    if figures := _figures(turn, costs=layout_options.costs):
        pieces[-1] += f" · {figures}"
    if header.is_left_out:
        pieces.append(LEFT_OUT)
    line = text_row(layout_options.width, [("  ".join(pieces), layout_options.styles.dim)])
    return Block([line], gap=0 if header.before is None else 1)


def _figures(turn: Turn, *, costs: bool) -> str:
    """Return how many tokens a finished reply has, how long it took and what it cost, as far as that is known."""
    usage = turn.usage
    if turn.role is Role.USER or turn.is_live or usage is None:
        return ""
    mark = "~" if usage.estimated else ""
    shown = [] if usage.unknown else [f"{mark}{short_tokens(usage.output_tokens)} tok"]
    if turn.duration_ms:
        shown.append(duration(turn.duration_ms / 1000))
    if costs and turn.cost is not None:
        shown.append(dollars(turn.cost.total_usd, estimated=turn.cost.estimated))
    return " · ".join(shown)


def _author(turn: Turn) -> str:
    """Return who wrote a prompt: the app itself asks for the rest of a reply and for a summary."""
    if summarized_turn(turn) is not None:
        return "Compact (sent for you)"
    is_ours = len(turn.parts) == 1 and turn.text == CONTINUE_PROMPT
    return "Continue (sent for you)" if is_ours else "You"


def _day(at: datetime) -> str:
    return f"{at.day} {at.strftime('%B %Y')}, "


def thinking(part: ThinkingPart, layout_options: LayoutOptions, *, live: bool) -> Fold:
    """Return the model's thinking, dimmed."""
    fold = Fold(part, layout_options, layout_options.styles.dim)
    if part.text:
        fold.grow(part.text)
    thinking_head(fold, layout_options, live=live)
    return fold


def thinking_head(fold: Fold, layout_options: LayoutOptions, *, live: bool) -> None:
    """Set the head of a thinking block: still thinking, or how much."""
    if not fold.record_state(live):
        return
    if live:
        text = "Thinking"
    elif fold.can_open:
        count = len(fold.text.split())
        text = f"Thought · {count:,} {'word' if count == 1 else 'words'}"
    else:
        text = "Thinking, kept by the provider"
    fold.set_head((text, layout_options.styles.dim))


def tool_call(part: ToolCallPart, layout_options: LayoutOptions) -> Fold:
    """Return a tool's name with its arguments, in one row until unfolded."""
    fold = Fold(part, layout_options, layout_options.styles.dim)
    if part.input_json.strip() not in ("", "{}"):
        fold.grow(_pretty(part.input_json))
    fold.set_head(
        (_clean(part.name) or "tool", layout_options.styles.code), ("  " + _given(part), layout_options.styles.dim)
    )
    return fold


def tool_result(part: ToolResultPart, layout_options: LayoutOptions) -> Fold:
    """Return a tool's result: how it ended and its first line, the whole text when unfolded."""
    styles = layout_options.styles
    style = styles.error if part.is_error else styles.dim
    fold = Fold(part, layout_options, style)
    text = part.text.strip("\n")
    first = _clean(text[:_SHORT].partition("\n")[0]) or ("failed" if part.is_error else "nothing")
    more = _took(part)
    word = _STATUS_WORDS.get(part.status, "")
    if "\n" in text or len(first) > layout_options.width - 4:
        fold.grow(text)
        fold.colour_diff = is_diff(text)
        more += _lines(text)
        first = fitted(first, max(8, layout_options.width - len("▸ ↳ ") - len(word) - 2 - len(more)))
    status = [(f"{word}  ", styles.warning)] if word else []
    fold.set_head(("↳ ", styles.dim), *status, (first, style), (more, styles.dim))
    return fold


_STATUS_WORDS = {
    ToolStatus.DENIED: "denied",
    ToolStatus.NOT_RUN: "not run",
    ToolStatus.CANCELLED: "stopped",
    ToolStatus.TIMED_OUT: "timed out",
    ToolStatus.UNKNOWN: "unknown outcome",
}


def _took(part: ToolResultPart) -> str:
    """Return how long a tool ran, where that is worth a word."""
    if part.duration_ms is None or part.duration_ms < _SHORT_MS:
        return ""
    return f" · {part.duration_ms / 1000:.1f} s"


def round_end(part: RoundPart) -> Block:
    """Return no row: the figures of the requests are shown as their sum."""
    block = Block()
    block.part = part
    return block


def attachment(part: AttachmentPart, layout_options: LayoutOptions) -> Block:
    """Return the name, kind and size of an attachment; its name can be opened, and a text file unfolded."""
    about = kind_label(part) + (f", {file_size(part.size)}" if part.size else "")
    about += "" if part.is_included else ", not included"
    name = _clean(part.name) or "file"
    styles = layout_options.styles
    if is_text_file(part):
        fold = FileFold(part, layout_options)
        fold.opens = part.sha256
        fold.set_head((name, styles.text), (f"  {about}", styles.dim))
        return fold
    row = text_row(layout_options.width, [("+ ", styles.dim), (name, styles.text), (f"  {about}", styles.dim)])
    if part.sha256:
        row.links = ((2, min(2 + width(name), row.cells), ATTACHMENT + part.sha256),)
    picture = layout_options.picture(part, layout_options.measure - _IMAGE_INDENT)
    block = Block([row, *_picture_rows(picture)] if layout_options.has_images else [])
    block.part = part
    return block


def _picture_rows(picture: Picture | None) -> list[Line]:
    if picture is None:
        return []
    indent = Segment(" " * _IMAGE_INDENT)
    rows = placeholders(picture.number, picture.cells)
    return [Line([indent, row], _IMAGE_INDENT + picture.cells[0], "") for row in rows]


def source(part: Part, text: str, number: int, layout_options: LayoutOptions) -> Block:
    """Return a row for a source that the reply cites, with its number; its address is a link."""
    title, url = title_and_url(_clean(text))
    dim = layout_options.styles.dim
    mark = f"[{number}] "
    shown = title or displayed_url(url)
    where = f"  {destination(url)}" if title and url else ""
    row = text_row(layout_options.width, [(mark, dim), (shown, layout_options.styles.link), (where, dim)])
    if url:
        start = width(mark)
        row.links = ((start, min(start + width(shown), row.cells), url),)
    block = Block([row])
    block.part = part
    return block


def summary_request(part: Part, layout_options: LayoutOptions) -> Block:
    """Return a row of a prompt for a summary: where the earlier messages are, and the folded text of the prompt."""
    dim = layout_options.styles.dim
    if isinstance(part, TextPart):
        fold = Fold(part, layout_options, dim)
        fold.grow(part.text)
        fold.set_head(("Instructions", dim))
        return fold
    key = layout_options.key_label("branch.previous")
    text = "Sent instead of the earlier messages" + (f"; {key} shows them." if key else ".")
    block = Block([text_row(layout_options.width, [("· ", dim), (text, layout_options.styles.text)])])
    block.part = part
    return block


def other(part: OtherPart, layout_options: LayoutOptions) -> Block:
    """Return a row for a block of unknown kind."""
    block = Block([text_row(layout_options.width, [(f"· {_clean(part.kind)}", layout_options.styles.dim)])])
    block.part = part
    return block


def _clean(text: str) -> str:
    return normalize_graphemes(clean_line(text))


def _lines(text: str) -> str:
    count = text.count("\n") + 1
    return f" · {count:,} lines" if count > 1 else f" · {len(text):,} characters"


def _given(part: ToolCallPart) -> str:
    try:
        given = json.loads(part.input_json or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        return _clean(part.input_json[:_SHORT])
    values = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in given.values()]
    return _clean(", ".join(value[:_SHORT] for value in values)[:_SHORT])


def _pretty(source: str) -> str:
    try:
        return json.dumps(json.loads(source), ensure_ascii=False, indent=2)
    except ValueError:
        return source

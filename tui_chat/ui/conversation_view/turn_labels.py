"""The few words around what is said: who, when, which sibling, how it stands, what is folded away."""

import json
from datetime import datetime
from typing import NamedTuple

from rich.style import Style

from tui_chat.core.clean import clean_line
from tui_chat.core.error import Fault
from tui_chat.core.format_numbers import UNKNOWN, local_moment
from tui_chat.core.part import AttachmentPart, OtherPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.rendering.cell_width import tame, width, wrap
from tui_chat.ui.conversation_view.blocks import Block, Fold
from tui_chat.ui.conversation_view.layout_options import LayoutOptions, words

_SHORT = 400
"""Characters looked at for a summary in one row."""
_TOLD_ROWS = 3
"""As much as is shown of what a provider says of an error."""


ALONE = (1, 1)
"""The place of a turn without siblings."""


class TurnHeader(NamedTuple):
    """Where a turn stands in its conversation, as far as its head row says it."""

    model: str
    """Named when it is not the one of the reply before."""
    before: datetime | None
    """When the turn before it was; `None` for the first one."""
    sibling: tuple[int, int]
    """Which one it is among its siblings, and how many there are."""


def head(turn: Turn, setting: TurnHeader, layout_options: LayoutOptions) -> Block:
    """Who speaks, when, and as which sibling."""
    at = local_moment(turn.created_at)
    who = "You" if turn.role is Role.USER else _said(setting.model.rpartition("/")[2])
    pieces = [who] if who else []
    before = None if setting.before is None else local_moment(setting.before)
    is_new_day = at is not None and (before is None or before.date() != at.date())
    clock = UNKNOWN if at is None else at.strftime("%H:%M")
    pieces.append(_day(at) + clock if at is not None and is_new_day else clock)
    number, siblings = setting.sibling
    if siblings > 1:
        pieces.append(f"‹{number}/{siblings}›")
    line = words(layout_options.width, [("  ".join(pieces), layout_options.palette.dim)])
    return Block([line], gap=0 if setting.before is None else 1)


def _day(at: datetime) -> str:
    return f"{at.day} {at.strftime('%B %Y')}, "


def state(turn: Turn, note: tuple[str, str] | None, layout_options: LayoutOptions) -> Block:
    """How the turn stands, in a sentence, and what to do next; empty when all is well."""
    said = note or layout_options.describe(turn)
    if said is None:
        return Block()
    sentence, step = _said(said[0]), _said(said[1])
    told = (
        [] if note or turn.fault is None else _rows(_told(turn.fault, sentence), layout_options.measure)[:_TOLD_ROWS]
    )
    tone = layout_options.palette.warning if note else _tone(turn, layout_options)
    if not told and width(sentence) + width(step) + 2 <= layout_options.width:
        line = words(
            layout_options.width, [(sentence, tone), ("  " + step if step else "", layout_options.palette.text)]
        )
        return Block([line], gap=1)
    rows = [(row, tone) for row in _rows(sentence, layout_options.measure)]
    rows += [(row, layout_options.palette.dim) for row in told]
    rows += [(row, layout_options.palette.text) for row in _rows(step, layout_options.measure)]
    return Block([words(layout_options.width, [row]) for row in rows], gap=1)


def _told(fault: Fault, sentence: str) -> str:
    """What the other side said of it, and the number it goes by there."""
    message = _said(fault.message[:_SHORT])
    request = f"request {_said(fault.request_id)}" if fault.request_id else ""
    return " · ".join(filter(None, ("" if _same(message, sentence) else message, request)))


def _same(message: str, sentence: str) -> bool:
    return message.rstrip(".").casefold() == sentence.rstrip(".").casefold()


def _rows(text: str, cells: int) -> list[str]:
    return [text[start:end] for start, end in wrap(text, cells)] if text else []


def _tone(turn: Turn, layout_options: LayoutOptions) -> Style:
    if turn.status is TurnStatus.FAILED:
        return layout_options.palette.error
    return layout_options.palette.dim if turn.status is TurnStatus.STREAMING else layout_options.palette.warning


def thinking(part: ThinkingPart, layout_options: LayoutOptions, *, live: bool) -> Fold:
    """The model's thinking, dimmed."""
    fold = Fold(part, layout_options, layout_options.palette.dim)
    if part.text:
        fold.grow(part.text)
    thinking_head(fold, layout_options, live=live)
    return fold


def thinking_head(fold: Fold, layout_options: LayoutOptions, *, live: bool) -> None:
    """Say whether it is still thinking, or how much it thought."""
    if not fold.tells(live):
        return
    if live:
        text = "Thinking"
    elif fold.can_open:
        count = len(fold.text.split())
        text = f"Thought · {count:,} {'word' if count == 1 else 'words'}"
    else:
        text = "Thinking, kept by the provider"
    fold.say((text, layout_options.palette.dim))


def tool_call(part: ToolCallPart, layout_options: LayoutOptions) -> Fold:
    """A tool's name with what it was given, in one row until unfolded."""
    fold = Fold(part, layout_options, layout_options.palette.dim)
    if part.input_json.strip() not in ("", "{}"):
        fold.grow(_pretty(part.input_json))
    fold.say(
        (_said(part.name) or "tool", layout_options.palette.code), ("  " + _given(part), layout_options.palette.dim)
    )
    return fold


def tool_result(part: ToolResultPart, layout_options: LayoutOptions) -> Fold:
    """What a tool answered: its first line, all of it when unfolded."""
    style = layout_options.palette.error if part.is_error else layout_options.palette.dim
    fold = Fold(part, layout_options, style)
    text = part.text.strip("\n")
    first = _said(text[:_SHORT].partition("\n")[0]) or ("failed" if part.is_error else "nothing")
    more = ""
    if "\n" in text or len(first) > layout_options.width - 4:
        fold.grow(text)
        more = _lines(text)
    fold.say(("↳ ", layout_options.palette.dim), (first, style), (more, layout_options.palette.dim))
    return fold


def attachment(part: AttachmentPart, layout_options: LayoutOptions) -> Block:
    """A file that goes with a prompt, by name, kind and size."""
    about = _said(part.media_type) + (f", {_size(len(part.data))}" if part.data else "")
    name = _said(part.name) or "file"
    block = Block(
        [
            words(
                layout_options.width,
                [
                    ("+ ", layout_options.palette.dim),
                    (name, layout_options.palette.text),
                    (f"  {about}", layout_options.palette.dim),
                ],
            )
        ]
    )
    block.part = part
    return block


def other(part: OtherPart, layout_options: LayoutOptions) -> Block:
    """A block nobody here has a name for."""
    block = Block([words(layout_options.width, [(f"· {_said(part.kind)}", layout_options.palette.dim)])])
    block.part = part
    return block


def _said(text: str) -> str:
    return tame(clean_line(text))


def _lines(text: str) -> str:
    count = text.count("\n") + 1
    return f" · {count:,} {'line' if count == 1 else 'lines'}"


def _size(count: int) -> str:
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def _given(part: ToolCallPart) -> str:
    try:
        given = json.loads(part.input_json or "{}")
    except ValueError:
        given = None
    if not isinstance(given, dict):
        return _said(part.input_json[:_SHORT])
    values = [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in given.values()]
    return _said(", ".join(value[:_SHORT] for value in values)[:_SHORT])


def _pretty(source: str) -> str:
    try:
        return json.dumps(json.loads(source), ensure_ascii=False, indent=2)
    except ValueError:
        return source

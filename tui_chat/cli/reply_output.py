"""A reply's events as text for stdout: plain, JSON Lines, or Markdown laid out for a terminal."""

import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from tui_chat.cli.standard_streams import PipeClosed
from tui_chat.core.clean import clean, harmless_json
from tui_chat.core.error import Fault, FormatError
from tui_chat.core.event import (
    ApprovalGiven,
    PartDelta,
    PartEnd,
    ReplyEvent,
    RetryScheduled,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    TurnEnded,
    TurnStarted,
)
from tui_chat.core.format_numbers import cost_with_source, duration, short_tokens
from tui_chat.core.part import RoundPart, ToolResultPart
from tui_chat.core.turn import Turn
from tui_chat.wording import explain

if TYPE_CHECKING:
    from rich.console import Console


class ReplyText(Protocol):
    """Turns the events of a reply into text to print."""

    pause_s: float
    """Minimum time between two texts."""

    def add(self, event: ReplyEvent) -> None:
        """Take an event; must be cheap, as it is called for each."""

    def text(self) -> str:
        """Return the text to print since the last call."""


class EventTexts:
    pause_s = 0.0

    def __init__(self, format_event: Callable[[ReplyEvent], str]) -> None:
        self._format_event = format_event
        self._pending: list[str] = []

    def add(self, event: ReplyEvent) -> None:
        self._pending.append(self._format_event(event))

    def text(self) -> str:
        """Return the texts of the events since the last call."""
        text, self._pending = "".join(self._pending), []
        return text


class StdoutWriter:
    """Writes to stdout in a thread: a slow pipe delays neither the reply nor its saving."""

    def __init__(self, text: ReplyText, on_closed: Callable[[], None]) -> None:
        self._text = text
        self._on_closed = on_closed
        self._waiting = False
        self._writer: asyncio.Task[None] | None = None
        self._closed = False
        self._ending = asyncio.Event()
        self._fault: FormatError | None = None

    def write(self, event: ReplyEvent) -> None:
        """Print the event after everything written before."""
        if self._closed:
            return
        self._text.add(event)
        self._waiting = True
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._drain())

    async def close(self) -> FormatError | None:
        """Wait until everything is printed; return the error if it could not be."""
        self._ending.set()
        if self._writer is not None:
            await self._writer
        return self._fault

    async def _drain(self) -> None:
        while self._waiting:
            self._waiting = False
            if text := self._text.text():
                try:
                    await asyncio.to_thread(_print, text)
                except PipeClosed:
                    self._closed = True
                    self._on_closed()
                    return
                except FormatError as error:
                    # Further text would follow a gap; the reply itself is saved all the same.
                    self._closed, self._fault = True, error
                    return
                await self._pause()

    async def _pause(self) -> None:
        if self._text.pause_s:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), self._text.pause_s)


def _print(text: str) -> None:
    data = text.encode("utf-8", "replace")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


class CodeBlockText:
    """The first or the last code block of the reply, and nothing else; without one, the whole text."""

    def __init__(self, *, is_last: bool) -> None:
        self._place = -1 if is_last else 0

    def __call__(self, event: ReplyEvent) -> str:
        if not isinstance(event, TurnEnded):
            return ""
        from tui_chat.rendering.markdown import LiveMarkdown
        from tui_chat.rendering.styles import DARK

        live = LiveMarkdown(100, DARK)
        live.append(event.turn.text)
        live.finish()
        blocks = live.code_blocks
        text = blocks[self._place].source if blocks else event.turn.text
        text = clean(text) if sys.stdout.isatty() else text
        return f"{text.rstrip()}\n" if text.strip() else ""


class PlainText:
    """The text as it arrives, ending with a newline; without control characters on a terminal."""

    def __init__(self) -> None:
        self._is_terminal = sys.stdout.isatty()
        self._last = "\n"
        self._break = ""
        """Goes before the next text: it was written after tools ran."""
        self._is_round_end = False

    def __call__(self, event: ReplyEvent) -> str:
        match event:
            case TextDelta(text):
                before, self._break, self._last = self._break, "", text[-1:]
                return before + (clean(text) if self._is_terminal else text)
            case PartDelta(part):
                if isinstance(part, ToolResultPart) and self._is_round_end and self._last != "\n":
                    self._break = "\n\n"
                self._is_round_end = isinstance(part, RoundPart)
            case TurnEnded() if self._last != "\n":
                return "\n"
        return ""


class JsonLines:
    """Events as JSON objects, one per line."""

    def __init__(self) -> None:
        self._calls: dict[str, tuple[str, str]] = {}

    def __call__(self, event: ReplyEvent) -> str:
        match event:
            case TurnStarted(conversation_id, turn):
                return _line("started", conversation_id=conversation_id, turn_id=turn.id, model=turn.model)
            case TextDelta(text):
                return _line("text", text=text)
            case ThinkingDelta(text):
                return _line("thinking", text=text) if text else ""
            case ToolCallDelta(call_id, name, piece):
                known = self._calls.get(call_id, ("", ""))
                self._calls[call_id] = (known[0] or name, known[1] + piece)
            case PartEnd(call_id=str() as call_id) if call_id in self._calls:
                return _tool_call(call_id, *self._calls.pop(call_id))
            case PartDelta(ToolResultPart() as result):
                return _tool_result(result)
            case ApprovalGiven(call_id, verdict):
                return _line("approval", call_id=call_id, decision=verdict.decision.value)
            case RetryScheduled(attempt, delay_s, error):
                return _line("retry", attempt=attempt, delay_s=round(delay_s, 3), error=_error(error.fault))
            case TurnEnded(turn, error, save_error):
                cut = "".join(_tool_call(call_id, *call) for call_id, call in self._calls.items())
                fault = error or save_error
                return cut + _usage(turn) + _ended(turn, _error(fault.fault) if fault else None)
        return ""


class MarkdownOutput:
    """Markdown laid out on a terminal, once per frame: finished lines scroll up, open ones are drawn again."""

    pause_s = 1 / 30

    def __init__(self, console: "Console", measure: int) -> None:
        """`measure` is the longest line of prose."""
        from tui_chat.rendering.markdown import LiveMarkdown
        from tui_chat.rendering.stdout_printer import LivePrinter, page_cells
        from tui_chat.rendering.styles import TextStyles

        styles = TextStyles.ansi(measure)
        self._live = LiveMarkdown(page_cells(console.width, styles), styles)
        self._printer = LivePrinter(console)
        self._is_round_end = False

    def add(self, event: ReplyEvent) -> None:
        match event:
            case TextDelta(text):
                self._live.append(text)
            case PartDelta(part):
                if isinstance(part, ToolResultPart) and self._is_round_end:
                    self._live.append("\n\n")
                self._is_round_end = isinstance(part, RoundPart)
            case TurnEnded():
                self._live.finish()

    def text(self) -> str:
        """Return what to write to bring the terminal up to date."""
        return self._printer.frame(self._live.lines, self._live.stable_count)


def _line(kind: str, **fields: Any) -> str:
    return harmless_json(json.dumps({"type": kind, **fields}, ensure_ascii=False)) + "\n"


def _tool_result(result: ToolResultPart) -> str:
    return _line("tool_result", call_id=result.call_id, status=result.status.value, text=result.text)


def _tool_call(call_id: str, name: str, input_json: str) -> str:
    try:
        arguments = json.loads(input_json or "{}")
    except ValueError:
        arguments = input_json
    return _line("tool_call", call_id=call_id, name=name, input=arguments)


def _error(fault: Fault) -> dict[str, str | None]:
    words = explain(fault)
    message = fault.message or words.sentence
    return {"kind": fault.kind, "message": message, "next_step": words.next_step, "request_id": fault.request_id}


def _usage(turn: Turn) -> str:
    usage = turn.usage
    if usage is None:
        return ""
    return _line(
        "usage",
        input_tokens=usage.input_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        output_tokens=usage.output_tokens,
        thinking_tokens=usage.thinking_tokens,
        cost_usd=None if turn.cost is None else format(turn.cost.total_usd, "f"),
        **({"estimated": True} if usage.estimated else {}),
    )


def _ended(turn: Turn, error: dict[str, str | None] | None) -> str:
    speed = turn.tokens_per_s
    return _line(
        "ended",
        status=turn.status.value,
        stop_reason=turn.stop_reason,
        error=error,
        ttft_ms=turn.ttft_ms,
        duration_ms=turn.duration_ms,
        tokens_per_s=None if speed is None else round(speed, 1),
    )


def figures(turn: Turn) -> str:
    """Return the model, tokens, time and cost of a reply in one line."""
    shown = [turn.model]
    if (usage := turn.usage) is not None and not usage.unknown:
        mark = "~" if usage.estimated else ""
        shown.append(f"{mark}in {short_tokens(usage.total_input_tokens)}")
        if usage.cache_read_tokens:
            shown.append(f"cached {short_tokens(usage.cache_read_tokens)}")
        shown.append(f"out {short_tokens(usage.output_tokens)}")
    if turn.duration_ms is not None:
        shown.append(duration(turn.duration_ms / 1000))
    cost = turn.cost
    shown.append("no price" if cost is None else cost_with_source(cost))
    return " · ".join(shown)

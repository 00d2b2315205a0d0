"""Chunks of a chat completion → events. Knows the JSON that real servers send, and nothing of how it travels."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tui_chat.core.clean import PairJoiner
from tui_chat.core.error import StreamCut
from tui_chat.core.event import (
    PartDelta,
    PartEnd,
    ProviderEvent,
    Stopped,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageReported,
)
from tui_chat.core.masking import NO_SECRETS, Masker
from tui_chat.core.part import Opaque, ThinkingPart
from tui_chat.core.text_buffer import TextBuffer
from tui_chat.core.usage import Usage
from tui_chat.providers.bounded_body import LONGEST_DELTA, TooManyValues, in_parts, parse_json
from tui_chat.providers.openai.errors import error_in_stream
from tui_chat.providers.openai.usage import usage_in
from tui_chat.providers.retry_after import shown_word

WIRE = "openai"
_FAILURES = {"error", "insufficient_system_resource", "abort"}
"""Reasons for which a server, not the model, ends a reply."""
_GROWING = ("text", "summary", "data")
"""Fields of a reasoning detail that arrive in pieces."""
_NOT_A_WORD = "the server ended its answer without a word"
_MOST_PARTS = 2_000
"""In one chunk; reading more at once would hold up everything else."""

Json = Mapping[str, Any]


@dataclass(slots=True)
class _Call:
    """A tool call that still grows."""

    id: str
    name: str


class ChunkReader:
    """Reads one reply."""

    def __init__(self, *, keeps_details: bool = False, masker: Masker = NO_SECRETS) -> None:
        """`keeps_details` where the server wants its reasoning back."""
        self._keeps_details = keeps_details
        self._masker = masker
        self._open: type[TextDelta] | type[ThinkingDelta] | None = None
        self._joiner = PairJoiner()
        self._calls: dict[int, _Call] = {}
        self._indices: dict[str, int] = {}
        """Of the calls, by id."""
        self._highest_index = 0
        self._details: list[dict[str, Any]] = []
        self._usage: Usage | None = None
        self._finish: str | None = None
        self._refused = False
        self._heard = False
        self.begun = False
        """Something of the reply has come."""
        self.done = False
        """The server has said that nothing more will come."""

    @property
    def finished(self) -> bool:
        """The model has stopped; at most its usage is still to come."""
        return self._finish is not None

    def read(self, data: str) -> Iterable[ProviderEvent]:
        """The events one event's data holds. Raises where it holds an error or cannot be read."""
        try:
            chunk = parse_json(data)
        except TooManyValues as error:
            raise StreamCut(f"an event of the stream holds {error}", detail="garbled") from None
        except ValueError:
            return self._read_odd(data)
        return self.read_value(chunk)

    def read_value(self, chunk: Any) -> Iterable[ProviderEvent]:
        """The same of a value that is parsed already."""
        if not isinstance(chunk, dict):
            return ()
        if chunk.get("error"):
            return self._fail(chunk)
        return self._events(chunk)

    def _fail(self, chunk: Json) -> Iterator[ProviderEvent]:
        """Raise the error in a chunk, after the usage that servers report with it."""
        if (usage := usage_in(chunk)) is not None and usage != self._usage:
            yield UsageReported(usage)
        raise error_in_stream(chunk["error"], self.begun, self._masker)

    def _read_odd(self, data: str) -> list[ProviderEvent]:
        """Data that is not JSON: the end mark, nothing, or events that a server did not set apart."""
        events: list[ProviderEvent] = []
        lines = [line for line in map(str.strip, data.split("\n")) if line]
        for line in lines:
            if line == "[DONE]":
                self.done = True
            elif len(lines) > 1:
                events += self.read(line)
            else:
                raise StreamCut("the stream holds something that is no JSON", detail="garbled")
        return events

    def _events(self, chunk: Json) -> list[ProviderEvent]:
        events: list[ProviderEvent] = []
        self._heard = True
        if choice := _first_choice(chunk):
            delta = choice.get("delta")
            if delta is None:
                delta = choice.get("message")
            if isinstance(delta, dict):
                self._read_delta(delta, events)
            if reason := choice.get("finish_reason"):
                self._finish = shown_word(reason, self._masker) or "stop"
                self._close(events)
        usage = usage_in(chunk)
        if usage is not None and usage != self._usage:
            self._usage = usage
            events.append(UsageReported(usage))
        return events

    def _read_delta(self, delta: dict[str, Any], events: list[ProviderEvent]) -> None:
        thinking = delta.get("reasoning_content") or delta.get("reasoning")
        if details := delta.get("reasoning_details"):
            thinking = self._read_details(details, thinking, events)
        if isinstance(thinking, str) and thinking:
            self._grow(ThinkingDelta, thinking, events)
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                self._grow(TextDelta, content, events)
        elif isinstance(content, list):
            self._read_pieces(_list(content), events)
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            self._refused = True
            self._grow(TextDelta, refusal, events)
        if calls := delta.get("tool_calls"):
            for call in _list(calls):
                if isinstance(call, dict):
                    self._read_call(call, events)
        if isinstance(call := delta.get("function_call"), dict):
            self._read_call({"index": 0, "function": call}, events)

    def _grow(self, kind: type[TextDelta] | type[ThinkingDelta], text: str, events: list[ProviderEvent]) -> None:
        if self._open is not kind:
            self._close_open(events)
            self._open = kind
        if text := self._joiner.feed(text):
            self.begun = True
            if len(text) <= LONGEST_DELTA:
                events.append(kind(text))
            else:
                events += map(kind, in_parts(text))

    def _read_pieces(self, pieces: list[Any], events: list[ProviderEvent]) -> None:
        """Content that is a list: text, thinking that is a list itself, and kinds without words."""
        for piece in pieces:
            if not isinstance(piece, dict):
                continue
            if isinstance(text := piece.get("text"), str) and text:
                self._grow(TextDelta, text, events)
            for thought in _list(piece.get("thinking")):
                text = thought.get("text") if isinstance(thought, dict) else thought
                if isinstance(text, str) and text:
                    self._grow(ThinkingDelta, text, events)

    def _read_details(self, details: Any, thinking: Any, events: list[ProviderEvent]) -> Any:
        """Keep what must go back; return the words of the thinking, wherever they stand."""
        words: list[str] = []
        for detail in _list(details):
            if not isinstance(detail, dict):
                continue
            words += [detail[name] for name in ("text", "summary") if isinstance(detail.get(name), str)]
            if self._keeps_details:
                _add_detail(self._details, detail)
        if self._details and self._open is None and not self._calls:
            self._open = ThinkingDelta
            events.append(ThinkingDelta(""))
        return thinking or "".join(words)

    def _read_call(self, call: Json, events: list[ProviderEvent]) -> None:
        """A piece of a call. Servers without an index give an id; those without either go on with the last."""
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        call_id, name, index = str(call.get("id") or ""), str(function.get("name") or ""), call.get("index")
        if not isinstance(index, int):
            starts = bool(call_id or name)
            index = self._indices.get(call_id, len(self._calls) if starts else self._highest_index)
        open_call = self._calls.get(index)
        if open_call is not None and call_id and open_call.id != call_id:
            index = self._highest_index + 1
            open_call = None
        if open_call is None:
            self._close_open(events)
            open_call = self._calls[index] = _Call(call_id or f"call_{index}", name)
            self._indices.setdefault(open_call.id, index)
            self._highest_index = max(self._highest_index, index)
        else:
            name = ""
        arguments = function.get("arguments")
        if arguments is not None and not isinstance(arguments, str):
            arguments = _as_json(arguments)
        self.begun = True
        first, *further = in_parts(arguments or "") or ("",)
        events.append(ToolCallDelta(open_call.id, name, first))
        events += (ToolCallDelta(open_call.id, "", part) for part in further)

    def _close_open(self, events: list[ProviderEvent]) -> None:
        if self._open is None:
            return
        if rest := self._joiner.end():
            events.append(self._open(rest))
        is_thinking = self._open is ThinkingDelta
        events.append(PartEnd(self._take_details() if is_thinking else None))
        self._open = None

    def _take_details(self) -> Opaque | None:
        details, self._details = self._details, []
        whole = [
            {name: value.text if isinstance(value, TextBuffer) else value for name, value in detail.items()}
            for detail in details
        ]
        return Opaque(WIRE, _as_json({"reasoning_details": whole})) if whole else None

    def _close(self, events: list[ProviderEvent]) -> None:
        self._close_open(events)
        events += [PartEnd(call_id=call.id) for call in self._calls.values()]
        self._calls.clear()
        self._indices.clear()
        self._highest_index = 0
        if late := self._take_details():
            events.append(PartDelta(ThinkingPart("", late)))

    def end(self) -> Iterator[ProviderEvent]:
        """The last events, once nothing more comes. Raises where that is too early."""
        if self._finish in _FAILURES:
            raise StreamCut(f"the server ended the reply: {self._finish}", detail="error")
        if self._finish is None and not self.done:
            sentence = "the stream ended before the reply did" if self._heard else _NOT_A_WORD
            raise StreamCut(sentence, detail="dropped")
        had_calls = bool(self._calls)
        events: list[ProviderEvent] = []
        self._close(events)
        yield from events
        reason = self._finish or ("tool_calls" if had_calls else "stop")
        yield Stopped("refusal" if self._refused else reason)


def _first_choice(chunk: Json) -> Json | None:
    """The choice that is read; of several only the first."""
    for choice in _list(chunk.get("choices")):
        if isinstance(choice, dict) and not choice.get("index"):
            return choice
    return None


def _list(value: Any) -> list[Any]:
    if isinstance(value, list):
        if len(value) > _MOST_PARTS:
            raise StreamCut(f"an event of the stream has more than {_MOST_PARTS} parts", detail="garbled")
        return value
    return [value] if isinstance(value, str) else []


def _as_json(value: Any) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        raise StreamCut("an event of the stream is nested too deeply", detail="garbled") from None


def _add_detail(details: list[dict[str, Any]], piece: dict[str, Any]) -> None:
    """Join a piece to the detail it goes on with, or begin another."""
    last = details[-1] if details else None
    if last is None or (last.get("type"), last.get("index")) != (piece.get("type"), piece.get("index")):
        growing = {name: TextBuffer(piece[name]) for name in _GROWING if isinstance(piece.get(name), str)}
        details.append(piece | growing)
        return
    for name, value in piece.items():
        if name in _GROWING and isinstance(value, str) and isinstance(last.get(name), TextBuffer):
            last[name].add(value)
        elif value is not None:
            last[name] = value

"""Turns the bytes of a response on the OpenAI wire into events and usage. Opens no connection.

`ReplyReader` reads bytes, `ChunkReader` JSON chunks, `usage_in` the usage in a chunk.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tui_chat.core.bounds import OutOfBounds, dollars_in_bounds, reported_count
from tui_chat.core.clean import PairJoiner
from tui_chat.core.error import ProviderError, StreamCut
from tui_chat.core.event import (
    PartDelta,
    PartEnd,
    ProviderEvent,
    SignOfLife,
    Stopped,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageReported,
)
from tui_chat.core.masking import NO_SECRETS, Masker
from tui_chat.core.part import Opaque, ThinkingPart
from tui_chat.core.text_buffer import TextBuffer
from tui_chat.core.usage import UNKNOWN_USAGE, Usage
from tui_chat.providers.bounded_body import LONGEST_DELTA, TooManyValues, in_parts, parse_json, too_large
from tui_chat.providers.error_details import shown_word
from tui_chat.providers.openai.errors import error_in_stream, not_a_reply_error
from tui_chat.providers.sse import COMMENT, LARGEST_EVENT_BYTES, Event, EventReader, slices
from tui_chat.providers.values import mapping_of

WIRE = "openai"
"""The wire of every `Opaque` made here."""
_ALIVE = SignOfLife()
_BOM = b"\xef\xbb\xbf"
_FAILURES = {"error", "insufficient_system_resource", "abort"}
"""Finish reasons that mean a failure of the server."""
_GROWING_FIELDS = ("text", "summary", "data")
"""Fields of a reasoning detail that arrive in pieces."""
_EMPTY_REPLY = "the server ended its answer without a word"
_MAX_PARTS = 2_000
"""In one chunk; reading more at once would block the event loop."""
_MAX_TICKS = 10**19
_TICK_EXPONENT = -10
"""xAI reports charges in ten-billionths of a dollar."""

Json = Mapping[str, Any]


class ReplyReader:
    """Reads one response: a stream of events, one JSON object in place of it, or something that is no reply."""

    def __init__(self, content_type: str, *, keeps_details: bool = False, masker: Masker = NO_SECRETS) -> None:
        self._content_type = content_type.lower()
        self._masker = masker
        self._chunks = ChunkReader(keeps_details=keeps_details, masker=masker)
        self._sse = EventReader()
        self._is_stream: bool | None = None
        self._body = bytearray()

    @property
    def is_done(self) -> bool:
        """Whether the server sent its end mark."""
        return self._chunks.is_done

    @property
    def has_stopped(self) -> bool:
        """Whether the model has stopped; only usage may still arrive."""
        return self._chunks.has_stopped

    def feed(self, raw: bytes) -> Iterator[ProviderEvent]:
        """Yield the events that these bytes complete, or a sign of life if they complete none."""
        if self._is_stream is None:
            # Any amount of blank space before the reply is dropped.
            raw = (bytes(self._body) + raw).removeprefix(_BOM).lstrip()
            self._body.clear()
            if raw and not _BOM.startswith(raw):
                self._is_stream = not (raw[:1] == b"<" or (raw[:1] in (b"{", b"[") and self._claims_json()))
        if self._is_stream:
            for part in slices(raw):
                yield from self._read_events(self._sse.feed(part))
            return
        self._body += raw
        if len(self._body) > LARGEST_EVENT_BYTES:
            raise too_large()
        yield _ALIVE

    def end(self) -> Iterator[ProviderEvent]:
        """Yield the last events when the body has ended. Raises if it ended too early."""
        if self._is_stream:
            yield from self._read_events(self._sse.end())
        elif self._body.strip() or self._claims_json():
            yield from self._read_body()
        yield from self._chunks.end()

    def _claims_json(self) -> bool:
        return (
            "json" in self._content_type and "ndjson" not in self._content_type and "jsonl" not in self._content_type
        )

    def _read_events(self, sse_events: list[Event]) -> Iterator[ProviderEvent]:
        chunks = self._chunks
        if not sse_events:
            yield _ALIVE
        for sse_event in sse_events:
            if sse_event is COMMENT:
                yield _ALIVE
                continue
            name, raw = sse_event
            try:
                data = raw.decode()
            except UnicodeDecodeError:
                raise StreamCut("the stream is not UTF-8", detail="garbled") from None
            events = chunks.read(_as_error(data) if name == "error" and data else data)
            if chunks.is_done:
                return
            if events:
                yield from events
            else:
                yield _ALIVE
        if self._sse.fault is not None:
            raise self._sse.fault

    def _read_body(self) -> Iterator[ProviderEvent]:
        """Read a reply that came as one object although a stream was requested."""
        try:
            reply = parse_json(bytes(self._body))
        except TooManyValues:
            raise too_large() from None
        except ValueError:
            raise not_a_reply_error(self._body, self._content_type, self._masker) from None
        if not isinstance(reply, dict) or not (reply.get("choices") or reply.get("error")):
            raise not_a_reply_error(self._body, self._content_type, self._masker)
        yield from self._chunks.read_json(reply)
        self._chunks.is_done = True


def _as_error(data: str) -> str:
    """Return the data of an event named `error` as a chunk with an error, whatever it holds."""
    text = data.strip()
    return f'{{"error": {text if text.startswith("{") else json.dumps(text)}}}'


@dataclass(slots=True)
class _Call:
    """A tool call whose arguments are still arriving."""

    id: str
    name: str


class ChunkReader:
    """Reads the chunks of one reply."""

    def __init__(self, *, keeps_details: bool = False, masker: Masker = NO_SECRETS) -> None:
        """`keeps_details` where the server wants its reasoning back."""
        self._keeps_details = keeps_details
        self._masker = masker
        self._open_kind: type[TextDelta] | type[ThinkingDelta] | None = None
        self._joiner = PairJoiner()
        self._calls: dict[int, _Call] = {}
        self._index_by_id: dict[str, int] = {}
        self._highest_index = 0
        self._details: list[dict[str, Any]] = []
        self._usage: Usage | None = None
        self._finish_reason: str | None = None
        self._failure: ProviderError | None = None
        """The error in a choice; the usage may come after it."""
        self._is_refusal = False
        self._has_chunks = False
        self._has_started = False
        """Some text or a tool call has arrived."""
        self.is_done = False
        """The server has sent its end mark."""

    @property
    def has_stopped(self) -> bool:
        """Whether the model has stopped; only usage may still arrive."""
        return self._finish_reason is not None

    def read(self, data: str) -> Iterable[ProviderEvent]:
        """Return the events in the data of one SSE event. Raises for an error or unreadable data."""
        try:
            chunk = parse_json(data)
        except TooManyValues as error:
            raise StreamCut(f"an event of the stream holds {error}", detail="garbled") from None
        except ValueError:
            return self._read_lines(data)
        return self.read_json(chunk)

    def read_json(self, chunk: Any) -> Iterable[ProviderEvent]:
        """Return the events in a chunk."""
        if not isinstance(chunk, dict):
            return ()
        if chunk.get("error"):
            return self._fail(chunk)
        return self._events(chunk)

    def _fail(self, chunk: Json) -> Iterator[ProviderEvent]:
        """Raise the error in a chunk, after the usage that servers report with it."""
        if (usage := usage_in(chunk)) is not None:
            yield UsageReported(usage, is_final=True)
        raise error_in_stream(chunk["error"], self._has_started, self._masker)

    def _read_lines(self, data: str) -> list[ProviderEvent]:
        """Read data that is not JSON: the end mark, blank lines, or several events without separators."""
        events: list[ProviderEvent] = []
        lines = [line for line in map(str.strip, data.split("\n")) if line]
        for line in lines:
            if line == "[DONE]":
                self.is_done = True
            elif len(lines) > 1:
                events += self.read(line)
            else:
                raise StreamCut("the stream holds something that is no JSON", detail="garbled")
        return events

    def _events(self, chunk: Json) -> list[ProviderEvent]:
        events: list[ProviderEvent] = []
        self._has_chunks = True
        if choice := _first_choice(chunk):
            delta = choice.get("delta")
            if delta is None:
                delta = choice.get("message")
            if isinstance(delta, dict):
                self._read_delta(delta, events)
            if reason := choice.get("finish_reason"):
                self._finish_reason = shown_word(reason, self._masker) or "stop"
                self._close_all(events)
            if choice.get("error"):
                self._finish_reason = "error"
                self._failure = error_in_stream(choice["error"], self._has_started, self._masker)
        usage = usage_in(chunk)
        if usage is not None and usage != self._usage:
            self._usage = usage
            events.append(UsageReported(usage, is_final=self.has_stopped))
        return events

    def _read_delta(self, delta: dict[str, Any], events: list[ProviderEvent]) -> None:
        thinking = delta.get("reasoning_content") or delta.get("reasoning")
        if details := delta.get("reasoning_details"):
            thinking = self._read_details(details, thinking, events)
        if isinstance(thinking, str) and thinking:
            self._add_text(ThinkingDelta, thinking, events)
        content = delta.get("content")
        if isinstance(content, str):
            if content:
                self._add_text(TextDelta, content, events)
        elif isinstance(content, list):
            self._read_content_parts(_bounded_list(content), events)
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            self._is_refusal = True
            self._add_text(TextDelta, refusal, events)
        if calls := delta.get("tool_calls"):
            for call in _bounded_list(calls):
                if isinstance(call, dict):
                    self._read_call(call, events)
        if isinstance(call := delta.get("function_call"), dict):
            self._read_call({"index": 0, "function": call}, events)

    def _add_text(self, kind: type[TextDelta] | type[ThinkingDelta], text: str, events: list[ProviderEvent]) -> None:
        if self._open_kind is not kind:
            self._close_text(events)
            self._open_kind = kind
        if text := self._joiner.feed(text):
            self._has_started = True
            if len(text) <= LONGEST_DELTA:
                events.append(kind(text))
            else:
                events += map(kind, in_parts(text))

    def _read_content_parts(self, parts: list[Any], events: list[ProviderEvent]) -> None:
        """Read content that is a list: text, thinking that is a list itself, and kinds without text."""
        for part in parts:
            if not isinstance(part, dict):
                continue
            if isinstance(text := part.get("text"), str) and text:
                self._add_text(TextDelta, text, events)
            for thought in _bounded_list(part.get("thinking")):
                text = thought.get("text") if isinstance(thought, dict) else thought
                if isinstance(text, str) and text:
                    self._add_text(ThinkingDelta, text, events)

    def _read_details(self, details: Any, thinking: Any, events: list[ProviderEvent]) -> Any:
        """Keep the details that must be sent back; return the text of the thinking, from wherever it is."""
        texts: list[str] = []
        for detail in _bounded_list(details):
            if not isinstance(detail, dict):
                continue
            texts += [detail[name] for name in ("text", "summary") if isinstance(detail.get(name), str)]
            if self._keeps_details:
                _add_detail(self._details, detail)
        if self._details and self._open_kind is None and not self._calls:
            self._open_kind = ThinkingDelta
            events.append(ThinkingDelta(""))
        return thinking or "".join(texts)

    def _read_call(self, call: Json, events: list[ProviderEvent]) -> None:
        """Read a piece of a call. Without an index the id identifies the call; without either it is the last one."""
        function = mapping_of(call.get("function"))
        call_id, name, index = str(call.get("id") or ""), str(function.get("name") or ""), call.get("index")
        if not isinstance(index, int):
            is_new = bool(call_id or name)
            index = self._index_by_id.get(call_id, len(self._calls) if is_new else self._highest_index)
        open_call = self._calls.get(index)
        if open_call is not None and call_id and open_call.id != call_id:
            index = self._highest_index + 1
            open_call = None
        if open_call is None:
            self._close_text(events)
            open_call = self._calls[index] = _Call(call_id or f"call_{index}", name)
            self._index_by_id.setdefault(open_call.id, index)
            self._highest_index = max(self._highest_index, index)
        else:
            name = ""
        arguments = function.get("arguments")
        if arguments is not None and not isinstance(arguments, str):
            arguments = _to_json(arguments)
        self._has_started = True
        first, *others = in_parts(arguments or "") or ("",)
        events.append(ToolCallDelta(open_call.id, name, first))
        events += (ToolCallDelta(open_call.id, "", part) for part in others)

    def _close_text(self, events: list[ProviderEvent]) -> None:
        if self._open_kind is None:
            return
        if rest := self._joiner.end():
            events.append(self._open_kind(rest))
        is_thinking = self._open_kind is ThinkingDelta
        events.append(PartEnd(self._take_details() if is_thinking else None))
        self._open_kind = None

    def _take_details(self) -> Opaque | None:
        details, self._details = self._details, []
        complete = [
            {name: value.text if isinstance(value, TextBuffer) else value for name, value in detail.items()}
            for detail in details
        ]
        return Opaque(WIRE, _to_json({"reasoning_details": complete})) if complete else None

    def _close_all(self, events: list[ProviderEvent]) -> None:
        self._close_text(events)
        events += [PartEnd(call_id=call.id) for call in self._calls.values()]
        self._calls.clear()
        self._index_by_id.clear()
        self._highest_index = 0
        if late_details := self._take_details():
            events.append(PartDelta(ThinkingPart("", late_details)))

    def end(self) -> Iterator[ProviderEvent]:
        """Yield the last events when the stream has ended. Raises if it ended too early."""
        if self._finish_reason in _FAILURES:
            raise self._failure or StreamCut(f"the server ended the reply: {self._finish_reason}", detail="error")
        if self._finish_reason is None and not self.is_done:
            sentence = "the stream ended before the reply did" if self._has_chunks else _EMPTY_REPLY
            raise StreamCut(sentence, detail="dropped")
        had_calls = bool(self._calls)
        events: list[ProviderEvent] = []
        self._close_all(events)
        yield from events
        reason = self._finish_reason or ("tool_calls" if had_calls else "stop")
        yield Stopped("refusal" if self._is_refusal else reason)


def _first_choice(chunk: Json) -> Json | None:
    """Return the choice with index 0; other choices are ignored."""
    for choice in _bounded_list(chunk.get("choices")):
        if isinstance(choice, dict) and not choice.get("index"):
            return choice
    return None


def _bounded_list(value: Any) -> list[Any]:
    """Return a list, a string as a list, or nothing. Raises for a list that is too long."""
    if isinstance(value, list):
        if len(value) > _MAX_PARTS:
            raise StreamCut(f"an event of the stream has more than {_MAX_PARTS} parts", detail="garbled")
        return value
    return [value] if isinstance(value, str) else []


def _to_json(value: Any) -> str:
    try:
        return json.dumps(value)
    except RecursionError:
        raise StreamCut("an event of the stream is nested too deeply", detail="garbled") from None


def _add_detail(details: list[dict[str, Any]], piece: dict[str, Any]) -> None:
    """Append a piece to the detail that it continues, or add it as another detail."""
    last = details[-1] if details else None
    if last is None or (last.get("type"), last.get("index")) != (piece.get("type"), piece.get("index")):
        growing = {name: TextBuffer(piece[name]) for name in _GROWING_FIELDS if isinstance(piece.get(name), str)}
        details.append(piece | growing)
        return
    for name, value in piece.items():
        if name in _GROWING_FIELDS and isinstance(value, str) and isinstance(last.get(name), TextBuffer):
            last[name].add(value)
        elif value is not None:
            last[name] = value


def usage_in(chunk: Json) -> Usage | None:
    """Return the usage in a chunk or a whole response; `None` where it has none.

    Usage with an unbelievable count is unknown, and its tokens are estimated. An unbelievable charge is ignored, and
    the cost comes from the price list.
    """
    usage_json = chunk.get("usage")
    if not isinstance(usage_json, Mapping):
        groq = chunk.get("x_groq")
        usage_json = groq.get("usage") if isinstance(groq, Mapping) else None
    if not isinstance(usage_json, Mapping) or not usage_json:
        return None
    try:
        usage = _usage(usage_json)
    except OutOfBounds:
        return UNKNOWN_USAGE
    return usage if usage.is_in_bounds else UNKNOWN_USAGE


def _usage(usage_json: Json) -> Usage:
    """Return the usage in counts that do not overlap."""
    prompt_details = mapping_of(usage_json.get("prompt_tokens_details"))
    prompt = _first_count(usage_json, "prompt_tokens", "input_tokens")
    cached = _first_count(prompt_details, "cached_tokens") or _first_count(
        usage_json, "prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"
    )
    written = _first_count(prompt_details, "cache_write_tokens", "cache_creation_tokens") or _first_count(
        usage_json, "cache_creation_input_tokens"
    )
    cached = min(cached, prompt)
    written = min(written, prompt - cached)
    output, thinking = _output_and_thinking(usage_json, prompt)
    return Usage(
        input_tokens=prompt - cached - written,
        cache_read_tokens=cached,
        cache_write_5m_tokens=written,
        output_tokens=output,
        thinking_tokens=thinking,
        web_searches=_first_count(mapping_of(usage_json.get("server_tool_use")), "web_search_requests")
        or _first_count(usage_json, "num_search_queries"),
        billed_usd=_billed_usd(usage_json),
    )


def _billed_usd(usage_json: Json) -> Decimal | None:
    """Return what the server charged; with the user's own key behind a gateway that is not the whole cost."""
    cost = usage_json.get("cost")
    if isinstance(cost, Mapping):
        cost = cost.get("total_cost")
    if usage_json.get("is_byok") is not True and isinstance(cost, int | float) and (usd := dollars_in_bounds(cost)):
        return usd
    ticks = usage_json.get("cost_in_usd_ticks")
    return Decimal(ticks).scaleb(_TICK_EXPONENT) if isinstance(ticks, int) and 0 < ticks <= _MAX_TICKS else None


def _output_and_thinking(usage_json: Json, prompt: int) -> tuple[int, int]:
    """Return all output, and the thinking within it. xAI counts thinking separately, as the total shows."""
    output = _first_count(usage_json, "completion_tokens", "output_tokens")
    details = mapping_of(usage_json.get("completion_tokens_details"))
    thinking = _first_count(details, "reasoning_tokens") or _first_count(usage_json, "reasoning_tokens")
    total = _first_count(usage_json, "total_tokens")
    is_separate = thinking > 0 and total == prompt + output + thinking
    if is_separate or thinking > output:
        output += thinking
    return output, thinking


def _first_count(usage_json: Json, *names: str) -> int:
    """Return the first of these fields that is a number of tokens."""
    for name in names:
        value = usage_json.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and not value < 0:
            return reported_count(value)
    return 0

"""Turns the chunks of a chat completion into events. Knows no bytes and opens no connection."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tui_chat.core.clean import PairJoiner
from tui_chat.core.error import ProviderError, StreamCut
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
from tui_chat.core.sources import source_part
from tui_chat.core.text_buffer import TextBuffer
from tui_chat.core.usage import Usage
from tui_chat.providers.bounded_body import LONGEST_DELTA, in_parts
from tui_chat.providers.error_details import shown_word
from tui_chat.providers.openai.errors import error_in_stream
from tui_chat.providers.openai.responses_items import source_text
from tui_chat.providers.openai.usage import usage_in
from tui_chat.providers.values import mapping_of

WIRE = "openai"
"""The wire of every `Opaque` made here."""
_FAILURES = {"error", "insufficient_system_resource", "abort"}
"""Finish reasons that mean a failure of the server."""
_GROWING_FIELDS = ("text", "summary", "data")
"""Fields of a reasoning detail that arrive in pieces."""
_EMPTY_REPLY = "the server ended its answer without a word"
_MAX_PARTS = 2_000
"""In one chunk; reading more at once would block the event loop."""

Json = Mapping[str, Any]


@dataclass(slots=True)
class _Call:
    """A tool call whose arguments are still arriving."""

    id: str
    name: str
    extra_content: Json | None = None
    """What the server wants back with the call: Gemini's signature of the thoughts before it."""


class ChunkReader:
    """Reads the chunks of one reply."""

    def __init__(
        self,
        *,
        keeps_details: bool = False,
        thinking_in_total_only: bool = False,
        masker: Masker = NO_SECRETS,
    ) -> None:
        """`keeps_details` where the server wants its reasoning back, `thinking_in_total_only` as in `Dialect`."""
        self._keeps_details = keeps_details
        self._thinking_in_total_only = thinking_in_total_only
        self._masker = masker
        self._open_kind: type[TextDelta] | type[ThinkingDelta] | None = None
        self._joiner = PairJoiner()
        self._calls: dict[int, _Call] = {}
        self._index_by_id: dict[str, int] = {}
        self._highest_index = 0
        self._details: list[dict[str, Any]] = []
        self._sources: dict[str, None] = {}
        """Cited sources, in order."""
        self._is_thought_open = False
        """The last content was a thought of Gemini's, whose closing tag may come next."""
        self._text_extra: Json | None = None
        """What the server wants back with the text."""
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

    @staticmethod
    def is_reply(body: Json) -> bool:
        """Return whether a response in one piece is a reply or an error."""
        return bool(body.get("choices") or body.get("error"))

    @property
    def has_stopped(self) -> bool:
        """Whether the model has stopped; only usage may still arrive."""
        return self._finish_reason is not None or self._failure is not None

    def read_json(self, chunk: Any) -> Iterable[ProviderEvent]:
        """Return the events in a chunk."""
        if not isinstance(chunk, dict):
            return ()
        if chunk.get("error"):
            self._fail(chunk["error"])
        return self._events(chunk)

    def _fail(self, error: Any) -> None:
        """Remember the first error; the usage may come with it or after it."""
        self._failure = self._failure or error_in_stream(error, self._has_started, self._masker)

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
                self._fail(choice["error"])
        self._read_sources(chunk)
        usage = usage_in(chunk, thinking_in_total_only=self._thinking_in_total_only)
        if usage is not None and usage != self._usage:
            self._usage = usage
            events.append(UsageReported(usage, is_final=self.has_stopped))
        return events

    def _read_sources(self, chunk: Json) -> None:
        """Remember what the reply is based on, as Perplexity reports it with each chunk."""
        results = chunk.get("search_results") or chunk.get("citations")
        for result in _bounded_list(results) if results else ():
            self._cite({"url": result} if isinstance(result, str) else result)

    def _cite(self, citation: Any) -> None:
        if source := source_text(citation):
            self._sources[source] = None

    def _read_delta(self, delta: dict[str, Any], events: list[ProviderEvent]) -> None:
        thinking = delta.get("reasoning_content") or delta.get("reasoning")
        if details := delta.get("reasoning_details"):
            thinking = self._read_details(details, thinking, events)
        if isinstance(thinking, str) and thinking:
            self._add_text(ThinkingDelta, thinking, events)
        content, extra = delta.get("content"), delta.get("extra_content")
        if isinstance(content, str):
            if content:
                self._add_content(content, extra, events)
        elif isinstance(content, list):
            self._read_content_parts(_bounded_list(content), events)
        if _signature_in(extra):
            self._text_extra = extra
        if annotations := delta.get("annotations"):
            for annotation in _bounded_list(annotations):
                self._cite(mapping_of(annotation).get("url_citation"))
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            self._is_refusal = True
            self._add_text(TextDelta, refusal, events)
        if calls := delta.get("tool_calls"):
            for call in _bounded_list(calls):
                if isinstance(call, dict):
                    self._read_call(call, events)
        if isinstance(call := delta.get("function_call"), dict):
            self._read_call({"index": 0, "function": call}, events)

    def _add_content(self, content: str, extra: Any, events: list[ProviderEvent]) -> None:
        """Add text; Gemini sends thoughts as text too, marked and within tags."""
        if _google_fields(extra).get("thought") is True:
            thought, closing, content = content.removeprefix("<thought>").partition("</thought>")
            self._is_thought_open = not closing
            self._add_text(ThinkingDelta, thought, events)
        elif self._is_thought_open:
            self._is_thought_open = False
            content = content.removeprefix("</thought>")
        if content:
            self._add_text(TextDelta, content, events)

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
        if _signature_in(extra := call.get("extra_content")):
            open_call.extra_content = extra
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
        events.append(PartEnd(self._take_details() if is_thinking else _extra_opaque(self._text_extra)))
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
        events += [PartEnd(_extra_opaque(call.extra_content), call.id) for call in self._calls.values()]
        self._calls.clear()
        self._index_by_id.clear()
        self._highest_index = 0
        if late_details := self._take_details():
            events.append(PartDelta(ThinkingPart("", late_details)))

    def end(self) -> Iterator[ProviderEvent]:
        """Yield the last events when the stream has ended. Raises if it ended too early."""
        if self._failure is not None:
            raise self._failure
        if self._finish_reason in _FAILURES:
            raise StreamCut(f"the server ended the reply: {self._finish_reason}", detail="error")
        if self._finish_reason is None and not self.is_done:
            sentence = "the stream ended before the reply did" if self._has_chunks else _EMPTY_REPLY
            raise StreamCut(sentence, detail="dropped")
        had_calls = bool(self._calls)
        events: list[ProviderEvent] = []
        self._close_all(events)
        yield from events
        yield from (PartDelta(source_part(source)) for source in self._sources)
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


def _google_fields(extra_content: Any) -> Json:
    """Return what Gemini adds, under the name of the API that it was asked over."""
    extra = mapping_of(extra_content)
    return mapping_of(extra.get("google") or extra.get("vertex"))


def _signature_in(extra_content: Any) -> bool:
    return isinstance(_google_fields(extra_content).get("thought_signature"), str)


def _extra_opaque(extra_content: Json | None) -> Opaque | None:
    return None if extra_content is None else Opaque(WIRE, _to_json({"extra_content": extra_content}))


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

"""Turns the body of a response of the Messages API into events and usage. Opens no connection.

`event_batches` reads bytes as JSON events, `MessageReader` turns those into events of the core, `UsageMeter` adds up
the usage.
"""

import json
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tui_chat.core.bounds import OutOfBounds, reported_count
from tui_chat.core.clean import PairJoiner, valid_text
from tui_chat.core.error import ProtocolBroken, StreamCut
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
from tui_chat.core.part import Opaque, OtherPart, ThinkingPart, ToolResultPart
from tui_chat.core.sources import source_part
from tui_chat.core.text_buffer import TextBuffer
from tui_chat.core.usage import SPECIAL_TIERS, UNKNOWN_USAGE, Terms, Usage
from tui_chat.providers.anthropic.block_text import citation_text, is_failed_result, result_text
from tui_chat.providers.anthropic.errors import page_message
from tui_chat.providers.bounded_body import LONGEST_DELTA, error_body, in_parts, parse_json, whole_body
from tui_chat.providers.error_details import shown_word
from tui_chat.providers.sse import COMMENT, Event, EventReader, slices
from tui_chat.providers.values import list_of, mapping_of, text_of

WIRE = "anthropic"
"""The wire of every `Opaque` made here."""
_MAX_BLOCKS = 1_000
"""In a message that comes in one piece; reading more would block the event loop."""
_Batch = list[dict[str, Any] | None]


async def event_batches(response: httpx2.Response, masker: Masker = NO_SECRETS) -> AsyncGenerator[_Batch, None]:
    """Yield the events of each read together; `None` is a comment, or bytes that complete no event."""
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "text/html":
        title = page_message((await error_body(response)).decode("utf-8", "replace"), masker)
        raise ProtocolBroken(f"a web page came instead of a reply: {title}", detail="html")
    if content_type == "application/json":
        yield _events_of_json(parse_json(await whole_body(response)))
        return
    reader = EventReader()
    async with aclosing(response.aiter_bytes()) as chunks:
        async for chunk in chunks:
            for part in slices(chunk):
                batch, error = _parse_events(reader.feed(part))
                yield batch or [None]
                if error := error or reader.fault:
                    raise error
    # An event that the end of the stream cut short is dropped; the missing end of the message shows the cut.
    yield _parse_events(reader.end())[0]


def _parse_events(sse_events: list[Event]) -> tuple[_Batch, Exception | None]:
    """Return the events up to the first that cannot be read, and why it cannot."""
    batch: _Batch = []
    for sse_event in sse_events:
        try:
            batch.append(_parse_event(sse_event))
        except ValueError as error:
            return batch, error
    return batch, None


def _parse_event(sse_event: Event) -> dict[str, Any] | None:
    """Return an event as JSON. Raises `ValueError` for an unreadable one."""
    name, data = sse_event
    if sse_event is COMMENT or data == b"[DONE]":
        return None
    if name == "ping":
        return {"type": "ping"}
    if name == "error" and not data.startswith(b"{"):
        return {"type": "error", "error": {"message": data.decode("utf-8", "replace")}}
    value = parse_json(data.decode()) if data else None
    return value if isinstance(value, dict) else None


def _events_of_json(body: object) -> list[dict[str, Any] | None]:
    """Return the events of a response that is one JSON object although a stream was requested."""
    match body:
        case {"type": "message"}:
            return [*events_of_message(mapping_of(body))]
        case {"error": dict()}:
            return [{**mapping_of(body), "type": "error"}]
    raise ProtocolBroken("the answer is no message", detail="json")


def events_of_message(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream for a message that came in one piece."""
    yield {"type": "message_start", "message": {**message, "content": []}}
    for index, block in enumerate(_blocks_of(message)):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_stop"}


def _blocks_of(message: dict[str, Any]) -> list[Any]:
    blocks = list_of(message.get("content"))
    if len(blocks) > _MAX_BLOCKS:
        raise StreamCut(f"a message has more than {_MAX_BLOCKS} blocks", detail="garbled")
    return blocks


@dataclass(slots=True)
class _Block:
    """A block that is still arriving."""

    start: dict[str, Any]
    """The block from its start event, with the deltas of unknown kinds added."""
    kind: str
    pieces: TextBuffer = field(default_factory=TextBuffer)
    signature: TextBuffer = field(default_factory=TextBuffer)
    growing: dict[str, TextBuffer] = field(default_factory=dict)
    """Texts that arrive in deltas of unknown kinds, by field."""
    citations: list[Any] = field(default_factory=list)
    joiner: PairJoiner = field(default_factory=PairJoiner)

    @property
    def call_id(self) -> str:
        return text_of(self.start.get("id"))


class MessageReader:
    """Reads the events of one message. Unknown blocks and events are harmless."""

    def __init__(self, overlap: str = "", masker: Masker = NO_SECRETS) -> None:
        """`overlap` is the trailing space of a continued reply: it was not sent, so the model may repeat it."""
        self._masker = masker
        self._overlap = overlap
        self._blocks: dict[int, _Block] = {}
        self._call_ids: set[str] = set()
        self._texts: list[_Block] = []
        """Finished blocks of a text that may continue in the next block."""
        self._usage = UsageMeter()
        self._stop_reason = ""
        self._stop_detail = ""
        self._sources: dict[str, None] = {}
        """Cited sources, in order."""
        self.is_complete = False
        """The message has ended; a stream that ends before that was cut."""

    def read(self, event: dict[str, Any]) -> list[ProviderEvent]:
        """Return the events of the core for an event of the API."""
        match event.get("type"):
            case "content_block_delta":
                return self._delta(event)
            case "content_block_start":
                return self._start(_index(event), event.get("content_block"))
            case "content_block_stop":
                return self._stop(_index(event))
            case "message_start":
                return self._message_start(event)
            case "message_delta":
                return self._message_delta(event)
            case "message_stop":
                return self._message_stop()
        return []

    def _message_start(self, event: dict[str, Any]) -> list[ProviderEvent]:
        message = event.get("message")
        if not isinstance(message, dict):
            return []
        self._read_stop(message)
        events = self._read_usage(message.get("usage"))
        for at, block in enumerate(_blocks_of(message)):
            events += self._start(-1 - at, block)
            events += self._stop(-1 - at)
        return events

    def _message_delta(self, event: dict[str, Any]) -> list[ProviderEvent]:
        if isinstance(delta := event.get("delta"), dict):
            self._read_stop(delta)
        return self._read_usage(event.get("usage"), is_final=bool(self._stop_reason))

    def _message_stop(self) -> list[ProviderEvent]:
        self.is_complete = True
        end = self._end_text()
        citations = [PartDelta(source_part(source)) for source in self._sources]
        return [*end, *citations, Stopped(self._stop_reason or "end_turn", self._stop_detail)]

    def _read_stop(self, message: dict[str, Any]) -> None:
        if isinstance(reason := message.get("stop_reason"), str):
            self._stop_reason = shown_word(reason, self._masker)
        if isinstance(sequence := message.get("stop_sequence"), str):
            self._stop_detail = shown_word(sequence, self._masker)
        if isinstance(details := message.get("stop_details"), dict):
            texts = (shown_word(details.get(name), self._masker) for name in ("category", "explanation"))
            self._stop_detail = ": ".join(filter(None, texts))

    def _read_usage(self, usage_json: object, *, is_final: bool = False) -> list[ProviderEvent]:
        if not isinstance(usage_json, dict):
            return []
        self._usage.update(usage_json)
        return [UsageReported(self._usage.usage, is_final)]

    def _start(self, index: int, start: object) -> list[ProviderEvent]:
        if not isinstance(start, dict):
            return []
        kind = start.get("type")
        block = _Block(dict(start), kind if isinstance(kind, str) else "unknown")
        if _is_call(block.kind):
            block.start["id"] = block.call_id or f"call_{index}"
            if block.call_id in self._call_ids:
                return []
            self._call_ids.add(block.call_id)
        self._blocks[index] = block
        if self._texts and not self._continues_text(block):
            return [*self._end_text(), *self._started(block, start)]
        return self._started(block, start)

    def _started(self, block: _Block, start: dict[str, Any]) -> list[ProviderEvent]:
        match block.kind:
            case "text":
                block.citations = list(list_of(start.get("citations")))
                return self._add_text(block, start.get("text"))
            case "thinking":
                block.signature = TextBuffer(text_of(start.get("signature")))
                return self._add_text(block, start.get("thinking")) or [ThinkingDelta("")]
            case kind if _is_call(kind):
                return [ToolCallDelta(block.call_id, text_of(start.get("name")), "", kind != "tool_use")]
        return []

    def _delta(self, event: dict[str, Any]) -> list[ProviderEvent]:
        delta = event.get("delta")
        if not isinstance(delta, dict):
            return []
        kind = delta.get("type")
        block = self._blocks.get(_index(event))
        if block is None:
            block = _block_without_start(kind)
            if block is None:
                return []
            self._blocks[_index(event)] = block
        match kind, block.kind:
            case "text_delta", "text":
                return self._add_text(block, delta.get("text"))
            case "thinking_delta", "thinking":
                return self._add_text(block, delta.get("thinking"))
            case "input_json_delta", block_kind if _is_call(block_kind):
                return self._add_text(block, delta.get("partial_json"))
            case "signature_delta", "thinking":
                block.signature.add(text_of(delta.get("signature")))
            case "citations_delta", "text":
                block.citations.append(delta.get("citation"))
            case _:
                _merge_unknown(block, {key: value for key, value in delta.items() if key != "type"})
        return []

    def _add_text(self, block: _Block, piece: object) -> list[ProviderEvent]:
        if not isinstance(piece, str) or not piece:
            return []
        block.pieces.add(piece)
        if self._overlap and block.kind == "text":
            piece = self._without_overlap(piece)
        text = block.joiner.feed(piece)
        if len(text) <= LONGEST_DELTA:
            return [_delta_event(block, text)] if text else []
        return [_delta_event(block, part) for part in in_parts(text)]

    def _without_overlap(self, piece: str) -> str:
        common = 0
        while common < min(len(piece), len(self._overlap)) and piece[common] == self._overlap[common]:
            common += 1
        self._overlap = self._overlap[common:] if common == len(piece) else ""
        return piece[common:]

    def _stop(self, index: int) -> list[ProviderEvent]:
        block = self._blocks.pop(index, None)
        if block is None:
            return []
        block.start |= {key: pieces.text for key, pieces in block.growing.items()}
        rest = block.joiner.end()
        events = [_delta_event(block, rest)] if rest else []
        match block.kind:
            case "text":
                self._cite(block)
                self._texts.append(block)
            case "thinking":
                events.append(PartEnd(_signed_thinking(block)))
            case "redacted_thinking":
                events.append(PartDelta(ThinkingPart("", opaque_block(block.start))))
            case kind if _is_call(kind):
                events += _call_end(block)
            case kind if kind.endswith("tool_result"):
                events.append(PartDelta(_tool_result(block.start, self._masker)))
            case kind:
                events.append(PartDelta(OtherPart(kind, opaque_block(block.start))))
        return events

    def _continues_text(self, block: _Block) -> bool:
        """Return whether a block continues the text before it, as a cited passage within a sentence does."""
        return block.kind == "text" and ("citations" in block.start or bool(self._texts[-1].citations))

    def _cite(self, block: _Block) -> None:
        for citation in block.citations:
            if isinstance(citation, dict):
                self._sources[valid_text(citation_text(citation))] = None

    def _end_text(self) -> list[ProviderEvent]:
        """Return the end of a text, which has a block for each passage with citations of its own."""
        texts, self._texts = self._texts, []
        if not texts:
            return []
        blocks = [
            {**text.start, "text": text.pieces.text} | ({"citations": text.citations} if text.citations else {})
            for text in texts
        ]
        if len(blocks) > 1:
            return [PartEnd(_opaque(blocks))]
        return [PartEnd(opaque_block(blocks[0]) if texts[0].citations else None)]


def _delta_event(block: _Block, text: str) -> ProviderEvent:
    if block.kind == "text":
        return TextDelta(text)
    if block.kind == "thinking":
        return ThinkingDelta(text)
    return ToolCallDelta(block.call_id, "", text, block.kind != "tool_use")


def _block_without_start(delta_kind: object) -> _Block | None:
    """Return a block for a delta whose start event is missing, where its kind is clear."""
    match delta_kind:
        case "text_delta":
            return _Block({"type": "text"}, "text")
        case "thinking_delta":
            return _Block({"type": "thinking"}, "thinking")
    return None


def opaque_block(block: dict[str, Any]) -> Opaque:
    return _opaque(block)


def _opaque(value: dict[str, Any] | list[dict[str, Any]]) -> Opaque:
    return Opaque(WIRE, valid_text(json.dumps(value, ensure_ascii=False)))


def _signed_thinking(block: _Block) -> Opaque | None:
    if not block.signature:
        return None
    return opaque_block({**block.start, "thinking": block.pieces.text, "signature": block.signature.text})


def _call_end(block: _Block) -> list[ProviderEvent]:
    """Return the end of a tool call, with its arguments if they came in the start event or not at all."""
    events: list[ProviderEvent] = []
    on_server = block.kind != "tool_use"
    if not block.pieces:
        arguments = mapping_of(block.start.get("input"))
        block.pieces.add(json.dumps(arguments, ensure_ascii=False))
        events.append(ToolCallDelta(block.call_id, "", valid_text(block.pieces.text), on_server))
    try:
        arguments = parse_json(block.pieces.text)
    except ValueError:
        return [*events, PartEnd(None, block.call_id)]
    return [*events, PartEnd(opaque_block({**block.start, "input": arguments}), block.call_id)]


def _tool_result(block: dict[str, Any], masker: Masker) -> ToolResultPart:
    """Return a tool result. A tool's error may quote a secret and is masked; what a tool found stays unchanged."""
    text, original = valid_text(result_text(block.get("content"))), opaque_block(block)
    failed = is_failed_result(block)
    if failed:
        text, original = masker.mask_whole(text), Opaque(WIRE, masker.mask_whole(original.json))
    return ToolResultPart(text_of(block.get("tool_use_id")), text, failed, original)


def _merge_unknown(block: _Block, delta: dict[str, Any]) -> None:
    """Merge a delta of an unknown kind: texts and lists are appended, other values replaced."""
    for key, value in delta.items():
        match block.start.get(key), value:
            case str(old), str(more):
                block.growing.setdefault(key, TextBuffer(old)).add(more)
            case list(old), list(more):
                old.extend(more)
            case _:
                block.growing.pop(key, None)
                block.start[key] = value


def _is_call(kind: str) -> bool:
    return kind.endswith("tool_use")


def _index(event: dict[str, Any]) -> int:
    index = event.get("index")
    return index if isinstance(index, int) else 0


class UsageMeter:
    """The usage of one message so far. Figures are cumulative: a later one replaces an earlier one.

    Where a count is unbelievable the usage is unknown, and so estimated, until a later figure replaces that count.
    """

    def __init__(self) -> None:
        self._figures: dict[str, Any] = {}
        self._details: dict[str, dict[str, Any]] = {"cache_creation": {}, "output_tokens_details": {}}
        self._details["server_tool_use"] = {}

    def update(self, usage_json: dict[str, Any]) -> None:
        """Take over new figures; one that is missing or null keeps its old value."""
        self._figures.update({name: value for name, value in usage_json.items() if value is not None})
        for name, details in self._details.items():
            new = mapping_of(usage_json.get(name))
            details.update({key: value for key, value in new.items() if value is not None})

    @property
    def usage(self) -> Usage:
        """In counts that do not overlap. A cache write without a lifetime counts as a short one."""
        try:
            usage = self._usage()
        except OutOfBounds:
            return UNKNOWN_USAGE
        return usage if usage.is_in_bounds else UNKNOWN_USAGE

    def _usage(self) -> Usage:
        figures, written = self._figures, self._details["cache_creation"]
        one_hour = reported_count(written.get("ephemeral_1h_input_tokens"))
        five_minutes = reported_count(written.get("ephemeral_5m_input_tokens"))
        total = reported_count(figures.get("cache_creation_input_tokens")) or one_hour + five_minutes
        return Usage(
            input_tokens=reported_count(figures.get("input_tokens")),
            cache_read_tokens=reported_count(figures.get("cache_read_input_tokens")),
            cache_write_5m_tokens=max(total - one_hour, 0),
            cache_write_1h_tokens=one_hour,
            output_tokens=reported_count(figures.get("output_tokens")),
            thinking_tokens=reported_count(self._details["output_tokens_details"].get("thinking_tokens")),
            web_searches=reported_count(self._details["server_tool_use"].get("web_search_requests")),
            terms=self._terms(),
        )

    def _terms(self) -> Terms:
        """Return what the price depends on besides the tokens."""
        words = (text_of(self._figures.get(name)) for name in ("speed", "service_tier"))
        region = text_of(self._figures.get("inference_geo"))
        return Terms(
            next((word for word in words if word in SPECIAL_TIERS), ""),
            "" if region in ("global", "not_available") else region,
        )

"""Turns the events of a message stream into core events. Needs no SDK and no network."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tui_chat.core.clean import PairJoiner, valid_text
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
from tui_chat.core.part import Opaque, OtherPart, ThinkingPart, ToolResultPart
from tui_chat.core.text_buffer import TextBuffer
from tui_chat.providers.anthropic.blocks import citation_text, is_failed_result, result_text
from tui_chat.providers.anthropic.usage import UsageMeter
from tui_chat.providers.anthropic.values import list_of, text_of
from tui_chat.providers.bounded_body import LONGEST_DELTA, in_parts, parse_json
from tui_chat.providers.retry_after import shown_word

_MOST_BLOCKS = 1_000
"""In a message that comes at once; reading more would hold up everything else."""
WIRE = "anthropic"
"""The name on every `Opaque` made here."""


def opaque(block: dict[str, Any]) -> Opaque:
    """The block as it goes back."""
    return Opaque(WIRE, valid_text(json.dumps(block, ensure_ascii=False)))


@dataclass(slots=True)
class _Block:
    """A block that is coming in."""

    start: dict[str, Any]
    """As it was announced, with what pieces of unknown kinds added to it."""
    kind: str
    pieces: TextBuffer = field(default_factory=TextBuffer)
    signature: TextBuffer = field(default_factory=TextBuffer)
    growing: dict[str, TextBuffer] = field(default_factory=dict)
    """Texts of the block that come in pieces of unknown kinds."""
    citations: list[Any] = field(default_factory=list)
    joiner: PairJoiner = field(default_factory=PairJoiner)

    @property
    def call_id(self) -> str:
        found = self.start.get("id")
        return found if isinstance(found, str) else ""


class MessageReader:
    """Reads one message, event by event; blocks and events it does not know do no harm."""

    def __init__(self, overlap: str = "", masker: Masker = NO_SECRETS) -> None:
        """`overlap` is blank space that ended a continued reply and was not sent; the model may write it again."""
        self._masker = masker
        self._overlap = overlap
        self._blocks: dict[int, _Block] = {}
        self._calls: set[str] = set()
        self._usage = UsageMeter()
        self._reason = ""
        self._detail = ""
        self._cited: dict[str, None] = {}
        self.ended = False
        """Whether the message is whole; a stream that stops before was cut."""

    def read(self, event: dict[str, Any]) -> list[ProviderEvent]:
        """What an event says; nothing, when it says nothing to us."""
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
        self._note_stop(message)
        events = self._note_usage(message.get("usage"))
        for at, block in enumerate(blocks_of(message)):
            events += self._start(-1 - at, block)
            events += self._stop(-1 - at)
        return events

    def _message_delta(self, event: dict[str, Any]) -> list[ProviderEvent]:
        if isinstance(delta := event.get("delta"), dict):
            self._note_stop(delta)
        return self._note_usage(event.get("usage"))

    def _message_stop(self) -> list[ProviderEvent]:
        self.ended = True
        cited = [PartDelta(OtherPart(f"citation: {source}")) for source in self._cited]
        return [*cited, Stopped(self._reason or "end_turn", self._detail)]

    def _note_stop(self, said: dict[str, Any]) -> None:
        if isinstance(reason := said.get("stop_reason"), str):
            self._reason = shown_word(reason, self._masker)
        if isinstance(sequence := said.get("stop_sequence"), str):
            self._detail = shown_word(sequence, self._masker)
        if isinstance(details := said.get("stop_details"), dict):
            words = (shown_word(details.get(name), self._masker) for name in ("category", "explanation"))
            self._detail = ": ".join(filter(None, words))

    def _note_usage(self, usage: object) -> list[ProviderEvent]:
        if not isinstance(usage, dict):
            return []
        self._usage.note(usage)
        return [UsageReported(self._usage.usage)]

    def _start(self, index: int, start: object) -> list[ProviderEvent]:
        if not isinstance(start, dict):
            return []
        kind = start.get("type")
        block = _Block(dict(start), kind if isinstance(kind, str) else "unknown")
        if _is_call(block.kind):
            block.start["id"] = block.call_id or f"call_{index}"
            if block.call_id in self._calls:
                return []
            self._calls.add(block.call_id)
        self._blocks[index] = block
        match block.kind:
            case "text":
                block.citations = list(list_of(start.get("citations")))
                return self._grow(block, start.get("text"))
            case "thinking":
                block.signature = TextBuffer(text_of(start.get("signature")))
                return self._grow(block, start.get("thinking")) or [ThinkingDelta("")]
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
            block = _block_for(kind)
            if block is None:
                return []
            self._blocks[_index(event)] = block
        match kind, block.kind:
            case "text_delta", "text":
                return self._grow(block, delta.get("text"))
            case "thinking_delta", "thinking":
                return self._grow(block, delta.get("thinking"))
            case "input_json_delta", called if _is_call(called):
                return self._grow(block, delta.get("partial_json"))
            case "signature_delta", "thinking":
                block.signature.add(text_of(delta.get("signature")))
            case "citations_delta", "text":
                block.citations.append(delta.get("citation"))
            case _:
                _merge(block, {key: value for key, value in delta.items() if key != "type"})
        return []

    def _grow(self, block: _Block, piece: object) -> list[ProviderEvent]:
        if not isinstance(piece, str) or not piece:
            return []
        block.pieces.add(piece)
        if self._overlap and block.kind == "text":
            piece = self._without_overlap(piece)
        text = block.joiner.feed(piece)
        if len(text) <= LONGEST_DELTA:
            return [_piece(block, text)] if text else []
        return [_piece(block, part) for part in in_parts(text)]

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
        held = block.joiner.end()
        events = [_piece(block, held)] if held else []
        match block.kind:
            case "text":
                events.append(PartEnd(self._cited_text(block)))
            case "thinking":
                events.append(PartEnd(_signed(block)))
            case "redacted_thinking":
                events.append(PartDelta(ThinkingPart("", opaque(block.start))))
            case kind if _is_call(kind):
                events += _call_end(block)
            case kind if kind.endswith("tool_result"):
                events.append(PartDelta(_result(block.start, self._masker)))
            case kind:
                events.append(PartDelta(OtherPart(kind, opaque(block.start))))
        return events

    def _cited_text(self, block: _Block) -> Opaque | None:
        if not block.citations:
            return None
        for citation in block.citations:
            if isinstance(citation, dict):
                self._cited[valid_text(citation_text(citation))] = None
        return opaque({**block.start, "text": block.pieces.text, "citations": block.citations})


def _piece(block: _Block, text: str) -> ProviderEvent:
    if block.kind == "text":
        return TextDelta(text)
    if block.kind == "thinking":
        return ThinkingDelta(text)
    return ToolCallDelta(block.call_id, "", text, block.kind != "tool_use")


def _block_for(delta_kind: object) -> _Block | None:
    """A block that was never announced."""
    match delta_kind:
        case "text_delta":
            return _Block({"type": "text"}, "text")
        case "thinking_delta":
            return _Block({"type": "thinking"}, "thinking")
    return None


def _signed(block: _Block) -> Opaque | None:
    if not block.signature:
        return None
    return opaque({**block.start, "thinking": block.pieces.text, "signature": block.signature.text})


def _call_end(block: _Block) -> list[ProviderEvent]:
    """The end of a tool call. One whose arguments came with its announcement, or that has none, gets them here."""
    events: list[ProviderEvent] = []
    on_server = block.kind != "tool_use"
    if not block.pieces:
        arguments = block.start.get("input")
        block.pieces.add(json.dumps(arguments if isinstance(arguments, dict) else {}, ensure_ascii=False))
        events.append(ToolCallDelta(block.call_id, "", valid_text(block.pieces.text), on_server))
    try:
        arguments = parse_json(block.pieces.text)
    except ValueError:
        return [*events, PartEnd(None, block.call_id)]
    return [*events, PartEnd(opaque({**block.start, "input": arguments}), block.call_id)]


def _result(block: dict[str, Any], masker: Masker) -> ToolResultPart:
    """A tool's result. An error of a tool may quote a secret as any error does; what a tool found stays as it is."""
    text, whole, failed = valid_text(result_text(block.get("content"))), opaque(block), is_failed_result(block)
    if failed:
        text, whole = masker.mask_whole(text), Opaque(WIRE, masker.mask_whole(whole.json))
    return ToolResultPart(text_of(block.get("tool_use_id")), text, failed, whole)


def blocks_of(message: dict[str, Any]) -> list[Any]:
    """The blocks of a message that came whole."""
    blocks = list_of(message.get("content"))
    if len(blocks) > _MOST_BLOCKS:
        raise StreamCut(f"a message has more than {_MOST_BLOCKS} blocks", detail="garbled")
    return blocks


def events_of_message(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A message that came whole, as the events of a stream."""
    yield {"type": "message_start", "message": {**message, "content": []}}
    for index, block in enumerate(blocks_of(message)):
        yield {"type": "content_block_start", "index": index, "content_block": block}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "message_stop"}


def _merge(block: _Block, delta: dict[str, Any]) -> None:
    """Pieces of an unknown kind: text and lists grow, the rest is replaced."""
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

"""Turns the events of a response of the Responses API into events of the core. Knows no bytes, opens no connection.

Each output item becomes a part, and the item itself goes with it as it is sent back.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tui_chat.core.clean import PairJoiner, valid_text
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
from tui_chat.core.part import AttachmentPart, Opaque, OtherPart, ToolResultPart
from tui_chat.core.sources import source_part
from tui_chat.core.text_buffer import TextBuffer
from tui_chat.core.usage import Usage
from tui_chat.providers.bounded_body import LONGEST_DELTA, in_parts
from tui_chat.providers.error_details import shown_word
from tui_chat.providers.openai.errors import error_in_stream
from tui_chat.providers.openai.responses_items import (
    Item,
    arguments_of,
    call_id,
    call_name,
    is_call,
    is_client_call,
    is_failed,
    opaque_item,
    result_text,
    searches_in,
    source_text,
    whole_texts,
)
from tui_chat.providers.openai.usage import usage_in
from tui_chat.providers.values import list_of, mapping_of, text_of

_MAX_ITEMS = 2_000
"""In one response that comes whole; reading more would block the event loop."""
_SLOTS = {
    "response.output_text": ("message", "content"),
    "response.refusal": ("message", "content"),
    "response.reasoning_text": ("reasoning", "content"),
    "response.reasoning": ("reasoning", "content"),
    "response.reasoning_summary_text": ("reasoning", "summary"),
    "response.reasoning_summary": ("reasoning", "summary"),
}
"""The kind of item and the list in it that a text belongs to, by the name of its events."""
_ARGUMENTS = {
    "response.function_call_arguments": "function_call",
    "response.mcp_call_arguments": "mcp_call",
    "response.custom_tool_call_input": "custom_tool_call",
}
_UNPRICED = {"code_interpreter_call": "code interpreter", "image_generation_call": "image generation"}
_IMAGE_TYPES = ("png", "jpeg", "webp")

Slot = tuple[str, int]


@dataclass(slots=True)
class _OpenItem:
    """An output item that is still arriving."""

    start: Item
    kind: str
    call_id: str = ""
    texts: dict[Slot, TextBuffer] = field(default_factory=dict)
    slot: Slot | None = None
    """The text that is open."""
    arguments: TextBuffer = field(default_factory=TextBuffer)
    joiner: PairJoiner = field(default_factory=PairJoiner)


class ResponsesReader:
    """Reads the events of one response."""

    def __init__(self, masker: Masker = NO_SECRETS) -> None:
        self._masker = masker
        self._items: dict[int | str, _OpenItem] = {}
        self._has_items = False
        self._has_calls = False
        self._has_started = False
        """Some text or a tool call has arrived."""
        self._is_refusal = False
        self._searches = self._file_searches = 0
        self._unpriced: dict[str, None] = {}
        """Tools of the server that were used and that no price list has."""
        self._sources: dict[str, None] = {}
        """Cited sources, in order."""
        self._has_events = False
        self._stop_reason = ""
        self.is_done = False
        """The response has ended."""

    @property
    def has_stopped(self) -> bool:
        """Whether the model has stopped: the last event of a response holds its usage."""
        return self.is_done

    @staticmethod
    def is_reply(body: Mapping[str, Any]) -> bool:
        """Whether a response in one piece is a reply or an error."""
        return isinstance(body.get("output"), list) or bool(body.get("error"))

    def read_json(self, value: Any) -> Iterable[ProviderEvent]:
        """Return the events in an event of the API, or in a response that came whole."""
        if not isinstance(value, dict) or self.is_done:
            return ()
        kind = value.get("type")
        if kind == "error" or (value.get("error") and "output" not in value):
            raise error_in_stream(value.get("error") or value, self._has_started, self._masker)
        if not isinstance(kind, str):
            return self._ended(value) if "output" in value else ()
        self._has_events = True
        name, _, phase = kind.rpartition(".")
        if name in _SLOTS:
            return self._text(value, *_SLOTS[name], phase, is_refusal=name == "response.refusal")
        if name in _ARGUMENTS:
            return self._arguments(value, _ARGUMENTS[name], phase)
        match kind:
            case "response.output_item.added":
                return self._added(value)
            case "response.output_item.done":
                return self._done(value)
            case "response.output_text.annotation.added":
                self._cite(value.get("annotation"))
            case "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled":
                return self._ended(mapping_of(value.get("response")))
        return ()

    def end(self) -> Iterator[ProviderEvent]:
        """Yield the last events when the stream has ended. Raises if it ended too early."""
        if not self.is_done:
            sentence = "the stream ended before the reply did" if self._has_events else "the server sent no reply"
            raise StreamCut(sentence, detail="dropped")
        yield from self._close_all([])
        yield from (PartDelta(source_part(source)) for source in self._sources)
        reason = self._stop_reason or ("tool_calls" if self._has_calls else "completed")
        yield Stopped("refusal" if self._is_refusal else reason)

    def _added(self, event: Mapping[str, Any]) -> list[ProviderEvent]:
        key, events = _key(event), list[ProviderEvent]()
        if key in self._items:
            events += self._finish(key, self._items[key].start)
        self._open(key, mapping_of(event.get("item")), events)
        return events

    def _open(self, key: int | str, item: Item, events: list[ProviderEvent]) -> _OpenItem:
        kind = text_of(item.get("type"))
        opened = self._items[key] = _OpenItem(item, kind, call_id(item) or f"call_{key}")
        self._has_items = True
        if kind == "reasoning":
            events.append(ThinkingDelta(""))
        elif is_call(kind):
            self._has_started = True
            on_server = not is_client_call(kind)
            self._has_calls = self._has_calls or not on_server
            events.append(ToolCallDelta(opened.call_id, call_name(item), "", on_server))
        return opened

    def _item(self, event: Mapping[str, Any], kind: str, events: list[ProviderEvent]) -> _OpenItem:
        """Return the open item of an event, or open it if its start is missing."""
        key = _key(event)
        item = self._items.get(key)
        if item is not None and item.kind != kind:
            events += self._finish(key, item.start)
            item = None
        if item is None:
            item = self._open(key, {"type": kind, "id": text_of(event.get("item_id"))}, events)
        return item

    def _text(
        self, event: Mapping[str, Any], kind: str, field_name: str, phase: str, *, is_refusal: bool
    ) -> list[ProviderEvent]:
        events: list[ProviderEvent] = []
        index = event.get("summary_index" if field_name == "summary" else "content_index")
        slot = (field_name, index if isinstance(index, int) else 0)
        self._is_refusal = self._is_refusal or is_refusal
        if phase == "delta":
            item = self._item(event, kind, events)
            delta = event.get("delta")
            text = delta if isinstance(delta, str) else text_of(mapping_of(delta).get("text"))
            self._add_text(item, slot, text, events)
        elif phase == "done":
            item = self._item(event, kind, events)
            self._complete_text(item, slot, text_of(event.get("text")) or text_of(event.get("refusal")), events)
        return events

    def _add_text(self, item: _OpenItem, slot: Slot, text: str, events: list[ProviderEvent]) -> None:
        if not text:
            return
        is_thinking = item.kind == "reasoning"
        if item.slot != slot:
            # The parts of a summary are paragraphs, each a part of its own; the content of a message is one text.
            if item.slot is not None and is_thinking:
                self._close_text(item, events)
                events.append(PartEnd())
            item.slot = slot
        item.texts.setdefault(slot, TextBuffer()).add(text)
        if text := item.joiner.feed(text):
            self._has_started = True
            make = ThinkingDelta if is_thinking else TextDelta
            events += [make(text)] if len(text) <= LONGEST_DELTA else map(make, in_parts(text))

    def _complete_text(self, item: _OpenItem, slot: Slot, whole: str, events: list[ProviderEvent]) -> None:
        """Add what is missing of a text that came in pieces, if it came in pieces at all."""
        arrived = item.texts[slot].text if slot in item.texts else ""
        if len(whole) > len(arrived) and whole.startswith(arrived):
            self._add_text(item, slot, whole[len(arrived) :], events)

    def _close_text(self, item: _OpenItem, events: list[ProviderEvent]) -> None:
        if rest := item.joiner.end():
            events.append(ThinkingDelta(rest) if item.kind == "reasoning" else TextDelta(rest))

    def _arguments(self, event: Mapping[str, Any], kind: str, phase: str) -> list[ProviderEvent]:
        events: list[ProviderEvent] = []
        item = self._item(event, kind, events)
        if kind != "custom_tool_call":
            if phase == "delta":
                self._add_arguments(item, text_of(event.get("delta")), events)
            elif phase == "done":
                self._complete_arguments(item, text_of(event.get("arguments")), events)
        return events

    def _add_arguments(self, item: _OpenItem, piece: str, events: list[ProviderEvent]) -> None:
        item.arguments.add(piece)
        on_server = not is_client_call(item.kind)
        events += (ToolCallDelta(item.call_id, "", part, on_server) for part in in_parts(valid_text(piece)))

    def _complete_arguments(self, item: _OpenItem, whole: str, events: list[ProviderEvent]) -> None:
        arrived = item.arguments.text
        if len(whole) > len(arrived) and whole.startswith(arrived):
            self._add_arguments(item, whole[len(arrived) :], events)

    def _done(self, event: Mapping[str, Any]) -> list[ProviderEvent]:
        item = mapping_of(event.get("item"))
        key, events = _key(event), list[ProviderEvent]()
        is_open = key in self._items and self._items[key].kind == text_of(item.get("type"))
        if not is_open:
            self._open(key, item, events)
        return [*events, *self._finish(key, item)]

    def _finish(self, key: int | str, whole: Item) -> list[ProviderEvent]:
        """Return what is missing of an item, and its end with the item as it is sent back."""
        item, events = self._items.pop(key), list[ProviderEvent]()
        self._searches += searches_in(whole)
        self._file_searches += whole.get("type") == "file_search_call"
        if tool := _UNPRICED.get(text_of(whole.get("type"))):
            self._unpriced[tool] = None
        for name, at, text in whole_texts(whole):
            self._complete_text(item, (name, at), text, events)
        self._close_text(item, events)
        for piece in list_of(whole.get("content")):
            for annotation in list_of(mapping_of(piece).get("annotations")):
                self._cite(annotation)
            self._is_refusal = self._is_refusal or mapping_of(piece).get("type") == "refusal"
        if item.kind in ("message", "reasoning"):
            events.append(PartEnd(opaque_item(whole)))
        elif is_call(item.kind):
            events += self._finish_call(item, whole)
        elif item.kind.endswith("_call_output"):
            events.append(PartDelta(self._result(whole, item.call_id, opaque_item(whole))))
        elif item.kind:
            events.append(PartDelta(OtherPart(item.kind, opaque_item(whole))))
        return events

    def _finish_call(self, item: _OpenItem, whole: Item) -> list[ProviderEvent]:
        events: list[ProviderEvent] = []
        self._complete_arguments(item, arguments_of(whole), events)
        events.append(PartEnd(opaque_item(whole), item.call_id))
        if not is_client_call(item.kind):
            if item.kind == "image_generation_call" and (image := _image(whole)) is not None:
                events.append(PartDelta(image))
            elif result_text(whole):
                events.append(PartDelta(self._result(whole, item.call_id)))
        return events

    def _result(self, item: Item, answered_id: str, opaque: Opaque | None = None) -> ToolResultPart:
        text, failed = valid_text(result_text(item)), is_failed(item)
        return ToolResultPart(answered_id, self._masker.mask_whole(text) if failed else text, failed, opaque)

    def _cite(self, annotation: object) -> None:
        if source := source_text(annotation):
            self._sources[source] = None

    def _ended(self, response: Mapping[str, Any]) -> Iterator[ProviderEvent]:
        """Yield the rest of a response that has ended, with its usage. Raises the error of one that failed."""
        self.is_done = True
        status = shown_word(response.get("status"), self._masker)
        output = [mapping_of(item) for item in list_of(response.get("output"))[:_MAX_ITEMS]]
        if not self._has_items:
            for at, item in enumerate(output):
                yield from self._done({"output_index": at, "item": item})
        yield from self._close_all(output)
        if (usage := usage_in(response)) is not None:
            yield UsageReported(self._with_searches(usage), is_final=True)
        if status in ("failed", "cancelled") or response.get("error"):
            raise self._failure(response, status)
        if status == "incomplete":
            details = mapping_of(response.get("incomplete_details"))
            self._stop_reason = shown_word(details.get("reason"), self._masker) or status

    def _failure(self, response: Mapping[str, Any], status: str) -> ProviderError:
        error = response.get("error") or {"message": f"the server ended the reply: {status}"}
        return error_in_stream(error, self._has_started, self._masker)

    def _with_searches(self, usage: Usage) -> Usage:
        terms = replace(usage.terms, file_searches=self._file_searches, unpriced=tuple(self._unpriced))
        searches = usage.web_searches or self._searches
        return usage if usage.unknown else replace(usage, web_searches=searches, terms=terms)

    def _close_all(self, output: list[Item]) -> Iterator[ProviderEvent]:
        """Yield the end of each item that is still open, as the whole response has it or as far as it arrived."""
        for key in tuple(self._items):
            opened = self._items[key]
            whole = output[key] if isinstance(key, int) and key < len(output) else {}
            if whole.get("type") == opened.kind:
                yield from self._finish(key, whole)
            else:
                del self._items[key]
                yield PartEnd(call_id=opened.call_id if is_call(opened.kind) else None)


def _key(event: Mapping[str, Any]) -> int | str:
    """Return what identifies the item of an event within its response."""
    index = event.get("output_index")
    return index if isinstance(index, int) else text_of(event.get("item_id"))


def _image(item: Item) -> AttachmentPart | None:
    """Return the picture that the server made."""
    try:
        data = base64.b64decode(text_of(item.get("result")), validate=True)
    except (ValueError, binascii.Error):
        return None
    kind = text_of(item.get("output_format"))
    kind = kind if kind in _IMAGE_TYPES else "png"
    return AttachmentPart(f"image.{kind}", f"image/{kind}", data) if data else None

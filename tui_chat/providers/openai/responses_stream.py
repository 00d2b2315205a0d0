"""Turns the events of a response of the Responses API into events of the core. Knows no bytes, opens no connection.

Each output item becomes a part, and the item itself goes with it as it is sent back.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tui_chat.core.clean import valid_text
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
from tui_chat.core.part import AttachmentPart, Opaque, OtherPart, Part, ThinkingPart, ToolResultPart
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
from tui_chat.providers.openai.responses_open_items import OpenItem, OpenItems, Slot
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
_FAILED = ("failed", "cancelled")
_IMAGE_TYPES = ("png", "jpeg", "webp")

Name = tuple[object, ...]


class ResponsesReader:
    def __init__(self, masker: Masker = NO_SECRETS) -> None:
        self._masker = masker
        self._items = OpenItems()
        self._current: OpenItem | None = None
        """The item with the text that was added last."""
        self._late: list[Part] = []
        """What came while the text of another item was open."""
        self._seen = Counter[str]()
        """The items that arrived, by kind."""
        self._finished: set[Name] = set()
        """The items that ended: one that comes twice must not be called twice."""
        self._has_calls = False
        self._has_started = False
        """Some text or a tool call has arrived."""
        self._is_refusal = False
        self._searches = self._file_searches = 0
        self._unpriced: dict[str, None] = {}
        """Tools of the server that were used and that no price list has."""
        self._sources: dict[str, None] = {}
        self._has_events = False
        self._stop_reason = ""
        self._failure: ProviderError | None = None
        """The error that was reported; the usage may come after it."""
        self.is_done = False
        self.response_id = ""
        self._is_resumed = False
        self.last_number = -1
        """Of the events that were read; an event that comes again after a lost connection is passed over."""

    @property
    def has_stopped(self) -> bool:
        """Whether the model has stopped; after an error, the last event may still arrive with the usage."""
        return self.is_done or self._failure is not None

    @staticmethod
    def is_reply(body: Mapping[str, Any]) -> bool:
        """Return whether a response in one piece is a reply or an error."""
        return isinstance(body.get("output"), list) or bool(body.get("error"))

    def read_json(self, value: Any) -> Iterable[ProviderEvent]:
        """Return the events in an event of the API, or in a response that came whole."""
        if not isinstance(value, dict) or self.is_done:
            return ()
        kind = value.get("type")
        if kind == "error" or (value.get("error") and "output" not in value):
            self._fail(value.get("error") or value)
            return self._usage_of(value)
        if not isinstance(kind, str):
            return self._ended(value) if "output" in value else ()
        if self._is_repeated(value):
            return ()
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
                return self._done(mapping_of(value.get("item")), _index(value))
            case "response.output_text.annotation.added":
                self._cite(value.get("annotation"))
            case (
                "response.completed"
                | "response.incomplete"
                | "response.failed"
                | "response.cancelled"
                | "response.done"
            ):
                return self._ended(mapping_of(value.get("response")), phase)
        return ()

    def end(self) -> Iterator[ProviderEvent]:
        """Yield the last events when the stream has ended. Raises if it ended too early or with an error."""
        if self._failure is not None:
            raise self._failure
        if not (self.is_done and self._has_events):
            sentence = "the stream ended before the reply did" if self._has_events else "the server sent no reply"
            raise StreamCut(sentence, detail="dropped")
        yield from self._close_all([])
        yield from (PartDelta(source_part(source)) for source in self._sources)
        reason = self._stop_reason or ("tool_calls" if self._has_calls else "completed")
        yield Stopped("refusal" if self._is_refusal else reason)

    def resume(self) -> None:
        """Expect the events after the last one; those before it may come again."""
        self._is_resumed = True

    def _is_repeated(self, event: Mapping[str, Any]) -> bool:
        self.response_id = self.response_id or text_of(mapping_of(event.get("response")).get("id"))
        number = event.get("sequence_number")
        if not isinstance(number, int):
            return False
        is_repeated = self._is_resumed and number <= self.last_number
        self.last_number = max(number, self.last_number)
        return is_repeated

    def _fail(self, error: Any) -> None:
        """Remember the first error."""
        self._failure = self._failure or error_in_stream(error, self._has_started, self._masker)

    def _added(self, event: Mapping[str, Any]) -> list[ProviderEvent]:
        item, events = mapping_of(event.get("item")), list[ProviderEvent]()
        kind, item_id = text_of(item.get("type")), text_of(item.get("id"))
        index, is_open = _index(event), self._items.with_id(kind, item_id)
        is_known = (is_open is not None and is_open.index == index) or _name(item, index) in self._finished
        if kind and not is_known:
            self._open(item, index, events)
        return events

    def _open(self, item: Item, index: int | None, events: list[ProviderEvent]) -> OpenItem:
        kind = text_of(item.get("type"))
        opened = OpenItem(kind, text_of(item.get("id")), index, call_id(item) or f"call_{self._seen.total()}")
        self._items.add(opened)
        self._seen[kind] += 1
        if kind == "reasoning":
            self._make_current(opened, events)
            events.append(ThinkingDelta(""))
        elif is_call(kind):
            self._leave_current(events)
            self._has_started = True
            on_server = not is_client_call(kind)
            self._has_calls = self._has_calls or not on_server
            events.append(ToolCallDelta(opened.call_id, call_name(item), "", on_server))
        return opened

    def _item(self, event: Mapping[str, Any], kind: str, events: list[ProviderEvent]) -> OpenItem:
        """Return the open item of an event, or open it if its start is missing."""
        item_id, index = text_of(event.get("item_id")), _index(event)
        found = self._items.find(kind, item_id, index)
        return found or self._open({"type": kind, "id": item_id}, index, events)

    def _text(
        self, event: Mapping[str, Any], kind: str, field_name: str, phase: str, *, is_refusal: bool
    ) -> list[ProviderEvent]:
        events: list[ProviderEvent] = []
        index = event.get("summary_index" if field_name == "summary" else "content_index")
        slot = (field_name, index if isinstance(index, int) else 0)
        self._is_refusal = self._is_refusal or is_refusal
        if phase == "delta":
            delta = event.get("delta")
            if text := delta if isinstance(delta, str) else text_of(mapping_of(delta).get("text")):
                self._add_text(self._item(event, kind, events), slot, text, events)
        elif phase == "done" and (text := text_of(event.get("text")) or text_of(event.get("refusal"))):
            self._complete_text(self._item(event, kind, events), slot, text, events)
        return events

    def _add_text(self, item: OpenItem, slot: Slot, text: str, events: list[ProviderEvent]) -> None:
        is_thinking = item.kind == "reasoning"
        if self._current is not item:
            self._make_current(item, events)
        elif is_thinking and item.slot not in (None, slot):
            # The parts of a summary are paragraphs, each a part of its own; the content of a message is one text.
            self._close_text(item, events)
            events.append(PartEnd())
        item.slot = slot
        item.texts.setdefault(slot, TextBuffer()).add(text)
        if text := item.joiner.feed(text):
            self._has_started = True
            make = ThinkingDelta if is_thinking else TextDelta
            events += [make(text)] if len(text) <= LONGEST_DELTA else map(make, in_parts(text))

    def _make_current(self, item: OpenItem, events: list[ProviderEvent]) -> None:
        self._leave_current(events)
        self._current = item

    def _leave_current(self, events: list[ProviderEvent]) -> None:
        """End the part that is open, since another one follows although its item has not ended."""
        if (item := self._current) is not None:
            self._close_text(item, events)
            events.append(PartEnd())
            item.is_split = True
            self._current = None

    def _complete_text(self, item: OpenItem, slot: Slot, whole: str, events: list[ProviderEvent]) -> None:
        """Add what is missing of a text that came in pieces, if it came in pieces at all."""
        arrived = item.texts[slot].text if slot in item.texts else ""
        if len(whole) > len(arrived) and whole.startswith(arrived):
            self._add_text(item, slot, whole[len(arrived) :], events)

    def _close_text(self, item: OpenItem, events: list[ProviderEvent]) -> None:
        if rest := item.joiner.end():
            events.append(ThinkingDelta(rest) if item.kind == "reasoning" else TextDelta(rest))

    def _arguments(self, event: Mapping[str, Any], kind: str, phase: str) -> list[ProviderEvent]:
        events: list[ProviderEvent] = []
        is_known = self._items.find(kind, text_of(event.get("item_id")), _index(event)) is not None
        # Without its start the id of a call is not known; the finished item has the whole call.
        if kind != "custom_tool_call" and (is_known or not is_client_call(kind)):
            item = self._item(event, kind, events)
            if phase == "delta":
                self._add_arguments(item, text_of(event.get("delta")), events)
            elif phase == "done":
                self._complete_arguments(item, text_of(event.get("arguments")), events)
        return events

    def _add_arguments(self, item: OpenItem, piece: str, events: list[ProviderEvent]) -> None:
        item.arguments.add(piece)
        on_server = not is_client_call(item.kind)
        events += (ToolCallDelta(item.call_id, "", part, on_server) for part in in_parts(valid_text(piece)))

    def _complete_arguments(self, item: OpenItem, whole: str, events: list[ProviderEvent]) -> None:
        arrived = item.arguments.text
        if len(whole) > len(arrived) and whole.startswith(arrived):
            self._add_arguments(item, whole[len(arrived) :], events)

    def _done(self, whole: Item, index: int | None) -> list[ProviderEvent]:
        events: list[ProviderEvent] = []
        kind = text_of(whole.get("type"))
        if kind and _name(whole, index) not in self._finished:
            item = self._items.find(kind, text_of(whole.get("id")), index) or self._open(whole, index, events)
            self._finish(item, whole, events)
        return events

    def _finish(self, item: OpenItem, whole: Item, events: list[ProviderEvent]) -> None:
        """Add what is missing of an item, and its end with the item as it is sent back."""
        self._items.remove(item)
        if named := _name(whole, item.index):
            self._finished.add(named)
        self._searches += searches_in(whole)
        self._file_searches += item.kind == "file_search_call"
        if tool := _UNPRICED.get(item.kind):
            self._unpriced[tool] = None
        for name, at, text in whole_texts(whole):
            self._complete_text(item, (name, at), text, events)
        for piece in list_of(whole.get("content")):
            for annotation in list_of(mapping_of(piece).get("annotations")):
                self._cite(annotation)
            self._is_refusal = self._is_refusal or mapping_of(piece).get("type") == "refusal"
        opaque = opaque_item(whole)
        if item.kind in ("message", "reasoning"):
            self._finish_text(item, opaque, events)
        elif is_call(item.kind):
            self._finish_call(item, whole, opaque, events)
        elif item.kind.endswith("_call_output"):
            self._late.append(self._result(whole, item.call_id, opaque))
        else:
            self._late.append(OtherPart(item.kind, opaque))
        self._add_late(events)

    def _finish_text(self, item: OpenItem, opaque: Opaque, events: list[ProviderEvent]) -> None:
        """End the part of an item. Of a message in several parts each is sent back as the text that it holds."""
        is_message = item.kind == "message"
        if self._current is item:
            self._close_text(item, events)
            events.append(PartEnd(None if is_message and item.is_split else opaque))
            self._current = None
        elif not is_message:
            self._late.append(ThinkingPart("", opaque))

    def _add_late(self, events: list[ProviderEvent]) -> None:
        """Add whole parts, unless a text is open, which they would cut in two."""
        if self._current is None:
            events += map(PartDelta, self._late)
            self._late.clear()

    def _finish_call(self, item: OpenItem, whole: Item, opaque: Opaque, events: list[ProviderEvent]) -> None:
        self._complete_arguments(item, arguments_of(whole), events)
        events.append(PartEnd(opaque, item.call_id))
        if not is_client_call(item.kind):
            if item.kind == "image_generation_call" and (image := _image(whole)) is not None:
                self._late.append(image)
            elif result_text(whole):
                self._late.append(self._result(whole, item.call_id))

    def _result(self, item: Item, answered_id: str, opaque: Opaque | None = None) -> ToolResultPart:
        text, failed = valid_text(result_text(item)), is_failed(item)
        return ToolResultPart(answered_id, self._masker.mask_whole(text) if failed else text, failed, opaque)

    def _cite(self, annotation: object) -> None:
        if source := source_text(annotation):
            self._sources[source] = None

    def _ended(self, response: Mapping[str, Any], phase: str = "") -> Iterator[ProviderEvent]:
        """Yield the rest of a response that has ended, with its usage. Raises the error of one that failed."""
        self.is_done = self._has_events = True
        status = phase if phase in _FAILED else shown_word(response.get("status"), self._masker)
        output = [mapping_of(item) for item in list_of(response.get("output"))[:_MAX_ITEMS]]
        yield from self._close_all(output)
        yield from self._missing(output)
        yield from self._usage_of(response)
        if status in _FAILED or response.get("error"):
            self._fail(response.get("error") or {"message": f"the server ended the reply: {status}"})
        if self._failure is not None:
            raise self._failure
        if status == "incomplete":
            details = mapping_of(response.get("incomplete_details"))
            self._stop_reason = shown_word(details.get("reason"), self._masker) or status

    def _usage_of(self, response: Mapping[str, Any]) -> Iterator[ProviderEvent]:
        if (usage := usage_in(response)) is not None:
            yield UsageReported(self._with_searches(usage), is_final=True)

    def _with_searches(self, usage: Usage) -> Usage:
        terms = replace(usage.terms, file_searches=self._file_searches, unpriced=tuple(self._unpriced))
        searches = usage.web_searches or self._searches
        return usage if usage.unknown else replace(usage, web_searches=searches, terms=terms)

    def _close_all(self, output: list[Item]) -> list[ProviderEvent]:
        """Return the end of each item that is still open, as the whole response has it or as far as it arrived."""
        events: list[ProviderEvent] = []
        by_name = {
            (text_of(item.get("type")), name): item
            for item in output
            for name in (text_of(item.get("id")), text_of(item.get("call_id")))
            if name
        }
        for item in self._items:
            at_index = output[item.index] if item.index is not None and 0 <= item.index < len(output) else {}
            found = by_name.get((item.kind, item.id)) or by_name.get((item.kind, item.call_id)) or at_index
            whole = found if found.get("type") == item.kind else {}
            if whole:
                self._finish(item, whole, events)
                continue
            self._items.remove(item)
            if item is self._current:
                self._leave_current(events)
            elif is_call(item.kind):
                events.append(PartEnd(call_id=item.call_id))
        self._add_late(events)
        return events

    def _missing(self, output: list[Item]) -> Iterator[ProviderEvent]:
        """Yield the items of the whole response that did not arrive before."""
        seen = self._seen.copy()
        for index, item in enumerate(output):
            kind = text_of(item.get("type"))
            if seen[kind] > 0:
                seen[kind] -= 1
            else:
                yield from self._done(item, index)


def _index(event: Mapping[str, Any]) -> int | None:
    """Return the place of the item of an event in the output."""
    index = event.get("output_index")
    return index if isinstance(index, int) else None


def _name(item: Item, index: int | None) -> Name:
    """Return what identifies an item, as far as servers can be trusted; empty if nothing does."""
    kind = text_of(item.get("type"))
    if named := text_of(item.get("call_id")):
        return kind, named
    item_id = text_of(item.get("id"))
    return (kind, item_id, index) if item_id else ()


def _image(item: Item) -> AttachmentPart | None:
    """Return the picture that the server made."""
    try:
        data = base64.b64decode(text_of(item.get("result")), validate=True)
    except (ValueError, binascii.Error):
        return None
    kind = text_of(item.get("output_format"))
    kind = kind if kind in _IMAGE_TYPES else "png"
    return AttachmentPart(f"image.{kind}", f"image/{kind}", data) if data else None

"""Reads the body of a response on the OpenAI wire: a stream of events, or one JSON object instead.

A `JsonReader` for each API reads what the JSON means. Opens no connection.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from tui_chat.core.error import StreamCut
from tui_chat.core.event import ProviderEvent, SignOfLife
from tui_chat.core.masking import NO_SECRETS, Masker
from tui_chat.providers.bounded_body import TooManyValues, parse_json, too_large
from tui_chat.providers.openai.errors import not_a_reply_error
from tui_chat.providers.sse import COMMENT, LARGEST_EVENT_BYTES, Event, EventReader, slices

_ALIVE = SignOfLife()
_BOM = b"\xef\xbb\xbf"
_LARGE = 1_000_000


class JsonReader(Protocol):
    is_done: bool
    """The server has sent its end mark."""

    @property
    def has_stopped(self) -> bool:
        """Whether the model has stopped; only usage may still arrive."""
        ...

    def is_reply(self, body: Mapping[str, Any]) -> bool:
        """Return whether a response in one piece is a reply or an error."""
        ...

    def read_json(self, value: Any) -> Iterable[ProviderEvent]:
        """Return the events in one value. Raises for an error."""
        ...

    def end(self) -> Iterator[ProviderEvent]:
        """Yield the last events when the stream has ended. Raises if it ended too early."""
        ...


class ReplyReader:
    """Reads one response, which may also be something that is no reply."""

    def __init__(self, content_type: str, reader: JsonReader, masker: Masker = NO_SECRETS) -> None:
        self._content_type = content_type.lower()
        self._reader = reader
        self._masker = masker
        self._sse = EventReader()
        self._is_stream: bool | None = None
        self._body = bytearray()

    @property
    def is_done(self) -> bool:
        """Whether the server sent its end mark."""
        return self._reader.is_done

    @property
    def has_stopped(self) -> bool:
        """Whether the model has stopped; only usage may still arrive."""
        return self._reader.has_stopped

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
        yield from self._reader.end()

    def _claims_json(self) -> bool:
        return (
            "json" in self._content_type and "ndjson" not in self._content_type and "jsonl" not in self._content_type
        )

    def _read_events(self, sse_events: list[Event]) -> Iterator[ProviderEvent]:
        if not sse_events:
            yield _ALIVE
        for sse_event in sse_events:
            if sse_event is COMMENT:
                yield _ALIVE
                continue
            name, raw = sse_event
            if len(raw) > _LARGE:
                yield _ALIVE  # lets the loop do other work before it is parsed
            try:
                data = raw.decode()
            except UnicodeDecodeError:
                raise StreamCut("the stream is not UTF-8", detail="garbled") from None
            events = self._read(_as_error(data) if name == "error" and data else data)
            if self.is_done:
                yield from events
                return
            if events:
                yield from events
            else:
                yield _ALIVE
        if self._sse.fault is not None:
            raise self._sse.fault

    def _read(self, data: str) -> Iterable[ProviderEvent]:
        """Return the events in the data of one SSE event. Raises for an error or unreadable data."""
        try:
            value = parse_json(data)
        except TooManyValues as error:
            raise StreamCut(f"an event of the stream holds {error}", detail="garbled") from None
        except ValueError:
            return self._read_lines(data)
        return self._reader.read_json(value)

    def _read_lines(self, data: str) -> list[ProviderEvent]:
        """Read data that is not JSON: the end mark, blank lines, or several events without separators."""
        events: list[ProviderEvent] = []
        lines = [line for line in map(str.strip, data.split("\n")) if line]
        for line in lines:
            if line == "[DONE]":
                self._reader.is_done = True
            elif len(lines) > 1:
                events += self._read(line)
            else:
                raise StreamCut("the stream holds something that is no JSON", detail="garbled")
        return events

    def _read_body(self) -> Iterator[ProviderEvent]:
        """Read a reply that came as one object although a stream was requested."""
        try:
            reply = parse_json(bytes(self._body))
        except TooManyValues:
            raise too_large() from None
        except ValueError:
            raise not_a_reply_error(self._body, self._content_type, self._masker) from None
        if not isinstance(reply, dict) or not self._reader.is_reply(reply):
            raise not_a_reply_error(self._body, self._content_type, self._masker)
        yield from self._reader.read_json(reply)
        self._reader.is_done = True


def _as_error(data: str) -> str:
    """Return the data of an event named `error` as a chunk with an error, whatever it holds."""
    text = data.strip()
    return f'{{"error": {text if text.startswith("{") else json.dumps(text)}}}'

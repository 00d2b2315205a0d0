"""The bytes of an answer → events, whatever form the answer has. Knows no connection: it is fed."""

import json
from collections.abc import Iterator

from tui_chat.core.error import StreamCut
from tui_chat.core.event import ProviderEvent, SignOfLife
from tui_chat.providers.openai_chunks import ChunkReader
from tui_chat.providers.openai_errors import broken
from tui_chat.providers.openai_sse import EventReader

_MOST_BYTES = 32_000_000
"""Of an answer that comes whole."""
_ALIVE = SignOfLife()


class ReplyReader:
    """Reads one answer: a stream of events, one JSON object in place of it, or something that is no reply."""

    def __init__(self, content_type: str, *, keeps_details: bool = False) -> None:
        self._type = content_type.lower()
        self._chunks = ChunkReader(keeps_details=keeps_details)
        self._lines = EventReader()
        self._is_stream: bool | None = None
        self._whole = b""

    @property
    def done(self) -> bool:
        """Nothing more is to be read."""
        return self._chunks.done

    @property
    def finished(self) -> bool:
        """The model has stopped; at most its usage is still to come."""
        return self._chunks.finished

    def feed(self, raw: bytes) -> Iterator[ProviderEvent]:
        """The events these bytes complete."""
        if self._is_stream is None:
            raw = self._whole + raw
            self._whole = b""
            start = raw.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
            if start:
                self._is_stream = not (start == b"<" or (start in (b"{", b"[") and self._claims_json()))
        if self._is_stream:
            yield from self._read(self._lines.feed(raw))
            return
        self._whole += raw
        if len(self._whole) > _MOST_BYTES:
            raise StreamCut("the answer never ends", detail="garbled")
        yield _ALIVE

    def end(self) -> Iterator[ProviderEvent]:
        """The last events, once nothing more comes. Raises where that is too early."""
        if self._is_stream:
            yield from self._read(self._lines.end())
        elif self._whole.strip() or self._claims_json():
            yield from self._read_whole()
        yield from self._chunks.end()

    def _claims_json(self) -> bool:
        return "json" in self._type and "ndjson" not in self._type and "jsonl" not in self._type

    def _read(self, found: list[str | None]) -> Iterator[ProviderEvent]:
        chunks = self._chunks
        for data in found:
            if data is None:
                yield _ALIVE
                continue
            events = chunks.read(data)
            if chunks.done:
                return
            if events:
                yield from events
            else:
                yield _ALIVE
        if self._lines.fault is not None:
            raise self._lines.fault

    def _read_whole(self) -> Iterator[ProviderEvent]:
        """A reply that came as one object, though a stream was asked for."""
        try:
            told = json.loads(self._whole)
        except (ValueError, RecursionError):
            raise broken(self._whole, self._type) from None
        if not isinstance(told, dict) or not (told.get("choices") or told.get("error")):
            raise broken(self._whole, self._type)
        yield from self._chunks.read(json.dumps(told))
        self._chunks.done = True

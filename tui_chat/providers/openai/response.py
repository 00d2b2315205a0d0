"""The bytes of an answer → events, whatever form the answer has. Knows no connection: it is fed."""

import json
from collections.abc import Iterator

from tui_chat.core.error import StreamCut
from tui_chat.core.event import ProviderEvent, SignOfLife
from tui_chat.core.masking import NO_SECRETS, Masker
from tui_chat.providers.bounded_body import TooManyValues, parse_json, too_large
from tui_chat.providers.openai.chunks import ChunkReader
from tui_chat.providers.openai.errors import broken
from tui_chat.providers.sse import COMMENT, LARGEST_EVENT_BYTES, Event, EventReader, slices

_ALIVE = SignOfLife()
_BOM = b"\xef\xbb\xbf"


class ReplyReader:
    """Reads one answer: a stream of events, one JSON object in place of it, or something that is no reply."""

    def __init__(self, content_type: str, *, keeps_details: bool = False, masker: Masker = NO_SECRETS) -> None:
        self._type = content_type.lower()
        self._masker = masker
        self._chunks = ChunkReader(keeps_details=keeps_details, masker=masker)
        self._lines = EventReader()
        self._is_stream: bool | None = None
        self._whole = bytearray()

    @property
    def done(self) -> bool:
        """Nothing more is to be read."""
        return self._chunks.done

    @property
    def finished(self) -> bool:
        """The model has stopped; at most its usage is still to come."""
        return self._chunks.finished

    def feed(self, raw: bytes) -> Iterator[ProviderEvent]:
        """The events these bytes complete, and a sign of life where they complete none."""
        if self._is_stream is None:
            # Blank space before the answer is dropped, however much comes.
            raw = (bytes(self._whole) + raw).removeprefix(_BOM).lstrip()
            self._whole.clear()
            if raw and not _BOM.startswith(raw):
                self._is_stream = not (raw[:1] == b"<" or (raw[:1] in (b"{", b"[") and self._claims_json()))
        if self._is_stream:
            for part in slices(raw):
                yield from self._read(self._lines.feed(part))
            return
        self._whole += raw
        if len(self._whole) > LARGEST_EVENT_BYTES:
            raise too_large()
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

    def _read(self, found: list[Event]) -> Iterator[ProviderEvent]:
        chunks = self._chunks
        if not found:
            yield _ALIVE
        for event in found:
            if event is COMMENT:
                yield _ALIVE
                continue
            name, raw = event
            try:
                data = raw.decode()
            except UnicodeDecodeError:
                raise StreamCut("the stream is not UTF-8", detail="garbled") from None
            events = chunks.read(_as_error(data) if name == "error" and data else data)
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
            told = parse_json(bytes(self._whole))
        except TooManyValues:
            raise too_large() from None
        except ValueError:
            raise broken(self._whole, self._type, self._masker) from None
        if not isinstance(told, dict) or not (told.get("choices") or told.get("error")):
            raise broken(self._whole, self._type, self._masker)
        yield from self._chunks.read_value(told)
        self._chunks.done = True


def _as_error(data: str) -> str:
    """The data of an event that is called an error, so that it reads as one whatever it holds."""
    said = data.strip()
    return f'{{"error": {said if said.startswith("{") else json.dumps(said)}}}'

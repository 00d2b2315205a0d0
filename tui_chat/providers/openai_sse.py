"""Server-sent events as real servers write them: bytes in, the data of whole events out. Knows no JSON.

More forgiving than the standard where servers are: a last event without its blank line counts, a line that is bare
JSON is an event, and comments are told, since they are signs of life.
"""

import json

from tui_chat.core.error import StreamCut

_MOST_BYTES = 16_000_000
"""Of one event; what is longer is no reply."""


class EventReader:
    """Reads one stream."""

    def __init__(self) -> None:
        self._rest = b""
        self._after_cr = False
        self._begun = False
        self._data: list[str] = []
        self._is_error = False
        self.fault: StreamCut | None = None
        """Why what follows the last events cannot be read."""

    def feed(self, raw: bytes) -> list[str | None]:
        """The data of each event these bytes complete; `None` for a comment."""
        if self._after_cr and raw[:1] == b"\n":
            raw = raw[1:]
        if raw:
            self._after_cr = False
        if b"\r" in raw:
            self._after_cr = raw.endswith(b"\r")
            raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        raw = self._rest + raw
        lines = raw.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _MOST_BYTES:
            self.fault = StreamCut("an event never ends", detail="garbled")
        return self._read_all(lines)

    def end(self) -> list[str | None]:
        """What is left when the stream ends."""
        line, self._rest = self._rest, b""
        return self._read_all([line, b""] if line else [b""])

    def _read_all(self, lines: list[bytes]) -> list[str | None]:
        found: list[str | None] = []
        try:
            for line in lines:
                self._read(line, found)
        except UnicodeDecodeError:
            self.fault = StreamCut("the stream is not UTF-8", detail="garbled")
        return found

    def _read(self, line: bytes, found: list[str | None]) -> None:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line[:5] == b"data:":
            self._data.append((line[6:] if line[5:6] == b" " else line[5:]).decode())
        elif not line:
            if self._data:
                data = "\n".join(self._data)
                self._data.clear()
                found.append(_as_error(data) if self._is_error else data)
            self._is_error = False
        elif line[:1] == b":":
            found.append(None)
        elif line[:6] == b"error:":
            found.append(_as_error(line[6:].decode()))
        elif line[:6] == b"event:":
            self._is_error = line[6:].strip() == b"error"
        elif line[:1] == b"{":
            found.append(line.decode())


def _as_error(data: str) -> str:
    """Data of an event that is called an error, so that it reads as one whatever it holds."""
    said = data.strip()
    return f'{{"error": {said if said.startswith("{") else json.dumps(said)}}}'

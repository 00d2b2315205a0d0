"""Cuts the bytes of an event stream into events, however they were cut on the way. Knows not what they say."""

LARGEST_EVENT_BYTES = 64_000_000
COMMENT = ("comment", b"")
"""Stands for a comment: a sign of life."""

Event = tuple[str, bytes]
"""Its name, which may be empty, and its data."""


class EventCutter:
    """Takes chunks, gives events. Lines may end in LF, CRLF or CR."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._rest_size = 0
        self._after_cr = False
        self._name = ""
        self._data: list[bytes] = []
        self._data_size = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that are whole with this chunk. One without end raises `ValueError`."""
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == 10:
                chunk = chunk[1:]
        self._rest.append(chunk)
        self._rest_size += len(chunk)
        events: list[Event] = []
        if b"\n" in chunk or b"\r" in chunk:
            text = b"".join(self._rest)
            lines = text.splitlines()
            self._after_cr = text[-1] == 13
            self._rest = [] if text[-1] in b"\r\n" else [lines.pop()]
            self._rest_size = sum(map(len, self._rest))
            events = self._events(lines)
        if self._rest_size + self._data_size > LARGEST_EVENT_BYTES:
            raise ValueError("an event without end")
        return events

    def end(self) -> list[Event]:
        """What is left when the bytes are over; its last lines may be cut."""
        return self._events([b"".join(self._rest), b""])

    def _events(self, lines: list[bytes]) -> list[Event]:
        events: list[Event] = []
        for line in lines:
            if not line:
                if self._data or self._name:
                    events.append((self._name, b"\n".join(self._data)))
                    self._name, self._data, self._data_size = "", [], 0
            elif line.startswith(b"data:"):
                value = line[6:] if line[5:6] == b" " else line[5:]
                self._data.append(value)
                self._data_size += len(line)
            elif line.startswith(b"event:"):
                self._name = line[6:].strip().decode("utf-8", "replace")
            elif line[0] == 58:
                events.append(COMMENT)
        return events

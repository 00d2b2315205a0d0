"""Bytes into events: whatever the chunks, whatever the line ends."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_chat.providers import anthropic_sse
from tui_chat.providers.anthropic_sse import COMMENT, EventCutter

BODY = (
    b'event: a\ndata: {"x": "\xc3\xa9"}\n\n: hm\n\ndata:one\ndata:  two\n\n'
    b"event: b\n\nid: 3\nretry: 1\nodd\n\ndata\n\n"
)
EVENTS = [("a", b'{"x": "\xc3\xa9"}'), COMMENT, ("", b"one\n two"), ("b", b"")]


def cut(chunks: list[bytes]) -> list[tuple[str, bytes]]:
    cutter = EventCutter()
    return [event for chunk in chunks for event in cutter.feed(chunk)] + cutter.end()


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@given(cuts=st.lists(st.integers(0, len(BODY) + 20)))
def test_any_chunking_gives_the_same_events(newline: bytes, cuts: list[int]) -> None:
    body = BODY.replace(b"\n", newline)
    at = [0, *sorted(min(place, len(body)) for place in cuts), len(body)]
    assert cut([body[start:end] for start, end in pairwise(at)]) == EVENTS


def test_the_last_event_counts_even_without_its_blank_line() -> None:
    assert cut([b"data: a\n\ndata: b"]) == [("", b"a"), ("", b"b")]
    assert cut([b"data: a\n\ndata: b\n"]) == [("", b"a"), ("", b"b")]
    assert cut([b"data: a\r\n\r\n"]) == [("", b"a")]
    assert cut([b""]) == []


@pytest.mark.parametrize("chunk", [b"x" * 40, b"data: " + b"x" * 30 + b"\n"])
def test_an_event_without_end_is_refused(chunk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anthropic_sse, "LARGEST_EVENT_BYTES", 100)
    cutter = EventCutter()
    with pytest.raises(ValueError, match="without end"):
        for _ in range(5):
            cutter.feed(chunk)


def test_many_events_are_no_event_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anthropic_sse, "LARGEST_EVENT_BYTES", 100)
    cutter = EventCutter()
    assert sum(len(cutter.feed(b"data: " + b"x" * 40 + b"\n\n")) for _ in range(50)) == 50
    assert len(cutter.feed((b"data: " + b"x" * 40 + b"\n\n") * 50)) == 50

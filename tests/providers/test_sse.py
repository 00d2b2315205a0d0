"""Server-sent events in every form bytes may give them, whatever the chunks and the line ends."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.attacks import attack
from tui_chat.providers import sse
from tui_chat.providers.sse import COMMENT, Event, EventReader

BODY = (
    b'event: a\ndata: {"x": "\xc3\xa9"}\n\n: hm\n\ndata:one\ndata:  two\n\n'
    b"event: b\n\nid: 3\nretry: 1\nodd\n\ndata\n\n"
)
EVENTS = [("a", b'{"x": "\xc3\xa9"}'), COMMENT, ("", b"one\n two"), ("b", b"")]


def read(*parts: bytes) -> list[Event]:
    reader = EventReader()
    return [event for part in parts for event in reader.feed(part)] + reader.end()


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"data: a\n\n", ["a"]),
        (b"data:a\n\n", ["a"]),
        (b"data:  a\n\n", [" a"]),
        (b"data: a\r\n\r\n", ["a"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b"data: a\n\ndata: b", ["a", "b"]),
        (b"data: a\n\ndata: b\n", ["a", "b"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b"id: 1\nretry: 5\nevent: x\ndata: a\n\n", ["a"]),
        (b": ping\n\ndata: a\n\n", [None, "a"]),
        (b"data: a", ["a"]),
        (b"data: a\n", ["a"]),
        (b"\n\n\n", []),
        (b"", []),
        (b"nonsense\n\n", []),
        (b'{"a": 1}\n{"b": 2}\n', ['{"a": 1}', '{"b": 2}']),
        ("data: \u0085\u2028\n\n".encode(), ["\u0085\u2028"]),
    ],
)
def test_events_come_out_whatever_their_form(raw: bytes, data: list[str | None]) -> None:
    for parts in ([raw], [raw[at : at + 1] for at in range(len(raw))]):
        assert [None if event is COMMENT else event[1].decode() for event in read(*parts)] == data


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        (b"event: error\ndata: oh\n\ndata: a\n\n", [("error", b"oh"), ("", b"a")]),
        (b"event:error\n\ndata: a\n\n", [("error", b""), ("", b"a")]),
        (b'error: {"message": "oh"}\n\n', [("error", b'{"message": "oh"}')]),
    ],
)
def test_an_event_that_is_called_an_error_keeps_its_name(raw: bytes, events: list[Event]) -> None:
    assert read(raw) == events


@given(st.lists(st.text(max_size=20), max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.data())
def test_any_cut_gives_the_same_events(texts: list[str], newline: str, data: st.DataObject) -> None:
    wanted = [json.dumps({"t": text}, ensure_ascii=False) for text in texts if text.isprintable()]
    raw = "".join(f"data: {line}{newline}{newline}" for line in wanted).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=10)))
    assert read(*between(raw, cuts)) == [("", line.encode()) for line in wanted]


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b"\r"])
@given(cuts=st.lists(st.integers(0, len(BODY) + 20)))
def test_any_chunking_gives_the_same_events(newline: bytes, cuts: list[int]) -> None:
    body = BODY.replace(b"\n", newline)
    assert read(*between(body, sorted(min(place, len(body)) for place in cuts))) == EVENTS


def between(raw: bytes, cuts: list[int]) -> list[bytes]:
    return [raw[start:end] for start, end in pairwise([0, *cuts, len(raw)])]


SOUP = st.lists(
    st.one_of(
        st.sampled_from([b"data:", b"data: ", b"event: ", b"error: ", b":", b"{", b"\r", b"\n", b"\r\n", b"\n\n"]),
        st.sampled_from([b"\xef\xbb\xbf", b"id: 1", b"retry: 9", b"[DONE]", b'{"a": 1}', b"\x00", b"\xff"]),
        st.binary(max_size=20),
    ),
    max_size=60,
).map(b"".join)


@attack
@given(raw=SOUP, cuts=st.lists(st.integers(0, 1000), max_size=12))
def test_a_soup_of_bytes_gives_the_same_events_however_it_is_cut(raw: bytes, cuts: list[int]) -> None:
    places = sorted(min(place, len(raw)) for place in cuts)
    assert read(*between(raw, places)) == read(raw)


@pytest.mark.parametrize(
    "chunk",
    [b"x" * 40, b"data: " + b"x" * 30 + b"\n", b"data:\n" * 5, b"id: 1\n" * 5, b"odd\r" * 10, b"event: x\n" * 4],
)
def test_an_event_without_end_is_a_fault_that_names_its_size(chunk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LARGEST_EVENT_BYTES", 100)
    reader = EventReader()
    fed = 0
    while reader.fault is None and fed < 1000:
        assert reader.feed(chunk) == []
        fed += len(chunk)
    assert reader.fault is not None and 100 < fed < 200
    assert reader.fault.detail == "garbled"
    assert "larger than 0.0001 MB" in reader.fault.message
    assert reader.feed(b"\n\ndata: late\n\n") == []


@pytest.mark.parametrize("chunk", [b"data: " + b"x" * 30 + b"\n\n", b": ping\n", b'{"a": 1}\n', b"id: 1\n\n", b"\n"])
def test_many_events_and_comments_are_no_event_without_end(chunk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LARGEST_EVENT_BYTES", 100)
    reader = EventReader()
    for _ in range(50):
        reader.feed(chunk)
    reader.feed(chunk * 50)
    assert reader.fault is None


def test_what_is_whole_before_an_event_without_end_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "LARGEST_EVENT_BYTES", 100)
    reader = EventReader()
    assert reader.feed(b"data: a\n\ndata: " + b"x" * 200) == [("", b"a")]
    assert reader.fault is not None

"""Server-sent events in every form bytes may give them."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_chat.providers.openai_sse import EventReader


def read(*parts: bytes) -> list[str | None]:
    reader = EventReader()
    return [data for part in parts for data in reader.feed(part)] + reader.end()


@pytest.mark.parametrize(
    ("raw", "data"),
    [
        (b"data: a\n\n", ["a"]),
        (b"data:a\n\n", ["a"]),
        (b"data:  a\n\n", [" a"]),
        (b"data: a\r\n\r\n", ["a"]),
        (b"data: a\r\rdata: b\r\r", ["a", "b"]),
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b"\xef\xbb\xbfdata: a\n\n", ["a"]),
        (b"id: 1\nretry: 5\nevent: x\ndata: a\n\n", ["a"]),
        (b": ping\n\ndata: a\n\n", [None, "a"]),
        (b"data: a", ["a"]),
        (b"data: a\n", ["a"]),
        (b"\n\n\n", []),
        (b"nonsense\n\n", []),
        (b"event: error\ndata: oh\n\ndata: a\n\n", ['{"error": "oh"}', "a"]),
        (b"event:error\n\ndata: a\n\n", ["a"]),
        ("data: \u0085\u2028\n\n".encode(), ["\u0085\u2028"]),
    ],
)
def test_events_come_out_whatever_their_form(raw: bytes, data: list[str | None]) -> None:
    assert read(raw) == data
    assert read(*[raw[at : at + 1] for at in range(len(raw))]) == data


@given(st.lists(st.text(max_size=20), max_size=5), st.sampled_from(["\n", "\r\n", "\r"]), st.data())
def test_any_cut_gives_the_same_events(texts: list[str], newline: str, data: st.DataObject) -> None:
    wanted = [json.dumps({"t": text}, ensure_ascii=False) for text in texts if text.isprintable()]
    raw = "".join(f"data: {line}{newline}{newline}" for line in wanted).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=10)))
    edges = [0, *cuts, len(raw)]
    assert read(*[raw[start:end] for start, end in pairwise(edges)]) == wanted


def test_bytes_that_are_no_utf8_are_a_fault_that_keeps_what_came_before() -> None:
    reader = EventReader()
    assert reader.feed(b"data: a\n\ndata: \xff\n\n") == ["a"]
    assert reader.fault is not None
    assert reader.fault.detail == "garbled"
    assert read(b": \xff\n\ndata: a\n\n") == [None, "a"]

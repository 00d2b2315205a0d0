"""The reader of JSON values: exact however the bytes arrive, and never holding more than one value."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_chat.core.error import FormatError
from tui_chat.formats import json_stream as module
from tui_chat.formats.json_stream import json_values


class Dribble:
    """A stream that gives so many bytes at a time, and has none to spare."""

    def __init__(self, data: bytes, most: int) -> None:
        self._stream = io.BytesIO(data)
        self._most = most

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._most))


def read(text: str | bytes, most: int = 1 << 20) -> list[Any]:
    data = text.encode() if isinstance(text, str) else text
    found = list(json_values(Dribble(data, most)))
    assert [raw.number for raw in found] == list(range(1, len(found) + 1))
    return [None if raw.data is None else json.loads(raw.data) for raw in found]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.sampled_from('"\\[]{},:\nä😀 a')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(values), st.integers(1, 40), st.booleans(), st.sampled_from([None, 0, 2]))
def test_an_array_gives_its_elements_whatever_the_pieces(
    items: list[Any], most: int, ascii: bool, indent: int
) -> None:
    text = json.dumps(items, ensure_ascii=ascii, indent=indent)
    assert read(text, most) == items
    assert read("\ufeff \n" + text + "\n ", most) == items


@given(st.lists(values.filter(lambda value: not isinstance(value, list))), st.integers(1, 40))
def test_lines_give_their_values(items: list[Any], most: int) -> None:
    assert read("\n".join(json.dumps(item) for item in items), most) == items


def test_arrays_and_values_may_follow_one_another() -> None:
    assert read('[1, [2]] {"a": 3}\n[]\n"x" [ "y" ]') == [1, [2], {"a": 3}, "x", "y"]
    assert read("") == read(" \n") == read("[]") == []


@pytest.mark.parametrize(
    ("text", "before", "message"),
    [
        ('[{"a": 1}, {"b": ', [{"a": 1}], "ends at byte 17, in the middle of value 2"),
        ('[{"a": "', [], "in the middle of value 1"),
        ('[{"a": "\\', [], "in the middle of value 1"),
        ('[{"a": 1}', [{"a": 1}], "ends at byte 9, where a comma or the array's end should be"),
        ('[{"a": 1} {"b": 2}]', [{"a": 1}], "has '{' at byte 10, where a comma"),
        ('[{"a": 1},]', [{"a": 1}], "nothing follows the comma"),
        ("[", [], "before its array does"),
        ("}", [], "'}' is at byte 0, where value 1 should start"),
        ("[1}", [1], "has '}' at byte 2"),
        (b"\xff\xfe[\x00]\x00", [], "UTF-16"),
        ("x" * 30_000, [], "no JSON at byte 0"),
    ],
)
def test_a_broken_file_is_refused_where_it_breaks_and_what_was_before_is_given(
    text: str | bytes, before: list[Any], message: str
) -> None:
    found = []
    with pytest.raises(FormatError, match=message.replace("{", r"\{").replace("}", r"\}")):
        for raw in json_values(Dribble(text.encode() if isinstance(text, str) else text, 1000)):
            found.append(json.loads(raw.data or b"null"))
    assert found == before


def test_a_value_that_is_no_json_costs_only_itself() -> None:
    raws = list(json_values(io.BytesIO(b'[{"a": 1}, {not json}, {"b": [1,,]}, nul, {"c": 3}]')))
    assert [raw.data for raw in raws] == [b'{"a": 1}', b"{not json}", b'{"b": [1,,]}', b"nul", b'{"c": 3}']


def test_a_value_that_is_too_large_is_passed_over_without_being_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_VALUE", 10_000)
    monkeypatch.setattr(module, "CHUNK", 1_000)
    long = {"text": 'a"\\' * 100_000, "list": [[]] * 10_000}
    assert read(json.dumps([{"a": 1}, long, {"b": 2}])) == [{"a": 1}, None, {"b": 2}]


def test_a_value_of_nothing_but_brackets_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BRACKETS", 1_000)
    monkeypatch.setattr(module, "CHUNK", 1_000)
    assert read(json.dumps([{"a": 1}, [[]] * 5_000, {"b": 2}])) == [{"a": 1}, None, {"b": 2}]


@pytest.mark.parametrize("limit", ["MOST_BRACKETS", "MOST_COMMAS"])
def test_a_value_of_too_many_parts_is_reported(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(module, limit, 1_000)
    monkeypatch.setattr(module, "CHUNK", 1_000)
    text = json.dumps([[[1] if limit == "MOST_BRACKETS" else 1] * 3_000, {"b": 2}])
    first, second = json_values(io.BytesIO(text.encode()))
    assert first.data is None and "too many parts" in first.why
    assert second.data == b'{"b": 2}' and second.why == ""


def test_deep_values_are_read_to_their_end() -> None:
    deep: Any = "[]}{" * 5
    for level in range(40):
        deep = [deep, level] if level % 2 else {"a": deep, "b": [level]}
    for most in (1, 7, 1 << 20):
        assert read(json.dumps([{"a": deep}, deep, {"b": 2}]), most) == [{"a": deep}, deep, {"b": 2}]


def test_brackets_in_texts_are_no_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BRACKETS", 1_000)
    monkeypatch.setattr(module, "CHUNK", 1_000)
    texts = {"code": 'f[0] = {"[": "\\"}' * 3_000, "more": ["{[" * 900] * 9}
    assert read(json.dumps([texts, {"b": 2}])) == [texts, {"b": 2}]

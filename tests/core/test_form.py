"""Forms of tools: which schemas are forms, and what may be typed into a field."""

from typing import Any

import pytest

from tui_chat.core.form import FormField, form_of


def field(**what: Any) -> FormField:
    (made,) = form_of("box", "Who?", {"properties": {"x": what}, "required": ["x"]}).fields
    return made


def test_a_schema_of_plain_values_is_a_form() -> None:
    properties = {
        "name": {"type": "string", "title": "Name"},
        "size": {"oneOf": [{"const": "s", "title": "Small"}, {"const": "l"}]},
        "sure": {"type": "boolean", "default": False},
    }
    name, size, sure = form_of("box", "Who?", {"properties": properties, "required": ["name"]}).fields
    assert (name.title, name.is_required, size.choices) == ("Name", True, (("s", "Small"), ("l", "l")))
    assert sure.read("") is False and sure.read("yes") is True and size.read("") is None


LIST = {"properties": {"x": {"type": "array"}}}
MANY = {"properties": {str(number): {"type": "string"} for number in range(21)}}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": {"x": {"type": "object"}}},
        {"properties": {"x": 3}},
        {"properties": {"x": {"type": "array"}}},
        MANY,
    ],
)
def test_another_schema_is_no_form(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        form_of("box", "Who?", schema)


@pytest.mark.parametrize(
    ("what", "typed", "value"),
    [
        ({"type": "string"}, "Ann", "Ann"),
        ({"type": "string", "minLength": 4}, "Ann", None),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "7", 7),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "10", None),
        ({"type": "integer"}, "7.5", None),
        ({"type": "number"}, "7.5", 7.5),
        ({"type": "number"}, "nan", None),
        ({"enum": ["a", "b"]}, "b", "b"),
        ({"enum": ["a", "b"]}, "c", None),
        ({"type": "boolean"}, "maybe", None),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "b, A", ("b", "a")),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, "a, c", None),
        ({"type": "array", "items": {"anyOf": [{"const": "1", "title": "One"}]}}, "one", ("1",)),
        ({"type": "array", "minItems": 2, "items": {"enum": ["a", "b"]}}, "a", None),
        ({"type": "string"}, "", None),
    ],
)
def test_what_may_be_typed(what: dict[str, Any], typed: str, value: object) -> None:
    made = field(**what)
    assert made.accepts(typed) is (value is not None)
    if value is not None:
        assert made.read(typed) == value


def test_a_field_shows_what_it_wants() -> None:
    assert field(type="integer", minimum=1, maximum=9).wants == "a whole number from 1 to 9"
    assert field(type="string", default="main").wants == "a text; empty for main"
    assert field(type="number", minimum=0).wants == "a number from 0"
    assert field(type="string", format="email").description == "(email)"
    several = field(type="array", items={"enum": ["a", "b"]})
    assert several.wants == "some of a, b, with commas between them"

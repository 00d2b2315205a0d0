"""Read JSON bodies field by field; each wrong value is a problem that names its field. Knows no route."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from tui_chat.core.clean import valid_text
from tui_chat.gateway.problem import Problem, wrong_field
from tui_chat.storage.conversation_list import Cursor

T = TypeVar("T")
_MOST = 10**9


class Body:
    def __init__(self, values: Mapping[str, Any], place: str = "") -> None:
        self._values = values
        self._place = place

    @classmethod
    def parse(cls, data: bytes) -> "Body":
        """Parse the bytes of a body; nothing is an empty object."""
        if not data.strip():
            return cls({})
        try:
            value = json.loads(data, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, ValueError) else "nested too deeply"
            raise Problem(400, "invalid_json", f"The body is not JSON: {reason}.") from None
        if not isinstance(value, dict):
            raise Problem(400, "invalid_json", "The body must be a JSON object.")
        return cls(value)

    def __contains__(self, name: str) -> bool:
        return self._values.get(name) is not None

    def name(self, field: str) -> str:
        return f"{self._place}.{field}" if self._place else field

    def raw(self, field: str) -> Any:
        return self._values.get(field)

    def _typed(self, field: str, kind: type[T] | tuple[type, ...], wants: str) -> T | None:
        value = self._values.get(field)
        if value is None:
            return None
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise wrong_field(self.name(field), wants)
        return value  # type: ignore[return-value]

    def text(self, field: str, default: str = "", *, most: int | None = None) -> str:
        """Return a text; halves of surrogate pairs are replaced."""
        value: str | None = self._typed(field, str, "must be text")
        if value is not None and most is not None and len(value) > most:
            raise wrong_field(self.name(field), f"must have at most {most} characters")
        return default if value is None else valid_text(value)

    def required_text(self, field: str) -> str:
        if not (text := self.text(field)).strip():
            raise wrong_field(self.name(field), "must be a text that is not empty")
        return text

    def flag(self, field: str, default: bool | None = None) -> bool | None:
        value: bool | None = self._typed(field, bool, "must be true or false")
        return default if value is None else value

    def count(self, field: str, *, least: int = 1) -> int | None:
        value: int | None = self._typed(field, int, "must be a whole number")
        if value is not None and not least <= value <= _MOST:
            raise wrong_field(self.name(field), f"must be from {least} to {_MOST}")
        return value

    def number(self, field: str, *, least: float, most: float) -> float | None:
        value: float | None = self._typed(field, (int, float), "must be a number")
        if value is not None and not least <= value <= most:
            raise wrong_field(self.name(field), f"must be from {least:g} to {most:g}")
        return value

    def objects(self, field: str) -> list["Body"]:
        """Return a list of objects; empty where it is missing."""
        values: list[Any] = self._typed(field, list, "must be a list") or []
        place = self.name(field)
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                raise wrong_field(f"{place}[{index}]", "must be an object")
        return [Body(value, f"{place}[{index}]") for index, value in enumerate(values)]

    def inner(self, field: str) -> "Body":
        """Return an object; empty where it is missing."""
        value: dict[str, Any] = self._typed(field, dict, "must be an object") or {}
        return Body(value, self.name(field))


def cursor_from(text: str, field: str) -> Cursor | None:
    """Return the place of a page of the list, which an earlier page has in that field; `None` at the start."""
    if not text:
        return None
    used, _, seq = text.partition(".")
    if not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in (used, seq)):
        raise wrong_field("cursor", f"must be the `{field}` of an earlier page")
    return Cursor(int(used), int(seq))


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number")

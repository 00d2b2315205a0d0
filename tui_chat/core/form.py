"""A form that a tool asks the user to fill in, from the JSON Schema of an MCP server. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Value = str | int | float | bool | tuple[str, ...]
FormAction = Literal["accept", "decline", "cancel"]
MAX_FIELDS = 20
_MAX_TEXT = 10_000


@dataclass(frozen=True, slots=True)
class FormField:
    """One value of a form: a text or a number to type, or one of some choices."""

    name: str
    title: str
    kind: Literal["string", "integer", "number", "boolean", "array"]
    description: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    """The texts that are sent, with their labels; empty where any text will do. An array takes several of them."""
    default: Value | None = None
    is_required: bool = False
    least: float | None = None
    """Of a number, or of the length of a text."""
    most: float | None = None

    @property
    def can_be_empty(self) -> bool:
        """Whether no answer is an answer: the default counts then, or the value is left out."""
        return self.default is not None or not self.is_required

    @property
    def wants(self) -> str:
        """What is to be typed, in words."""
        if self.kind == "array":
            return f"some of {', '.join(value for value, _ in self.choices)}, with commas between them"
        what = {"integer": "a whole number", "number": "a number", "boolean": "yes or no"}.get(self.kind, "a text")
        unit = " characters" if self.kind == "string" else ""
        limits = [
            f"{word} {limit:g}{unit}"
            for word, limit in (("from", self.least), ("to", self.most))
            if limit is not None
        ]
        default = "" if self.default is None else f"; empty for {self.default}"
        return " ".join([what, *limits]) + (default or ("; empty for none" if self.can_be_empty else ""))

    def read(self, typed: str) -> Value | None:
        """Return the value of what was typed or chosen; `None` for no value. Raises `ValueError`."""
        if not typed and self.can_be_empty:
            return self.default
        if self.kind == "array":
            return self._read_several(typed)
        if self.choices and typed not in [value for value, _ in self.choices]:
            raise ValueError(typed)
        match self.kind:
            case "boolean":
                return {"yes": True, "no": False}[typed]
            case "integer" | "number":
                number = int(typed) if self.kind == "integer" else float(typed)
                self._check(number)
                return number
        if not typed or len(typed) > _MAX_TEXT:
            raise ValueError(typed)
        self._check(len(typed))
        return typed

    def _read_several(self, typed: str) -> tuple[str, ...]:
        known = {name.casefold(): value for value, label in self.choices for name in (label, value)}
        try:
            values = tuple(known[name.strip().casefold()] for name in typed.split(",") if name.strip())
        except KeyError as error:
            raise ValueError(typed) from error
        self._check(len(values))
        return values

    def _check(self, number: float) -> None:
        too_small = self.least is not None and number < self.least
        if too_small or (self.most is not None and number > self.most) or number != number:
            raise ValueError(number)

    def accepts(self, typed: str) -> bool:
        """Return whether this can be sent."""
        try:
            self.read(typed)
        except (ValueError, KeyError, OverflowError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Form:
    server: str
    """The MCP server that asks."""
    message: str
    fields: tuple[FormField, ...]
    id: str = ""


@dataclass(frozen=True, slots=True)
class FormAnswer:
    """How the user answered a form; the values only where it was accepted."""

    action: FormAction
    values: Mapping[str, Value] | None = None


DECLINED = FormAnswer("decline")
CANCELLED = FormAnswer("cancel")


def form_of(server: str, message: str, schema: Mapping[str, Any]) -> Form:
    """Return the form for a schema of plain values. Raises `ValueError` for anything else."""
    properties, required = schema.get("properties"), schema.get("required") or ()
    if not isinstance(properties, dict) or len(properties) > MAX_FIELDS or not isinstance(required, list | tuple):
        raise ValueError("no form")
    fields = tuple(_field(str(name), what, name in required) for name, what in properties.items())
    return Form(server, message, fields)


def _field(name: str, what: Any, is_required: bool) -> FormField:
    if not isinstance(what, dict):
        raise ValueError(name)
    kind = what.get("type", "string")
    items = what.get("items")
    if kind == "array" and isinstance(items, dict) and (several := _choices(items)):
        title, description = (str(what.get(key) or "") for key in ("title", "description"))
        least, most = (_number(what.get(key)) for key in ("minItems", "maxItems"))
        return FormField(name, title or name, kind, description, several, None, is_required, least, most)
    if kind not in ("string", "integer", "number", "boolean"):
        raise ValueError(f"{name} is of type {kind}")
    choices = (("yes", "Yes"), ("no", "No")) if kind == "boolean" else _choices(what)
    default = what.get("default")
    if not isinstance(default, str | int | float):
        default = None
    keys = ("minLength", "maxLength") if kind == "string" else ("minimum", "maximum")
    least, most = (_number(what.get(key)) for key in keys)
    title, description = (str(what.get(key) or "") for key in ("title", "description"))
    if isinstance(what.get("format"), str):
        description = f"{description} ({what['format']})".strip()
    return FormField(name, title or name, kind, description, choices, default, is_required, least, most)


def _number(value: Any) -> float | None:
    return value if isinstance(value, int | float) else None


def _choices(what: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    titled = what.get("oneOf") or what.get("anyOf")
    if isinstance(titled, list):
        return tuple(
            (str(one["const"]), str(one.get("title") or one["const"]))
            for one in titled
            if isinstance(one, dict) and "const" in one
        )
    values, names = what.get("enum") or (), what.get("enumNames") or ()
    if not isinstance(values, list | tuple) or not isinstance(names, list | tuple):
        return ()
    labels = [*map(str, names), *map(str, values[len(names) :])]
    return tuple((str(value), label) for value, label in zip(values, labels, strict=False))

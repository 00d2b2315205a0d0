"""Checks one value against the type of its setting: returns it converted, or raises with what is expected."""

import math
import shlex
import types
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from tui_chat.core.bounds import dollars_in_bounds

MOST = 10**9
"""The largest number that a setting accepts by default."""
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class InvalidValue(ValueError):
    """The value is not valid; the message has what is expected."""


def fit(value: Any, expected: Any, name: str, least: float | None = None, most: float | None = None) -> Any:
    """Return the value as the field's type; raise `InvalidValue` if it does not fit."""
    if get_origin(expected) in (Union, types.UnionType):
        expected = next(choice for choice in get_args(expected) if choice is not type(None))
    if get_origin(expected) is Literal:
        return _one_of(value, get_args(expected))
    if get_origin(expected) is tuple:
        return _words(value, name)
    if get_origin(expected) is Mapping:
        return _texts(value)
    if expected is str or expected is Path:
        if not isinstance(value, str):
            raise InvalidValue("it wants text in quotes")
        return value if expected is str else Path(value).expanduser().absolute()
    if expected is bool:
        if not isinstance(value, bool):
            raise InvalidValue("it wants true or false")
        return value
    return _number(value, expected, least, MOST if most is None else most)


def read(text: str, expected: Any, name: str, least: float | None = None, most: float | None = None) -> Any:
    """Return the text of a variable or flag as the field's type; raise `InvalidValue` if it does not fit."""
    if get_origin(expected) in (Union, types.UnionType):
        expected = next(choice for choice in get_args(expected) if choice is not type(None))
    if expected is bool:
        word = text.strip().lower()
        if word not in _TRUE | _FALSE:
            raise InvalidValue("it wants true or false")
        return word in _TRUE
    if expected in (int, float, Decimal):
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            raise InvalidValue("it wants a number") from None
        whole = expected is int and number.is_finite() and abs(number) <= MOST and number == int(number)
        return fit(int(number) if whole else number, expected, name, least, most)
    return fit(text, expected, name, least, most)


def _one_of(value: Any, words: tuple[str, ...]) -> str:
    for word in words:
        if value == word:
            return word
    raise InvalidValue(f"it wants {' or '.join(words)}")


def _number(value: Any, expected: Any, least: float | None, most: float) -> Any:
    """Return the number; one out of bounds is refused, never clamped."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not _is_finite(value):
        raise InvalidValue("it wants a number")
    least = -MOST if least is None else least
    if value < least:
        raise InvalidValue(f"it wants {least:g} or more")
    if value > most:
        raise InvalidValue(f"it wants {most:,.0f} or less")
    if expected is int and not isinstance(value, int):
        raise InvalidValue("it wants a whole number")
    if expected is Decimal and dollars_in_bounds(value) is None:
        raise InvalidValue("it wants a number of fewer digits")
    return expected(value)


def _is_finite(value: int | float | Decimal) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) or math.isfinite(value)


def _words(value: Any, name: str) -> tuple[str, ...]:
    """Return a list of texts; a single text is split as a command or at commas."""
    if isinstance(value, str):
        try:
            words = shlex.split(value) if name == "api_key_cmd" else [word.strip() for word in value.split(",")]
        except ValueError as error:
            raise InvalidValue(f"its quotes do not match: {str(error).lower()}") from None
        return tuple(word for word in words if word)
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise InvalidValue("it wants text in quotes, or a list of such")
    return tuple(value)


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise InvalidValue('it wants a table of texts, such as { "X-Name" = "value" }')
    return dict(value)

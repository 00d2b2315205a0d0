"""One value against the type of its field: the value as the field wants it, or a sentence that says what it wants."""

import math
import shlex
import types
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from tui_chat.core.bounds import dollars_in_bounds

MOST = 10**9
"""The largest number a setting takes where it names no other."""
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


class NotWanted(ValueError):
    """The value does not fit; the text says what would."""


def fit(value: Any, wanted: Any, name: str, least: float | None = None, most: float | None = None) -> Any:
    """The value as the field's type, or `NotWanted`."""
    if get_origin(wanted) in (Union, types.UnionType):
        wanted = next(choice for choice in get_args(wanted) if choice is not type(None))
    if get_origin(wanted) is Literal:
        return _one_of(value, get_args(wanted))
    if get_origin(wanted) is tuple:
        return _words(value, name)
    if get_origin(wanted) is Mapping:
        return _texts(value)
    if wanted is str or wanted is Path:
        if not isinstance(value, str):
            raise NotWanted("it wants text in quotes")
        return value if wanted is str else Path(value).expanduser().absolute()
    if wanted is bool:
        if not isinstance(value, bool):
            raise NotWanted("it wants true or false")
        return value
    return _number(value, wanted, least, MOST if most is None else most)


def read(text: str, wanted: Any, name: str, least: float | None = None, most: float | None = None) -> Any:
    """The same for the text of a variable or a flag."""
    if get_origin(wanted) in (Union, types.UnionType):
        wanted = next(choice for choice in get_args(wanted) if choice is not type(None))
    if wanted is bool:
        word = text.strip().lower()
        if word not in _TRUE | _FALSE:
            raise NotWanted("it wants true or false")
        return word in _TRUE
    if wanted in (int, float, Decimal):
        try:
            number = Decimal(text.strip())
        except InvalidOperation:
            raise NotWanted("it wants a number") from None
        whole = wanted is int and number.is_finite() and abs(number) <= MOST and number == int(number)
        return fit(int(number) if whole else number, wanted, name, least, most)
    return fit(text, wanted, name, least, most)


def _one_of(value: Any, words: tuple[str, ...]) -> str:
    for word in words:
        if value == word:
            return word
    raise NotWanted(f"it wants {' or '.join(words)}")


def _number(value: Any, wanted: Any, least: float | None, most: float) -> Any:
    """The number; one that is out of bounds is refused and never cut down to them."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not _is_finite(value):
        raise NotWanted("it wants a number")
    least = -MOST if least is None else least
    if value < least:
        raise NotWanted(f"it wants {least:g} or more")
    if value > most:
        raise NotWanted(f"it wants {most:,.0f} or less")
    if wanted is int and not isinstance(value, int):
        raise NotWanted("it wants a whole number")
    if wanted is Decimal and dollars_in_bounds(value) is None:
        raise NotWanted("it wants a number of fewer digits")
    return wanted(value)


def _is_finite(value: int | float | Decimal) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) or math.isfinite(value)


def _words(value: Any, name: str) -> tuple[str, ...]:
    """A list of texts; one text is a command's words or a list with commas."""
    if isinstance(value, str):
        try:
            words = shlex.split(value) if name == "api_key_cmd" else [word.strip() for word in value.split(",")]
        except ValueError as error:
            raise NotWanted(f"its quotes do not match: {str(error).lower()}") from None
        return tuple(word for word in words if word)
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise NotWanted("it wants text in quotes, or a list of such")
    return tuple(value)


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise NotWanted('it wants a table of texts, such as { "X-Name" = "value" }')
    return dict(value)

"""Makes values of frozen classes in a fraction of the usual time. Knows no table."""

from collections.abc import Callable
from dataclasses import make_dataclass
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


@cache
def fast_maker(frozen: type[T]) -> Callable[..., T]:
    """Return a function that takes every field of a frozen class with slots and returns its value.

    The own `__init__` of such a class sets each field by a function call; a long conversation has ten thousand turns.
    The values are made as those of a class with the same slots that is not frozen, then get their class.
    """
    fillable: Any = make_dataclass(frozen.__name__, frozen.__slots__, slots=True)  # type: ignore[attr-defined]

    def make(*values: object) -> T:
        value = fillable(*values)
        value.__class__ = frozen
        return value  # type: ignore[no-any-return]

    return make

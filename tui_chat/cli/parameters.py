"""Parameters that read text, whole numbers and paths without pydantic, which takes longer to import than `list` runs.

Any other value, and every error, is left to typer.
"""

import os
import re
from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperOption

_WHOLE = re.compile("[1-9][0-9]{0,8}")
_LEFT_TO_TYPER = object()


class PlainOption(TyperOption):
    def process_value(self, ctx: Any, value: Any) -> Any:
        """Return the value in the type that the command's function declares."""
        plain = _plain_value(self, value)
        return super().process_value(ctx, value) if plain is _LEFT_TO_TYPER else _call_back(self, ctx, plain)


class PlainArgument(TyperArgument):
    def process_value(self, ctx: Any, value: Any) -> Any:
        """Return the value in the type that the command's function declares."""
        plain = _plain_value(self, value)
        return super().process_value(ctx, value) if plain is _LEFT_TO_TYPER else _call_back(self, ctx, plain)


def read_plain_values(parameter: Any) -> Any:
    """Make a parameter of typer's one of the classes above: typer has no setting for the class of a parameter."""
    if type(parameter) is TyperOption:
        parameter.__class__ = PlainOption
    elif type(parameter) is TyperArgument:
        parameter.__class__ = PlainArgument
    return parameter


def _plain_value(parameter: Any, value: Any) -> Any:
    kind = parameter.type_descriptor.annotation
    if parameter.nargs != 1 or parameter.multiple:
        return list(value) if kind == list[str] and isinstance(value, tuple) and value else _LEFT_TO_TYPER
    if value is None:
        return _LEFT_TO_TYPER if parameter.required else None
    if type(value) is kind:
        return value
    if kind is int and _is_whole(value, parameter.min, parameter.max):
        return int(value)
    if kind is Path and (os.access(value, os.R_OK) or not os.access(value, os.F_OK)):
        return Path(value)
    return _LEFT_TO_TYPER


def _is_whole(value: Any, least: float | None, most: float | None) -> bool:
    if not isinstance(value, str) or not _WHOLE.fullmatch(value):
        return False
    return (least is None or int(value) >= least) and (most is None or int(value) <= most)


def _call_back(parameter: Any, ctx: Any, value: Any) -> Any:
    return value if parameter.callback is None else parameter.callback(ctx, parameter, value)

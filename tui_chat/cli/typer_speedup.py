"""Reads plain options without typer's own way, whose libraries take longer to load than a quick command takes.

Whatever is not plainly right is left to typer, so that what it says to a mistake stays its own.
"""

import os
import re
from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperGroup, TyperOption

_Parameter = TyperArgument | TyperOption
_WHOLE = re.compile("[1-9][0-9]{0,8}")


class FastParsingGroup(TyperGroup):
    """A group whose parameters, and those of its commands, are read the quick way where that will do."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its own, help included."""
        return [_quickened(parameter) for parameter in super().get_params(ctx)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command by that name."""
        if (command := super().get_command(ctx, cmd_name)) is not None:
            for parameter in command.get_params(ctx):
                _quickened(parameter)
        return command


def _quickened(parameter: Any) -> Any:
    if isinstance(parameter, _Parameter):
        vars(parameter)["get_runtime_param"] = _Reader(parameter)
    return parameter


class _Reader:
    """Stands for typer's reader of one parameter, and calls it when in doubt."""

    def __init__(self, parameter: _Parameter) -> None:
        self._parameter = parameter

    def __call__(self) -> "_Reader":
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value as the command wants it."""
        asked = self._parameter
        if asked.nargs == 1 and not asked.multiple:
            kind = asked.type_descriptor.annotation
            if value is None or (kind in (str, int) and type(value) is kind):
                return value
            if kind is int and _is_whole(asked, value):
                return int(value)
            if kind is Path and _is_any_path(asked, value):
                return Path(value)
        return type(asked).get_runtime_param(asked).coerce(value, param=param, ctx=ctx)


def _is_whole(asked: _Parameter, value: Any) -> bool:
    """Whether it is a number that is large enough and may be of any size."""
    about = asked.type_descriptor.parameter_info
    fits = isinstance(value, str) and _WHOLE.fullmatch(value) is not None and about.max is None
    return fits and (about.min is None or int(value) >= about.min)


def _is_any_path(asked: _Parameter, value: Any) -> bool:
    """Whether it is one, and nothing is asked of what lies there but that it can be read."""
    about = asked.type_descriptor.parameter_info
    asks = about.exists or about.resolve_path or about.allow_dash or about.writable or about.path_type is not None
    takes = not asks and about.file_okay and about.dir_okay
    return takes and isinstance(value, str) and (os.access(value, os.R_OK) or not os.access(value, os.F_OK))

"""Read the arguments of a tool call, as a model wrote them."""

import json
from typing import Any

from tui_chat.core.part import ToolCallPart
from tui_chat.core.tool import ArgumentsRefused


def arguments_of(call: ToolCallPart) -> dict[str, Any]:
    """Return the arguments of a call; raise `ArgumentsRefused` if they are no JSON object."""
    try:
        given = json.loads(call.input_json or "{}")
    except (ValueError, RecursionError):
        raise ArgumentsRefused("The arguments are not valid JSON.") from None
    if not isinstance(given, dict):
        raise ArgumentsRefused("The arguments are not a JSON object.")
    return given


class Arguments:
    """The arguments of one call, checked as they are read."""

    def __init__(self, call: ToolCallPart, known: tuple[str, ...]) -> None:
        given = arguments_of(call)
        if unknown := [name for name in given if name not in known]:
            raise ArgumentsRefused(f"Unknown argument: {', '.join(unknown)}.")
        self._given = given

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it must be there and not be empty."""
        value = self._given.get(name, default)
        if not isinstance(value, str) or (default is None and not value.strip()) or "\x00" in value:
            raise ArgumentsRefused(f"The argument {name} must be a text.")
        return value

    def number(self, name: str, default: int, most: int) -> int:
        """Return a whole number from 1 to `most`."""
        value = self._given.get(name, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise ArgumentsRefused(f"The argument {name} must be a whole number from 1.")
        return min(value, most)

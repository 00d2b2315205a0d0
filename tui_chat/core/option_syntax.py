"""Parses and formats model options as they are typed: `effort=high thinking=on`."""

from dataclasses import replace

from tui_chat.core.conversation import Options
from tui_chat.core.provider import SERVER_TOOLS

_NAMES = ("effort", "thinking", "max_tokens", "temperature")
_ALL_NAMES = (*_NAMES, *SERVER_TOOLS)
_SWITCH = {"on": True, "off": False, "auto": None, "": None}


def parse_options(options: Options, words: str) -> Options:
    """Return the options with these changed; `name=` resets one. `ValueError` has a sentence for the user."""
    for word in words.split():
        options = _with_option(options, word)
    return options


def options_text(options: Options) -> str:
    """Return the options that are set, as they would be typed."""
    words = [f"{name}={_word(getattr(options, name))}" for name in _NAMES if getattr(options, name) is not None]
    return " ".join((*words, *(f"{name}=on" for name in SERVER_TOOLS if name in options.tools)))


def _word(value: object) -> str:
    return ("off", "on")[value] if isinstance(value, bool) else str(value)


def _with_option(options: Options, word: str) -> Options:
    name, _, value = word.partition("=")
    try:
        match name:
            case "effort":
                return replace(options, effort=value or None)
            case "thinking":
                return replace(options, thinking=_SWITCH[value])
            case "max_tokens":
                return replace(options, max_tokens=int(value) if value else None)
            case "temperature":
                return replace(options, temperature=float(value) if value else None)
            case tool if tool in SERVER_TOOLS:
                others = tuple(chosen for chosen in options.tools if chosen != tool)
                return replace(options, tools=(*others, tool) if _SWITCH[value] else others)
    except (ValueError, KeyError):
        raise ValueError(f"{value!r} is not a valid {name}.") from None
    raise ValueError(f"Unknown option {name!r}; the options are {', '.join(_ALL_NAMES)}.")

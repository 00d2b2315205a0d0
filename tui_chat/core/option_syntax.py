"""Parses and formats model options as they are typed: `effort=high thinking=on`."""

from dataclasses import replace

from tui_chat.core.conversation import Options

_NAMES = ("effort", "thinking", "max_tokens", "temperature")
_SWITCH = {"on": True, "off": False, "auto": None, "": None}


def parse_options(options: Options, words: str) -> Options:
    """Return the options with these changed; `name=` resets one. `ValueError` has a sentence for the user."""
    for word in words.split():
        options = _with_option(options, word)
    return options


def options_text(options: Options) -> str:
    """Return the options that are set, as they would be typed."""
    return " ".join(
        f"{name}={_word(getattr(options, name))}" for name in _NAMES if getattr(options, name) is not None
    )


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
    except (ValueError, KeyError):
        raise ValueError(f"{value!r} is not a valid {name}.") from None
    raise ValueError(f"Unknown option {name!r}; the options are {', '.join(_NAMES)}.")

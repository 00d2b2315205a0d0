"""Suggests model options as they are typed: `effort=high thinking=on`. Knows no widget."""

from collections.abc import Sequence

<<<<<<< HEAD
from tui_chat.core.conversation import Options
from tui_chat.ui.picker import Choice

_NAMES = ("effort", "thinking", "max_tokens", "temperature")
_SWITCH = {"on": True, "off": False, "auto": None, "": None}
=======
from tui_chat.core.provider import SERVER_TOOLS
from tui_chat.ui.picker import Choice

>>>>>>> 23aa76e (ask: -x, -o NAME=VALUE, --title and -v)
_EFFORTS = ("low", "medium", "high")
_OFFERED = (
    *(Choice(f"thinking={how}", f"thinking={how}") for how in ("on", "off", "auto")),
    *(
        Choice(f"max_tokens={most}", f"max_tokens={most}", "maximum length of a reply")
        for most in (1000, 4000, 16000)
    ),
    *(Choice(f"temperature={how}", f"temperature={how}") for how in ("0", "0.5", "1")),
)


<<<<<<< HEAD
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


=======
>>>>>>> 23aa76e (ask: -x, -o NAME=VALUE, --title and -v)
def suggest_options(typed: str, efforts: Sequence[str] = ()) -> Sequence[Choice]:
    """Return completions of the last word; `efforts` are those of the model, if they are known."""
    before = typed[: len(typed) - len(typed.split(" ")[-1])]
    taken = {word.partition("=")[0] for word in before.split()}
    note = "" if efforts else "if the model supports it"
    all_of_them = [*(Choice(f"effort={how}", f"effort={how}", note) for how in efforts or _EFFORTS), *_OFFERED]
    free = [one for one in all_of_them if one.value.partition("=")[0] not in taken]
    return [Choice(before + one.value, before + one.text, one.note) for one in free]
<<<<<<< HEAD


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
=======
>>>>>>> 23aa76e (ask: -x, -o NAME=VALUE, --title and -v)

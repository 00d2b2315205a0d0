"""The text around the prompt of an empty conversation: wordmark, model, key, hints. Knows no widget."""

from collections.abc import Sequence
from typing import NamedTuple

from tui_chat.core.clean import clean_line
from tui_chat.ui.key_bindings import Keyboard

PLACEHOLDER = "Ask anything"
"""What an empty prompt shows."""
_WORDMARK = (
    "╺┳╸╻ ╻╻   ┏━╸╻ ╻┏━┓╺┳╸",
    " ┃ ┃ ┃┃╺━╸┃  ┣━┫┣━┫ ┃ ",
    " ╹ ┗━┛╹   ┗━╸╹ ╹╹ ╹ ╹ ",
)
_ROWS_FOR_WORDMARK = 6
_COLUMN_CELLS = 120
"""Widest column of text and code."""
_HINTS = (
    ("app.help", "keys"),
    ("model.choose", "model"),
    ("app.palette", "palette"),
    ("library.open", "library"),
    ("prompt.newline", "new line"),
)
_NO_KEY_FOUND = (
    "This is the offline demo: send any prompt for a short tour. For a real model set ANTHROPIC_API_KEY or "
    "OPENAI_API_KEY, or start a local server, then switch model ({}).",
    "Offline demo: any prompt starts the tour.",
)
_TEMPORARY = (
    "Temporary: this conversation, its prompts and its drafts are saved nowhere.",
    "Temporary: nothing of this conversation is saved.",
)


class HomeText(NamedTuple):
    """What is shown below the prompt of an empty conversation, above the recent ones."""

    model: str
    """`provider/model` of the next prompt."""
    profile: str = ""
    key: str = ""
    """Where the API key is, in a few words; empty where none is needed."""
    is_key_missing: bool = False
    hints: tuple[tuple[str, str], ...] = ()
    """Keys, and what they do."""
    notes: tuple[tuple[str, str], ...] = ()
    """Sentences for a user who has nothing set up: each long, and short for a low window."""


def home_text(
    keys: Keyboard,
    model: str,
    key: tuple[str, bool],
    *,
    profile: str = "",
    local: Sequence[str] = (),
    is_temporary: bool = False,
) -> HomeText:
    """Return the text of an empty conversation.

    `key` is a few words about the API key, and whether it is missing; `local` are models found on this machine.
    """
    hints = [("/", "commands"), *((name, does) for action, does in _HINTS if (name := keys(action)))]
    notes = [_TEMPORARY] if is_temporary else []
    if model.startswith("demo/"):
        notes.append((_NO_KEY_FOUND[0].format(keys("model.choose")), _NO_KEY_FOUND[1]))
    if local:
        names = [clean_line(name) for name in local[:3]]
        notes.append((f"Running locally: {', '.join(names)}.", f"Running locally: {names[0]}."))
    return HomeText(clean_line(model), clean_line(profile), *key, tuple(hints), tuple(notes))


def wordmark(width: int, height: int) -> tuple[str, ...]:
    """Return the rows of the program's name, for the end of so much room above the prompt."""
    rows = _WORDMARK if height >= _ROWS_FOR_WORDMARK and width >= len(_WORDMARK[0]) else ("tui-chat"[:width],)
    return ("",) * (height - len(rows)) + rows if height >= len(rows) else ()


def rows_below_prompt(window_height: int) -> int:
    """Return how many rows of a window are below the prompt of an empty conversation: about two thirds."""
    above = max(1, min(window_height * 3 // 10, 14))
    return max(0, window_height - above - len(("blank row", "prompt", "footer")))


def margin_of(width: int) -> int:
    """Return how many empty columns there are at either side of that width; a wide window has a centred column."""
    if width >= 110:
        return max(4, (width - _COLUMN_CELLS) // 2)
    return 0 if width < 16 else 2 if width < 72 else 3

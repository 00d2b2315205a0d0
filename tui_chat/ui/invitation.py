"""What an empty conversation says: what to do, which keys to know, what to set up. Pure."""

from collections.abc import Sequence

from tui_chat.core.clean import clean_line
from tui_chat.ui.keyboard import Keyboard

_WORTH_KNOWING = (
    ("prompt.newline", "a new line"),
    ("library.open", "past conversations"),
    ("model.choose", "another model"),
    ("app.palette", "anything, by a few letters"),
    ("app.help", "every key"),
)


def invitation(keys: Keyboard, model: str, local: Sequence[str]) -> tuple[str, ...]:
    """The lines, the first of which says what is to be done; a tab parts a key from what it does.

    `local` are models found on this machine.
    """
    pressed = [(keys(action), does) for action, does in _WORTH_KNOWING] + [("/", "every command")]
    known = [(key, does) for key, does in pressed if key]
    behind = max(len(key) for key, _ in known) + 3
    lines = ["Ask anything.", "", *(f"{key:<{behind}}\t{does}" for key, does in known)]
    if model.startswith("demo/"):
        lines += [
            "",
            "This is the offline demo: say anything and it shows you round. For a real model set ANTHROPIC_API_KEY "
            f"or OPENAI_API_KEY, or start a local server; {keys('model.choose')} chooses it.",
        ]
    if local:
        lines += ["", f"Running on this machine now: {', '.join(map(clean_line, local[:3]))}."]
    return tuple(lines)

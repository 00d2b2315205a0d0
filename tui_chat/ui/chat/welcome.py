"""The text of an empty conversation: what to do, which keys to know, what to set up. Knows no widget."""

from collections.abc import Sequence
from textwrap import wrap

from tui_chat.core.clean import clean_line
from tui_chat.ui.key_bindings import Keyboard

_WORTH_KNOWING = (
    ("prompt.newline", "new line"),
    ("library.open", "browse conversations"),
    ("model.choose", "switch model"),
    ("app.palette", "command palette"),
    ("app.help", "all keys"),
)


def invitation(keys: Keyboard, model: str, local: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of the welcome text; a tab separates a key from what it does.

    `local` are models found on this machine.
    """
    pressed = [(keys(action), does) for action, does in _WORTH_KNOWING] + [("/", "all commands")]
    known = [(key, does) for key, does in pressed if key]
    behind = max(len(key) for key, _ in known) + 3
    lines = ["Ask anything.", "", *(f"{key:<{behind}}\t{does}" for key, does in known)]
    if model.startswith("demo/"):
        lines += [
            "",
            "This is the offline demo: send any prompt for a short tour. For a real model set ANTHROPIC_API_KEY "
            f"or OPENAI_API_KEY, or start a local server, then switch model ({keys('model.choose')}).",
        ]
    if local:
        lines += ["", f"Running locally: {', '.join(map(clean_line, local[:3]))}."]
    return tuple(lines)


def laid_out(lines: Sequence[str], cells: int, height: int) -> list[tuple[str, str]]:
    """Lay the lines out a third down the pane; each row is bright text and the dim text after it."""
    rows: list[tuple[str, str]] = []
    for line in lines:
        key, _, does = line.partition("\t")
        if does:
            rows.append((key, does))
        else:
            pieces = wrap(line, cells) or [""]
            rows += [("", piece) for piece in pieces] if rows else [(piece, "") for piece in pieces]
    return [("", "")] * max(0, (height - len(rows)) // 3) + rows


def margin_of(width: int) -> int:
    """Return how many empty columns a window of that width has at either side."""
    return 0 if width < 16 else 2 if width < 72 else 3 if width < 110 else 4

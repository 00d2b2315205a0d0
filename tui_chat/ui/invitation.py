"""What an empty conversation says: what to do, which keys to know, what to set up. Pure."""

from collections.abc import Sequence

from tui_chat.core.clean import clean_line
from tui_chat.ui.keyboard import Keyboard


def invitation(keys: Keyboard, model: str, local: Sequence[str]) -> tuple[str, ...]:
    """The lines, the first of which says what is to be done; `local` are models found on this machine."""
    lines = [
        "Ask anything.",
        f"{keys('prompt.newline')} begins a new line, {keys('library.open')} opens past conversations, "
        f"{keys('app.help')} shows every key.",
    ]
    if model.startswith("demo/"):
        lines.append(
            "This is the offline demo. Set ANTHROPIC_API_KEY or OPENAI_API_KEY, or start a local server, "
            f"and choose a model with {keys('model.choose')}."
        )
    if local:
        lines.append(f"Running on this machine now: {', '.join(map(clean_line, local[:3]))}.")
    return tuple(lines)

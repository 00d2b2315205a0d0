"""`help TOPIC`: the README's own sections, in the terminal."""

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata

import typer

from tui_chat.cli.store_access import print_out, width
from tui_chat.core.error import NotFound
from tui_chat.core.fuzzy import did_you_mean

_PICTURES = re.compile(r"^!\[.*\n\n?", re.MULTILINE)
TOPICS = {
    "start": "Use it",
    "keys": "Keys",
    "headless": "Without the app",
    "library": "The library",
    "providers": "Models and providers",
    "settings": "Settings",
    "privacy": "What leaves your machine",
    "design": "How it is built",
}
"""What can be asked for, and the section that tells it."""


def help_about(topic: str | None) -> None:
    """Print that topic, or all there are."""
    if topic is None:
        print_out(
            "\n".join(["`tui-chat help TOPIC` tells of:", *(f"  {name:<10} {TOPICS[name]}" for name in TOPICS)])
        )
        return
    title = TOPICS.get(topic.lower())
    if title is None:
        raise typer.BadParameter(
            f"there is no topic {topic!r}{did_you_mean(topic, TOPICS)}; there are {', '.join(TOPICS)}"
        )
    text = section(title)
    if sys.stdout.isatty():
        _show(text)
    else:
        print_out(text)


def section(title: str) -> str:
    """A section of the README as it came with the program, without its pictures."""
    try:
        about = metadata("tui-chat")
    except PackageNotFoundError:
        raise NotFound("the program is not installed, and its README with it") from None
    text = about.json.get("description", "")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", str(text), re.MULTILINE | re.DOTALL)
    if found is None:
        raise NotFound(f"the README that came with the program has no section “{title}”")
    told = _PICTURES.sub("", found[1])
    return f"# {title}\n{told}".strip()


def _show(text: str) -> None:
    from tui_chat.cli.console import stdout_console
    from tui_chat.rendering.markdown import render
    from tui_chat.rendering.stdout_printer import print_lines
    from tui_chat.rendering.styles import Palette

    palette = Palette.ansi()
    print_lines(render(text, min(width(), palette.measure), palette), stdout_console())

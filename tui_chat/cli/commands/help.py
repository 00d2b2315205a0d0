"""`help TOPIC`: sections of the README, in the terminal."""

import re
import sys
from typing import Annotated

import typer

from tui_chat.cli.options import choice_or_error
from tui_chat.cli.output import print_text, stdout_console, width

TopicArgument = Annotated[str | None, typer.Argument(metavar="TOPIC", help="Without a topic, list all topics.")]
TOPICS = {
    "start": "Use it",
    "keys": "Keys",
    "attachments": "Attachments",
    "headless": "Without the app",
    "tools": "Tools",
    "library": "The library",
    "providers": "Models and providers",
    "settings": "Settings",
    "privacy": "What leaves your machine",
    "design": "How it is built",
}
"""Each topic's section of the README."""
_PICTURES = re.compile(r"^!\[.*\n\n?", re.MULTILINE)


def run(context: typer.Context, topic: TopicArgument = None) -> None:
    """Explain a topic: keys, settings, providers, headless use, privacy …"""
    if topic is None:
        print_text(
            "\n".join(["Topics of `tui-chat help TOPIC`:", *(f"  {name:<10} {TOPICS[name]}" for name in TOPICS)])
        )
        return
    root = context.find_root()
    if topic not in TOPICS and topic in getattr(root.command, "commands", {}):
        raise typer.BadParameter(f"{topic!r} is a command: `tui-chat {topic} -h` explains it")
    text = _section(TOPICS[choice_or_error(topic.lower(), list(TOPICS), "topic")])
    if sys.stdout.isatty():
        _print_markdown(text)
    else:
        print_text(text)


def _section(title: str) -> str:
    """Return a section of the README that was installed with the program, without its pictures."""
    from importlib.metadata import PackageNotFoundError, metadata

    from tui_chat.core.error import NotFound

    try:
        package = metadata("tui-chat")
    except PackageNotFoundError:
        raise NotFound("the program is not installed, and neither is its README") from None
    readme = package.json.get("description", "")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", str(readme), re.MULTILINE | re.DOTALL)
    if found is None:
        raise NotFound(f"the installed README has no section “{title}”")
    text = _PICTURES.sub("", found[1])
    return f"# {title}\n{text}".strip()


def _print_markdown(text: str) -> None:
    from tui_chat.rendering.markdown import render
    from tui_chat.rendering.stdout_printer import print_lines
    from tui_chat.rendering.styles import TextStyles

    styles = TextStyles.ansi()
    print_lines(render(text, min(width(), styles.measure), styles), stdout_console())

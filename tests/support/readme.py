"""What the README holds, taken apart: blocks of shell, commands within the text, spans of code, tables."""

import re
import shlex
from decimal import Decimal
from functools import cache
from typing import Any

import typer
from typer.core import TyperGroup

from tests.support.environment import ROOT
from tui_chat.cli.app import app
from tui_chat.settings.settings_text import NAMED_EXAMPLES, toml_value
from tui_chat.settings.values import (
    BudgetSettings,
    ChatSettings,
    ServeSettings,
    Settings,
    SyncSettings,
    ToolSettings,
    UiSettings,
    setting_fields,
)

TEXT = (ROOT / "README.md").read_text()
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_PROGRAMS = ("tui-chat", "python", "pip", "pipx", "uv", "uvx", ".ci/run")


@cache
def program() -> Any:
    """The program as it reads its words."""
    return typer.main.get_command(app)


def blocks() -> list[str]:
    """Every block of shell, as it is to be pasted."""
    return [body for language, body in _FENCE.findall(TEXT) if language == "sh"]


def prose() -> str:
    """The README without its blocks."""
    return _FENCE.sub("", TEXT)


def spans(text: str | None = None) -> list[str]:
    """Everything that is set as code within the text."""
    return [span.replace("\\|", "|") for span in _SPAN.findall(prose() if text is None else text)]


def commands(text: str | None = None) -> list[str]:
    """Every command within the text, each once; those of our own with the program's name before them."""
    found: dict[str, None] = {}
    for span in spans(text):
        for command in span.split(" && "):
            first, *rest = command.split()
            if first in _PROGRAMS and (rest or first == ".ci/run"):
                found[command] = None
            elif first in program().commands and rest:
                found[f"tui-chat {command}"] = None
    return list(found)


def rows(heading: str) -> list[list[str]]:
    """The rows of the table below a line that begins so, cell by cell."""
    lines = TEXT[TEXT.index(f"\n{heading}") :].split("\n\n", 2)[1].splitlines()
    table = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in table[2:]]


def command_of(words: str) -> Any:
    """The command of ours that these words call."""
    found = program()
    for word in shlex.split(words)[1:]:
        if isinstance(found, TyperGroup) and word in found.commands:
            found = found.commands[word]
    return found


def options_of(command: Any) -> set[str]:
    """The options of a command."""
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help"
    }


def every_option() -> set[str]:
    """The options of any command."""

    def within(command: Any) -> set[str]:
        below = command.commands.values() if isinstance(command, TyperGroup) else ()
        return options_of(command).union(*map(within, below))

    return within(program())


def settings_as_markdown() -> str:
    """Return every setting with its default, as the README lists them."""
    lines = ["| setting | default | what it is |", "|---|---|---|"]
    tables: tuple[tuple[str, object], ...] = (
        ("", Settings()),
        ("ui.", UiSettings()),
        ("chat.", ChatSettings()),
        ("budget.", BudgetSettings()),
        ("serve.", ServeSettings()),
        ("sync.", SyncSettings()),
        ("tools.", ToolSettings()),
        *((f"{table}.NAME.", kind()) for table, _, kind in NAMED_EXAMPLES),
    )
    for before, defaults in tables:
        for name, (_, about) in setting_fields(type(defaults)).items():
            default = getattr(defaults, name)
            has_default = isinstance(default, str | int | float | Decimal | tuple) and default not in ("", ())
            shown = f"`{toml_value(default)}`" if has_default else "–"
            variable = f" Also `{about.variable}`." if about.variable else ""
            lines.append(
                f"| `{before}{name}` | {shown} | {about.description[:1].upper()}{about.description[1:]}.{variable} |"
            )
    lines.append("| `aliases.NAME` | – | A short name of a model: provider/model. |")
    lines.append("| `keys.ACTION` | – | The keys of an action, by its id in the tables above; `false` for none. |")
    return "\n".join(lines) + "\n"

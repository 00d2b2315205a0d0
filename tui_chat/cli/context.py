"""Global options and the settings a command runs with. Knows no command."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from tui_chat.settings.values import Settings


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """Options given before the command."""

    demo: bool = False
    data_dir: Path | None = None
    config: Path | None = None
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What a command runs with."""

    settings: "Settings"
    demo: bool


def load_context(options: GlobalOptions, *, demo: bool = False, data_dir: Path | None = None) -> Context:
    """Load the settings; options given after the command override those before it."""
    from tui_chat.settings.load import load_settings

    chosen = data_dir or options.data_dir
    folder = chosen.expanduser().absolute() if chosen else None
    settings = load_settings({"data_dir": folder}, file=options.config)
    return Context(settings, demo or options.demo)


def command_context(context: "typer.Context", *, demo: bool = False, data_dir: Path | None = None) -> Context:
    """Load the settings for a command of typer's."""
    return load_context(context.find_object(GlobalOptions) or GlobalOptions(), demo=demo, data_dir=data_dir)

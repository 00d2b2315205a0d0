"""Global options and the settings a command runs with. Knows no command."""

from dataclasses import dataclass, replace
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

    def overridden(self, *, demo: bool, data_dir: Path | None) -> "GlobalOptions":
        """Return them with the options given after the command, which override those before it."""
        return replace(self, demo=demo or self.demo, data_dir=data_dir or self.data_dir)


@dataclass(frozen=True, slots=True)
class Context:
    """What a command runs with."""

    settings: "Settings"
    demo: bool


def load_context(options: GlobalOptions) -> Context:
    from tui_chat.settings.load import load_settings

    folder = options.data_dir.expanduser().absolute() if options.data_dir else None
    settings = load_settings({"data_dir": folder}, file=options.config)
    return Context(settings, options.demo)


def command_context(context: "typer.Context", *, demo: bool = False, data_dir: Path | None = None) -> Context:
    """Load the settings for a command of typer's."""
    before = context.find_object(GlobalOptions) or GlobalOptions()
    return load_context(before.overridden(demo=demo, data_dir=data_dir))

"""What every command begins with: the flags given before it, and the settings under them. Knows no command."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_chat.settings.values import Settings


@dataclass(frozen=True, slots=True)
class GlobalFlags:
    """What was given before the command."""

    demo: bool = False
    data_dir: Path | None = None
    config: Path | None = None
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Everything a command begins with."""

    settings: "Settings"
    demo: bool


def load_context(before: GlobalFlags, *, demo: bool = False, data_dir: Path | None = None) -> Context:
    """Load the settings under the flags given before and after the command."""
    from tui_chat.settings.load import load_settings

    chosen = data_dir or before.data_dir
    folder = chosen.expanduser().absolute() if chosen else None
    settings = load_settings({"data_dir": folder}, file=before.config)
    return Context(settings, demo or before.demo)

"""The options that several commands share, and the settings they make. Knows no command."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tui_chat.settings.values import Settings

DemoFlag = Annotated[
    bool, typer.Option("--demo", help="Talk to the built-in offline model; nothing leaves this machine.")
]
DataDirFlag = Annotated[Path | None, typer.Option("--data-dir", metavar="DIR", help="Where conversations are kept.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ModelFlag = Annotated[str | None, typer.Option("-m", "--model", metavar="PROVIDER/MODEL", help="The model to ask.")]
SystemFlag = Annotated[str | None, typer.Option("-s", "--system", metavar="TEXT", help="The system prompt.")]
ProfileFlag = Annotated[
    str | None, typer.Option("-p", "--profile", metavar="NAME", help="A profile of the settings.")
]
ContinueFlag = Annotated[bool, typer.Option("-c", "--continue", help="Go on with the conversation last used.")]
ConversationFlag = Annotated[
    str | None,
    typer.Option("--conversation", metavar="ID", help="Go on with this conversation; a unique beginning will do."),
]


@dataclass(frozen=True, slots=True)
class GlobalFlags:
    """What was given before the command."""

    demo: bool = False
    data_dir: Path | None = None
    config: Path | None = None
    debug: bool = False


def global_flags(context: typer.Context) -> GlobalFlags:
    """What was given before the command."""
    found = context.find_object(GlobalFlags)
    return found if found is not None else GlobalFlags()


@dataclass(frozen=True, slots=True)
class Start:
    """Everything a command begins with."""

    settings: "Settings"
    demo: bool


def start(context: typer.Context, *, demo: bool = False, data_dir: Path | None = None, **flags: Any) -> Start:
    """Load the settings under the flags given before and after the command."""
    from tui_chat.settings.load import load_settings

    before = global_flags(context)
    chosen = data_dir or before.data_dir
    named = {name.replace("__", "."): value for name, value in flags.items()}
    folder = chosen.expanduser().absolute() if chosen else None
    settings = load_settings({"data_dir": folder, **named}, file=before.config)
    return Start(settings, demo or before.demo)

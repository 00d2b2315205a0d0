"""The options that several commands share, and the settings they make. Knows no command."""

from pathlib import Path
from typing import Annotated

import typer

from tui_chat.cli.context import Context, GlobalFlags, load_context
from tui_chat.cli.shell_completion import conversations, models

DemoFlag = Annotated[
    bool, typer.Option("--demo", help="Talk to the built-in offline model; nothing leaves this machine.")
]
DataDirFlag = Annotated[Path | None, typer.Option("--data-dir", metavar="DIR", help="Where conversations are kept.")]
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
ModelFlag = Annotated[
    str | None,
    typer.Option("-m", "--model", metavar="PROVIDER/MODEL", help="The model to ask.", autocompletion=models),
]
IdArgument = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The conversation's id; a unique beginning will do.", autocompletion=conversations
    ),
]
BranchFlag = Annotated[str, typer.Option("--branch", metavar="WHICH", help="current, or all of the tree.")]
SystemFlag = Annotated[str | None, typer.Option("-s", "--system", metavar="TEXT", help="The system prompt.")]
ProfileFlag = Annotated[
    str | None, typer.Option("-p", "--profile", metavar="NAME", help="A profile of the settings.")
]
ContinueFlag = Annotated[bool, typer.Option("-c", "--continue", help="Go on with the conversation last used.")]
ConversationFlag = Annotated[
    str | None,
    typer.Option(
        "--conversation",
        metavar="ID",
        help="Go on with this conversation; a unique beginning will do.",
        autocompletion=conversations,
    ),
]


def start(context: typer.Context, *, demo: bool = False, data_dir: Path | None = None) -> Context:
    """Load the settings under the flags given before and after the command."""
    before = context.find_object(GlobalFlags)
    return load_context(before or GlobalFlags(), demo=demo, data_dir=data_dir)

"""The commands in one place, as typer has them."""

from pathlib import Path
from typing import Annotated

import typer

from tui_chat.cli import commands
from tui_chat.cli.context import GlobalFlags
from tui_chat.cli.help_format import HelpGroup
from tui_chat.cli.options import (
    ContinueFlag,
    ConversationFlag,
    DataDirFlag,
    DemoFlag,
    ModelFlag,
    ProfileFlag,
    SystemFlag,
)

app = typer.Typer(
    name="tui-chat",
    cls=HelpGroup,
    invoke_without_command=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
commands.add_to(app)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"tui-chat {version('tui-chat')}")
        raise typer.Exit


VersionFlag = Annotated[
    bool, typer.Option("-V", "--version", callback=_version, is_eager=True, help="Print the version and exit.")
]
ConfigFlag = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The settings file to read.")]
DebugFlag = Annotated[bool, typer.Option("--debug", help="Log more.")]


@app.callback()
def tui_chat(
    context: typer.Context,
    latest: ContinueFlag = False,
    conversation: ConversationFlag = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    profile: ProfileFlag = None,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
    config: ConfigFlag = None,
    debug: DebugFlag = False,
    version: VersionFlag = False,
) -> None:
    """Chat with language models in the terminal. Without a command, the app opens."""
    from tui_chat.cli.log import start_log

    start_log(debug=debug)
    context.obj = GlobalFlags(demo, data_dir, config, debug)
    if context.invoked_subcommand is None:
        from tui_chat.cli.launch import open_app
        from tui_chat.core.launch_options import LaunchOptions

        raise typer.Exit(open_app(context.obj, LaunchOptions(model, system, profile, latest, conversation)))

"""`chat`: open the app, or with `--linear` chat in plain lines."""

from dataclasses import replace
from typing import Annotated

import typer

from tui_chat.cli.options import (
    ContinueFlag,
    ConversationFlag,
    DataDirFlag,
    DemoFlag,
    ModelFlag,
    ProfileFlag,
    SystemFlag,
    TemporaryFlag,
)

LinearFlag = Annotated[
    bool, typer.Option("--linear", help="Plain lines, for screen readers, dumb terminals and pipes.")
]


def run(
    context: typer.Context,
    linear: LinearFlag = False,
    latest: ContinueFlag = False,
    conversation: ConversationFlag = None,
    model: ModelFlag = None,
    system: SystemFlag = None,
    profile: ProfileFlag = None,
    temporary: TemporaryFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Open the app, or chat in plain lines.

    The linear mode needs no cursor movement and no colour: it prints replies as they come and reads prompts line by
    line, with the same conversations, settings and commands. It opens by itself where TERM is dumb.
    """
    from tui_chat.core.launch_options import LaunchOptions

    before = context.obj
    options = replace(before, demo=demo or before.demo, data_dir=data_dir or before.data_dir)
    launch = LaunchOptions(model, system, profile, latest, conversation, temporary)
    if linear:
        from tui_chat.cli.linear.launch import run_linear

        raise typer.Exit(run_linear(options, launch))
    from tui_chat.cli.launch import open_app

    raise typer.Exit(open_app(options, launch))

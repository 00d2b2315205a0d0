"""`chat`: open the app, or with `--linear` chat in plain lines."""

from typing import Annotated

import typer

from tui_chat.cli.options import DataDirFlag, DemoFlag, with_launch_options
from tui_chat.core.launch_options import LaunchOptions

LinearFlag = Annotated[
    bool, typer.Option("--linear", help="Plain lines, for screen readers, dumb terminals and pipes.")
]


@with_launch_options
def run(
    context: typer.Context,
    launch: LaunchOptions,
    linear: LinearFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Open the app, or chat in plain lines.

    The linear mode needs no cursor movement and no colour: it prints replies as they come and reads prompts line by
    line, with the same conversations, settings and commands. It opens by itself where TERM is dumb.
    """
    options = context.obj.overridden(demo=demo, data_dir=data_dir)
    if linear:
        from tui_chat.cli.linear.launch import run_linear

        raise typer.Exit(run_linear(options, launch))
    from tui_chat.cli.launch import open_app

    raise typer.Exit(open_app(options, launch))

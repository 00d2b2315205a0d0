"""`open`: open the app at the conversation that fits best."""

from typing import Annotated

import typer

from tui_chat.cli.options import DataDirFlag, DemoFlag, ModelFlag

WordsArgument = Annotated[
    list[str], typer.Argument(metavar="WORDS", help="Words of its title or its messages, or its id.")
]


def run(
    context: typer.Context,
    words: WordsArgument,
    model: ModelFlag = None,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Open the app at the conversation that fits best.

    Ids are searched first, then titles, then messages.
    """
    from tui_chat.cli.launch import open_app
    from tui_chat.core.launch_options import LaunchOptions

    options = context.obj.overridden(demo=demo, data_dir=data_dir)
    raise typer.Exit(open_app(options, LaunchOptions(model=model, query=" ".join(words))))

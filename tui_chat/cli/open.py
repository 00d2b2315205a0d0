"""`open`: the app at the conversation that somebody means. What finds it is loaded when it is called."""

from typing import Annotated

import typer

from tui_chat.cli.options import DataDirFlag, DemoFlag, ModelFlag

WordsArgument = Annotated[
    list[str], typer.Argument(metavar="WORDS", help="Words of its title or of what was said in it, or its id.")
]


def open_(
    context: typer.Context,
    words: WordsArgument,
    model: ModelFlag = None,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Open the app at the conversation that fits best.

    It is looked for by id, by title, and else where it was said.
    """
    from dataclasses import replace

    from tui_chat.cli.launch import open_app
    from tui_chat.core.launch_options import LaunchOptions

    before = context.obj
    flags = replace(before, demo=demo or before.demo, data_dir=data_dir or before.data_dir)
    raise typer.Exit(open_app(flags, LaunchOptions(model=model, query=" ".join(words))))

"""`backup`: copy the database."""

from pathlib import Path
from typing import Annotated

import typer

from tui_chat.cli.context import command_context
from tui_chat.cli.options import DataDirFlag, DemoFlag

BackupArgument = Annotated[Path, typer.Argument(metavar="FILE", help="File to write; it must not exist yet.")]


def run(context: typer.Context, file: BackupArgument, demo: DemoFlag = False, data_dir: DataDirFlag = None) -> None:
    """Copy the database, whole and consistent, also while the app runs."""
    from tui_chat.cli.output import print_text
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.clean import clean_line
    from tui_chat.core.error import FormatError

    ctx = command_context(context, demo=demo, data_dir=data_dir)
    target = file.expanduser().absolute()
    try:
        problem = "" if target.parent.is_dir() else "there is no such folder"
        problem = "it exists already" if target.exists() else problem
    except OSError as error:
        problem = error.strerror or str(error)
    if problem:
        raise FormatError(f"{file}: {problem}", detail="unwritable")
    with_store(ctx, lambda store: store.backup(target))
    print_text(f"{clean_line(str(file))}: {target.stat().st_size / 1e6:,.1f} MB")

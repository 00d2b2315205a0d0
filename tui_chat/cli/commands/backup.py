"""`backup`: copy the database."""

from pathlib import Path
from typing import Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import with_context

BackupArgument = Annotated[Path, typer.Argument(metavar="FILE", help="File to write; it must not exist yet.")]


@with_context
def run(file: BackupArgument, *, ctx: Context) -> None:
    """Copy the database, whole and consistent, also while the app runs."""
    from tui_chat.cli.output import print_text
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.clean import clean_line
    from tui_chat.core.error import FormatError

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

"""The commands that keep the library: what they take. What they do is in `keeping`, loaded when one is called."""

from pathlib import Path
from typing import Annotated

import typer

from tui_chat.cli.options import BranchFlag, DataDirFlag, DemoFlag, IdArgument, JsonFlag, start
from tui_chat.cli.shell_completion import conversations

IdsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="ID", help="Which conversations.", autocompletion=conversations)
]
QueryArgument = Annotated[
    list[str],
    typer.Argument(metavar="WORDS", help="Words, '\"a phrase\"', and model: role: title: after: before: filters."),
]
HitsFlag = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many hits at most.")]
AllFlag = Annotated[bool, typer.Option("--all", help="Every conversation that is not in the trash.")]
FormatFlag = Annotated[str, typer.Option("-f", "--format", metavar="FORMAT", help="md, json, txt or librechat.")]
OutFlag = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="PATH", help="A file or a folder; stdout by default.")
]
FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="What to read; - is standard input. The format is found out.")
]
TitleArgument = Annotated[str, typer.Argument(metavar="TITLE", help="The new title.")]
BackupArgument = Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; it must not exist.")]
TurnFlag = Annotated[str | None, typer.Option("--turn", metavar="ID", help="Fork there instead of at the end.")]
TrashFlag = Annotated[bool, typer.Option("--list", help="List what is in the trash.")]


def search(
    context: typer.Context,
    query: QueryArgument,
    limit: HitsFlag = 20,
    as_json: JsonFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Search everything that was ever said."""
    from tui_chat.cli import keeping

    keeping.search(start(context, demo=demo, data_dir=data_dir), " ".join(query), limit=limit, as_json=as_json)


def rename(
    context: typer.Context,
    conversation: IdArgument,
    title: TitleArgument,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Give a conversation another title."""
    from tui_chat.cli import keeping

    keeping.rename(start(context, demo=demo, data_dir=data_dir), conversation, title)


def restore(
    context: typer.Context,
    conversation: Annotated[
        str | None, typer.Argument(metavar="ID", help="Which one; a unique beginning will do.")
    ] = None,
    show_list: TrashFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Take a conversation out of the trash, or list what is in it."""
    from tui_chat.cli import keeping

    ctx = start(context, demo=demo, data_dir=data_dir)
    keeping.restore(ctx, None if show_list else conversation)


def fork(
    context: typer.Context,
    conversation: IdArgument,
    turn: TurnFlag = None,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Begin a new conversation with what was said in another one.

    Its id is printed.
    """
    from tui_chat.cli import keeping

    keeping.fork(start(context, demo=demo, data_dir=data_dir), conversation, turn)


def export(
    context: typer.Context,
    conversations: IdsArgument = None,
    everything: AllFlag = False,
    form: FormatFlag = "md",
    output: OutFlag = None,
    branch: BranchFlag = "current",
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Write conversations as Markdown, JSON or text.

    They go to stdout, to a file, or a file for each into a folder.
    """
    from tui_chat.cli import carrying

    if everything == bool(conversations):
        raise typer.BadParameter("name the conversations, or say --all; one of the two")
    ctx = start(context, demo=demo, data_dir=data_dir)
    raise typer.Exit(carrying.export_(ctx, conversations or [], carrying.ExportOptions(form, branch, output)))


def import_(
    context: typer.Context,
    files: FilesArgument,
    as_json: JsonFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Take in conversations from files.

    Read are our JSON, ChatGPT's, Claude's and LibreChat's exports, packed or not, and llm's and elia's databases.
    Doing it again adds only what is new.
    """
    from tui_chat.cli import carrying

    raise typer.Exit(carrying.import_(start(context, demo=demo, data_dir=data_dir), files, as_json=as_json))


def backup(
    context: typer.Context, file: BackupArgument, demo: DemoFlag = False, data_dir: DataDirFlag = None
) -> None:
    """Copy the database, whole and consistent, also while the app runs."""
    from tui_chat.cli import keeping

    keeping.backup(start(context, demo=demo, data_dir=data_dir), file)


def stats(
    context: typer.Context, as_json: JsonFlag = False, demo: DemoFlag = False, data_dir: DataDirFlag = None
) -> None:
    """Print how much there is: conversations, turns, size."""
    from tui_chat.cli import keeping

    keeping.stats(start(context, demo=demo, data_dir=data_dir), as_json=as_json)

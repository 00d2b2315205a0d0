"""`list`, `show` and `delete`: what they take. What they do is in `browsing`, loaded when one is called."""

from typing import Annotated

import typer

from tui_chat.cli.options import BranchFlag, DataDirFlag, DemoFlag, IdArgument, JsonFlag, start

LimitFlag = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="How many at most.")]
ArchivedFlag = Annotated[bool, typer.Option("--archived", help="The archived ones.")]


PlainFlag = Annotated[bool, typer.Option("--plain", help="Plain text without colours.")]


def list_(
    context: typer.Context,
    limit: LimitFlag = 50,
    archived: ArchivedFlag = False,
    as_json: JsonFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """List past conversations, last used first."""
    from tui_chat.cli import browsing

    browsing.list_(start(context, demo=demo, data_dir=data_dir), limit=limit, archived=archived, as_json=as_json)


def show(
    context: typer.Context,
    conversation: IdArgument,
    as_json: JsonFlag = False,
    plain: PlainFlag = False,
    branch: BranchFlag = "current",
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Print a conversation.

    It is the branch that was shown last; with --branch all, or as --json, it is the whole tree.
    """
    from tui_chat.cli import browsing

    ctx = start(context, demo=demo, data_dir=data_dir)
    browsing.show(ctx, conversation, browsing.ShowOptions(as_json, plain, branch))


def delete(
    context: typer.Context,
    conversation: IdArgument,
    as_json: JsonFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Move a conversation to the trash.

    It can be had back for as many days as `chat.trash_days` in the settings says.
    """
    from tui_chat.cli import browsing

    browsing.delete(start(context, demo=demo, data_dir=data_dir), conversation, as_json=as_json)

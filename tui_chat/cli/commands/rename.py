"""`rename`: give a conversation another title."""

from typing import Annotated

import typer

from tui_chat.cli.context import command_context
from tui_chat.cli.options import DataDirFlag, DemoFlag, IdArgument

TitleArgument = Annotated[str, typer.Argument(metavar="TITLE", help="The new title.")]


def run(
    context: typer.Context,
    conversation: IdArgument,
    title: TitleArgument,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Give a conversation another title."""
    from tui_chat.cli.output import print_text, short_id
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.clean import clean_line
    from tui_chat.storage.store import Store

    ctx = command_context(context, demo=demo, data_dir=data_dir)
    if not (title := title.strip()):
        raise typer.BadParameter("the title must not be empty")

    async def rename(store: Store) -> str:
        conversation_id = await store.resolve(conversation)
        await store.rename(conversation_id, title)
        return conversation_id

    print_text(f"{short_id(with_store(ctx, rename))}  {clean_line(title)}")

"""`rename`: give a conversation another title."""

from typing import Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import IdArgument, with_context

TitleArgument = Annotated[str, typer.Argument(metavar="TITLE", help="The new title.")]


@with_context
def run(conversation: IdArgument, title: TitleArgument, *, ctx: Context) -> None:
    """Give a conversation another title."""
    from tui_chat.cli.output import print_text, short_id
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.clean import clean_line
    from tui_chat.storage.store import Store

    if not (title := title.strip()):
        raise typer.BadParameter("the title must not be empty")

    async def rename(store: Store) -> str:
        conversation_id = await store.resolve(conversation)
        await store.rename(conversation_id, title)
        return conversation_id

    print_text(f"{short_id(with_store(ctx, rename))}  {clean_line(title)}")

"""`restore`: take a conversation out of the trash, or list the trash."""

from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import with_context

if TYPE_CHECKING:
    from tui_chat.core.conversation import ConversationSummary

DeletedArgument = Annotated[
    str | None, typer.Argument(metavar="ID", help="Conversation id, or a unique prefix of an id.")
]
ListFlag = Annotated[bool, typer.Option("--list", help="List the trash.")]
_MAX_LISTED = 1000


@with_context
def run(conversation: DeletedArgument = None, list_trash: ListFlag = False, *, ctx: Context) -> None:
    """Restore a conversation from the trash, or list the trash."""
    from tui_chat.cli.output import print_text
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.conversation import Conversation
    from tui_chat.core.title import shown_title
    from tui_chat.storage.store import Store

    if conversation is None or list_trash:
        deleted = with_store(ctx, lambda store: store.summaries(limit=_MAX_LISTED, deleted=True))
        print_text("\n".join(map(_trash_row, deleted)) or "The trash is empty.")
        return

    async def restore(store: Store) -> Conversation:
        loaded = await store.conversation(await store.resolve(conversation))
        await store.restore(loaded.id)
        return loaded

    restored = with_store(ctx, restore)
    what = "was not in the trash" if restored.deleted_at is None else "is restored"
    print_text(f"“{shown_title(restored.title)}” {what}.")


def _trash_row(summary: "ConversationSummary") -> str:
    from tui_chat.cli.output import short_id
    from tui_chat.core.format_numbers import date_text
    from tui_chat.core.title import shown_title

    date = "" if summary.deleted_at is None else date_text(summary.deleted_at, "%Y-%m-%d")
    return f"{short_id(summary.id)}  deleted {date}  {shown_title(summary.title)}"

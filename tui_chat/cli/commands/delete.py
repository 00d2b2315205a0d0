"""`delete`: move a conversation to the trash."""

from tui_chat.cli.context import Context
from tui_chat.cli.options import IdArgument, JsonFlag, with_context


@with_context
def run(conversation: IdArgument, as_json: JsonFlag = False, *, ctx: Context) -> None:
    """Move a conversation to the trash.

    It can be restored for `chat.trash_days` days, a setting.
    """
    import json

    from tui_chat.cli.output import print_json_text, print_text, short_id
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.conversation import Conversation
    from tui_chat.core.title import shown_title
    from tui_chat.storage.store import Store

    async def delete(store: Store) -> Conversation:
        loaded = await store.conversation(await store.resolve(conversation))
        await store.delete(loaded.id)
        return loaded

    deleted = with_store(ctx, delete)
    if as_json:
        print_json_text(json.dumps({"id": deleted.id, "title": deleted.title, "deleted": True}, ensure_ascii=False))
    else:
        title = shown_title(deleted.title)
        print_text(f"“{title}” is in the trash. `tui-chat restore {short_id(deleted.id)}` restores it.")

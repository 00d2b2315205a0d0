"""`delete`: move a conversation to the trash."""

import typer

from tui_chat.cli.context import command_context
from tui_chat.cli.options import DataDirFlag, DemoFlag, IdArgument, JsonFlag


def run(
    context: typer.Context,
    conversation: IdArgument,
    as_json: JsonFlag = False,
    demo: DemoFlag = False,
    data_dir: DataDirFlag = None,
) -> None:
    """Move a conversation to the trash.

    It can be restored for `chat.trash_days` days, a setting.
    """
    import json

    from tui_chat.cli.output import print_json, print_text, short_id
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.conversation import Conversation
    from tui_chat.core.title import shown_title
    from tui_chat.storage.store import Store

    async def delete(store: Store) -> Conversation:
        loaded = await store.conversation(await store.resolve(conversation))
        await store.delete(loaded.id)
        return loaded

    deleted = with_store(command_context(context, demo=demo, data_dir=data_dir), delete)
    if as_json:
        print_json(json.dumps({"id": deleted.id, "title": deleted.title, "deleted": True}, ensure_ascii=False))
    else:
        title = shown_title(deleted.title)
        print_text(f"“{title}” is in the trash. `tui-chat restore {short_id(deleted.id)}` restores it.")

"""Past conversations, listed, shown and put into the trash, without a key, a network or a screen."""

import json
import sys
from typing import TYPE_CHECKING

from tui_chat.cli.reading import listed, print_json, print_out, short_id, with_store
from tui_chat.cli.start import Start
from tui_chat.core.clean import clean, clean_line
from tui_chat.core.conversation import Conversation

if TYPE_CHECKING:
    from tui_chat.storage.store import Store


def list_(begun: Start, *, limit: int, archived: bool, as_json: bool) -> None:
    """Last used first."""
    from tui_chat.cli.rows import facts, rows_for_people, rows_for_programs
    from tui_chat.storage.library import Asked

    found = listed(begun, Asked(limit, archived=archived))
    if as_json:
        print_json(json.dumps([facts(summary) for summary in found], ensure_ascii=False, indent=2))
    elif not sys.stdout.isatty():
        print_out(rows_for_programs(found))
    elif found:
        print_out(rows_for_people(found))
    else:
        print_out("No conversations yet. `tui-chat` opens the app; `tui-chat ask` asks from here.")


def show(begun: Start, beginning: str, *, as_json: bool, plain: bool) -> None:
    """The branch that is shown as text, or all of it as JSON."""
    found = with_store(begun, lambda store: _conversation(store, beginning))
    if as_json:
        from tui_chat.formats.native import dumps

        print_json(dumps(found))
    elif plain or not sys.stdout.isatty():
        from tui_chat.formats.plain import to_plain

        text = to_plain(found)
        print_out(clean(text) if sys.stdout.isatty() else text)
    else:
        from tui_chat.cli.transcript import print_transcript

        print_transcript(found, begun.settings.ui.measure)


def delete(begun: Start, beginning: str, *, as_json: bool) -> None:
    """Into the trash."""

    async def gone(store: "Store") -> Conversation:
        found = await _conversation(store, beginning)
        await store.delete(found.id)
        return found

    deleted = with_store(begun, gone)
    if as_json:
        print_json(json.dumps({"id": deleted.id, "title": deleted.title, "deleted": True}, ensure_ascii=False))
    else:
        title = clean_line(deleted.title)
        print_out(f"“{title}” is in the trash. `tui-chat restore {short_id(deleted.id)}` brings it back.")


async def _conversation(store: "Store", beginning: str) -> Conversation:
    return await store.conversation(await store.resolve(beginning))

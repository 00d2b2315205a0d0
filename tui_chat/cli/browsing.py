"""Past conversations, listed, shown and put into the trash, without a key, a network or a screen."""

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_chat.cli.context import Context
from tui_chat.cli.store_access import MOST, choice_or_error, listed, print_json, print_out, short_id, with_store
from tui_chat.core.clean import clean
from tui_chat.core.conversation import Conversation
from tui_chat.core.title import shown_title

if TYPE_CHECKING:
    from tui_chat.storage.store import Store


def list_(ctx: Context, *, limit: int, archived: bool, as_json: bool) -> None:
    """Last used first."""
    from tui_chat.cli.conversation_table import as_dict, rows_for_people, rows_for_programs
    from tui_chat.storage.conversation_list import ListQuery

    found = listed(ctx, ListQuery(min(limit, MOST), archived=archived))
    if as_json:
        print_json(json.dumps([as_dict(summary) for summary in found], ensure_ascii=False, indent=2))
    elif not sys.stdout.isatty():
        print_out(rows_for_programs(found))
    elif found:
        print_out(rows_for_people(found))
    elif archived:
        print_out("Nothing is archived.")
    else:
        print_out("No conversations yet. `tui-chat` opens the app; `tui-chat ask` asks from here.")


@dataclass(frozen=True, slots=True)
class ShowOptions:
    """How a conversation is to be printed."""

    json: bool
    plain: bool
    branch: str


def show(ctx: Context, beginning: str, shape: ShowOptions) -> None:
    """The branch that is shown or all of them as text, or all of it as JSON."""
    from tui_chat.formats.transcript import Branch

    branch = Branch(choice_or_error(shape.branch, [str(one) for one in Branch], "branch"))
    found = with_store(ctx, lambda store: _conversation(store, beginning))
    if shape.json:
        from tui_chat.formats.native import dumps

        print_json(dumps(found))
    elif shape.plain or not sys.stdout.isatty():
        from tui_chat.formats.plain_text import to_plain

        text = to_plain(found, branch)
        print_out(clean(text) if sys.stdout.isatty() else text)
    else:
        from tui_chat.cli.transcript import print_transcript

        print_transcript(found, branch, ctx.settings.ui.measure)


def delete(ctx: Context, beginning: str, *, as_json: bool) -> None:
    """Into the trash."""

    async def gone(store: "Store") -> Conversation:
        found = await _conversation(store, beginning)
        await store.delete(found.id)
        return found

    deleted = with_store(ctx, gone)
    if as_json:
        print_json(json.dumps({"id": deleted.id, "title": deleted.title, "deleted": True}, ensure_ascii=False))
    else:
        title = shown_title(deleted.title)
        print_out(f"“{title}” is in the trash. `tui-chat restore {short_id(deleted.id)}` brings it back.")


async def _conversation(store: "Store", beginning: str) -> Conversation:
    return await store.conversation(await store.resolve(beginning))

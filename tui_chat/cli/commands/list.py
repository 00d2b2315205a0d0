"""`list`: past conversations, most recent first."""

import sys
from typing import Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import JsonFlag, with_context

LimitFlag = Annotated[
    int, typer.Option("--limit", metavar="N", min=0, help="Maximum number of conversations; 0 lists all.")
]
ArchivedFlag = Annotated[bool, typer.Option("--archived", help="List archived conversations.")]


@with_context
def run(limit: LimitFlag = 50, archived: ArchivedFlag = False, as_json: JsonFlag = False, *, ctx: Context) -> None:
    """List past conversations, most recent first."""
    from tui_chat.cli.conversation_table import as_dict, rows_for_people, rows_for_programs
    from tui_chat.cli.output import print_json, print_notice, print_text
    from tui_chat.cli.store_access import MAX_ROWS, list_page
    from tui_chat.storage.conversation_list import ListQuery

    page = list_page(ctx, ListQuery(min(limit or MAX_ROWS, MAX_ROWS), archived=archived))
    if as_json:
        print_json([as_dict(summary) for summary in page])
    elif not sys.stdout.isatty():
        print_text(rows_for_programs(page))
    elif page:
        print_text(rows_for_people(page))
    elif archived:
        print_text("Nothing is archived.")
    else:
        print_text("No conversations yet. `tui-chat` opens the app; `tui-chat ask` asks from here.")
    if page.end is not None:
        print_notice(f"the first {len(page)} conversations are listed; --limit 0 lists all")

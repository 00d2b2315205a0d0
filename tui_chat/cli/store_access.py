"""Opening the database for a command. Prints what happened when it was opened; knows no command."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from tui_chat.cli.context import Context
from tui_chat.cli.output import print_notice
from tui_chat.core.clean import clean_line
from tui_chat.storage.private_files import DATABASE

if TYPE_CHECKING:
    from tui_chat.storage.conversation_list import ListQuery, Page
    from tui_chat.storage.open_database import OpenReport
    from tui_chat.storage.store import Store

Result = TypeVar("Result")
MAX_ROWS = 1_000_000
"""The largest limit passed to the store."""


def list_page(ctx: Context, query: "ListQuery") -> "Page":
    """Return a page of the list without starting the database thread."""
    from tui_chat.storage.quick_read import read_page

    return read_page(ctx.settings.data_dir / DATABASE, query, print_opening_notices)


def print_opening_notices(opening: "OpenReport") -> None:
    """Print to stderr what happened when the database was opened, such as that a damaged file was replaced."""
    if opening.is_remarkable:
        from tui_chat.cli.opening_notices import opening_notices

        for sentence in opening_notices(opening):
            print_notice(clean_line(sentence))


def with_store(ctx: Context, do: "Callable[[Store], Awaitable[Result]]") -> Result:
    """Open the database, await `do`, close the database."""
    import asyncio

    from tui_chat.storage.store import Store

    async def run() -> Result:
        store = await Store.open(ctx.settings.data_dir / DATABASE)
        try:
            return await do(store)
        finally:
            await store.aclose()
            print_opening_notices(store.opening)

    return asyncio.run(run())

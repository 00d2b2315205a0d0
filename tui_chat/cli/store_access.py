"""Opening the database or the whole program for a command, and notices about what happened then. Knows no command."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, TypeVar

from tui_chat.cli.context import Context
from tui_chat.cli.output import print_notice
from tui_chat.core.clean import clean_line
from tui_chat.storage.private_files import DATABASE

if TYPE_CHECKING:
    from tui_chat.storage.conversation_list import ListQuery, Page
    from tui_chat.storage.open_database import OpenReport
    from tui_chat.storage.store import Store
    from tui_chat.wiring import Program

Result = TypeVar("Result")
MAX_ROWS = 1_000_000
"""The largest limit passed to the store."""


def list_page(ctx: Context, query: "ListQuery") -> "Page":
    """Return a page of the list without starting the database thread."""
    from tui_chat.storage.quick_read import read_page

    return read_page(ctx.settings.data_dir / DATABASE, query, print_opening_notices)


def print_opening_notices(opening: "OpenReport", *, writes: bool = False) -> None:
    """Print the notices to stderr."""
    for sentence in opening_notices(opening, writes=writes):
        print_notice(clean_line(sentence))


def opening_notices(opening: "OpenReport", *, writes: bool = True) -> list[str]:
    """Return what happened when the database was opened: recovery, migration, read-only mode; mostly nothing.

    A command that only reads does not mind a read-only database.
    """
    notices: list[str] = []
    if opening.damaged_moved_to is not None:
        notices.append(
            f"The database was damaged ({opening.damage}). The file is now {opening.damaged_moved_to}; "
            f"{opening.recovered_conversations:,} conversations were recovered."
        )
    if opening.met_damaged_value:
        notices.append(
            "A stored text or value is damaged and is shown as far as it is readable."
            " `tui-chat doctor --repair` repairs it."
        )
    if opening.found_empty:
        notices.append(f"The database {opening.path} was empty although it had been used; a new one was created.")
    if opening.recreated:
        notices.append(f"The database {opening.path} had vanished and was written again with all its content.")
    if opening.replaced_saved_to is not None:
        notices.append(
            f"Another file took the database's place; what the old one held is in {opening.replaced_saved_to}."
        )
    if opening.read_only and writes:
        notices.append("The database is read-only: new messages are not saved.")
    if opening.migrated_from is not None and opening.backup is not None:
        notices.append(f"The database was upgraded; the old one is kept as {opening.backup}.")
    return notices


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


def with_program(ctx: Context, do: "Callable[[Program], Awaitable[Result]]") -> Result:
    """Build the whole program, await `do`, close the program."""
    import asyncio

    from tui_chat.wiring import assemble

    async def run() -> Result:
        async with aclosing(await assemble(ctx.settings, auto_title=False)) as program:
            return await do(program)

    return asyncio.run(run())

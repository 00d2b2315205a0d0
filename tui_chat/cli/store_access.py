"""What every command that only reads or mends the library shares: one opened store, one way to print."""

import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from tui_chat.cli.context import Context
from tui_chat.core.clean import clean_line
from tui_chat.storage.private_files import DATABASE

if TYPE_CHECKING:
    from tui_chat.storage.conversation_list import ListQuery, Page
    from tui_chat.storage.open_database import OpenReport
    from tui_chat.storage.store import Store

Result = TypeVar("Result")
MOST = 1_000_000
"""More rows than anybody reads; whoever asks for more gets all there are."""


def listed(ctx: Context, asked: "ListQuery") -> "Page":
    """A page of the list, without all that a store needs."""
    from tui_chat.storage.quick_read import read_page

    return read_page(ctx.settings.data_dir / DATABASE, asked, report_opening)


def report_opening(opening: "OpenReport") -> None:
    """Print to stderr what happened when the database was opened, such as that a damaged file was replaced."""
    if opening.is_remarkable:
        from tui_chat.cli.opening_notices import opening_notices

        for sentence in opening_notices(opening):
            print(f"tui-chat: {clean_line(sentence)}", file=sys.stderr)  # noqa: T201


def with_store(ctx: Context, do: "Callable[[Store], Awaitable[Result]]") -> Result:
    """Open the database, do it, close the database."""
    import asyncio

    from tui_chat.storage.store import Store

    async def run() -> Result:
        store = await Store.open(ctx.settings.data_dir / DATABASE)
        try:
            return await do(store)
        finally:
            await store.aclose()
            report_opening(store.opening)

    return asyncio.run(run())


def print_out(text: str) -> None:
    """Print to stdout, ending with one newline; text that is empty prints nothing."""
    if text:
        sys.stdout.buffer.write((text.rstrip("\n") + "\n").encode("utf-8", "replace"))
        sys.stdout.buffer.flush()


def print_json(text: str) -> None:
    """The same for JSON, which a terminal gets without anything that could steer it."""
    from tui_chat.core.clean import harmless_json

    print_out(harmless_json(text) if sys.stdout.isatty() else text)


class SafeStdout:
    """Stands for a stdout that is a terminal: bytes of UTF-8 come to it as they may be shown."""

    def __init__(self, harmless: Callable[[str], str]) -> None:
        self._harmless = harmless

    def write(self, data: bytes, /) -> None:
        """Show it."""
        sys.stdout.buffer.write(self._harmless(data.decode("utf-8", "replace")).encode("utf-8", "replace"))


def choice_or_error(word: str, known: Sequence[str], what: str) -> str:
    """The word, if there is such a thing; else that is a misuse."""
    if word in known:
        return word
    from typer import BadParameter

    from tui_chat.core.fuzzy import did_you_mean

    raise BadParameter(f"there is no {what} {word!r}{did_you_mean(word, known)}; there are {', '.join(known)}")


def short_id(conversation_id: str) -> str:
    """As much of an id as is shown to people."""
    return conversation_id[:8]


def width() -> int:
    """Cells of a line of the terminal."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 80


def knows_sequences() -> bool:
    """Return whether the terminal's name promises that it knows escape sequences; on Windows it has no name."""
    return sys.platform == "win32" or os.environ.get("TERM", "").lower() not in ("", "dumb", "unknown")

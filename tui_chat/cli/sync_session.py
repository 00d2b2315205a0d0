"""Sync for the commands: the libraries of the extra, the key, the password, and the session of a data folder."""

import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from tui_chat.cli.context import Context
from tui_chat.core.error import SettingsError, SyncError
from tui_chat.storage.private_files import DATABASE

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from tui_chat.storage.store import Store
    from tui_chat.sync.hub import PostgresHub
    from tui_chat.sync.identity import SyncFiles
    from tui_chat.sync.seal import SpaceKey
    from tui_chat.sync.session import SyncSession


def load_sync() -> None:
    """Import the libraries. Raises `SettingsError` that names the extra if they are missing."""
    try:
        import tui_chat.sync.hub
        import tui_chat.sync.seal  # noqa: F401
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("psycopg", "psycopg_binary", "nacl", "_cffi_backend"):
            raise
        raise SettingsError(f"{error.name} is not installed; install tui-chat with the extra `sync`") from None


def sync_files(ctx: Context) -> "SyncFiles":
    """Return the files next to the database."""
    from tui_chat.sync.identity import SyncFiles

    return SyncFiles(ctx.settings.data_dir / DATABASE)


def stored_key(ctx: Context) -> "SpaceKey":
    """Return the key of this machine: of the command in the settings, else of the file next to the database."""
    from tui_chat.sync.seal import SpaceKey

    files = sync_files(ctx)
    text = _output_of(ctx.settings.sync.key_cmd, "key") or files.read(files.key)
    if text is None:
        raise SyncError(f"{files.key} is missing", detail="no_key")
    return SpaceKey.parse(text)


def password(ctx: Context) -> str | None:
    """Return the password: of the command in the settings, else of the file; else libpq looks for it itself."""
    files = sync_files(ctx)
    return _output_of(ctx.settings.sync.password_cmd, "password") or files.read(files.password)


def hub_of(ctx: Context, key: "SpaceKey", url: str = "", given_password: str | None = None) -> "PostgresHub":
    """Return the hub at the address, by default that of the settings; nothing is connected yet."""
    from tui_chat.sync.hub import PostgresHub

    return PostgresHub(url or ctx.settings.sync.url, key, given_password or password(ctx))


@asynccontextmanager
async def open_session(ctx: Context, *, yields_to_app: bool = False) -> "AsyncIterator[SyncSession]":
    """Open the database and a session with its hub. Raises `SyncError` if sync is not set up.

    `yields_to_app` leaves the database and the processor free after each transaction, longer while the app is used.
    """
    from tui_chat.storage.store import Store
    from tui_chat.sync.exchange import no_pause
    from tui_chat.sync.process import is_in_use
    from tui_chat.sync.session import SyncSession
    from tui_chat.sync.throttle import Throttle

    if not ctx.settings.sync.url:
        raise SyncError(detail="off")
    key = stored_key(ctx)
    hub = hub_of(ctx, key)
    database = ctx.settings.data_dir / DATABASE
    pause = Throttle(lambda: is_in_use(database)).rest if yields_to_app else no_pause
    store = await Store.open(database)
    try:
        yield SyncSession(store, hub, key, sync_files(ctx), pause=pause)
    finally:
        await hub.aclose()
        await store.aclose()


def _output_of(command: tuple[str, ...], what: str) -> str:
    """Return what a command of the settings prints; empty without a command."""
    if not command:
        return ""
    from tui_chat.settings.api_keys import first_line_of

    try:
        line = first_line_of(command, f"sync.{what}_cmd").strip()
    except SettingsError as error:
        raise SyncError(error.message, detail="command") from None
    if not line:
        raise SyncError(f"sync.{what}_cmd printed nothing", detail="command")
    return line


@asynccontextmanager
async def open_store(ctx: Context) -> "AsyncIterator[Store]":
    from tui_chat.storage.store import Store

    async with aclosing(await Store.open(ctx.settings.data_dir / DATABASE)) as store:
        yield store


def run(job: "Coroutine[Any, Any, None]") -> None:
    """Run a coroutine on an event loop that psycopg can use; the default one of Windows is not."""
    import asyncio

    loop_factory = asyncio.SelectorEventLoop if sys.platform == "win32" else None
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(job)

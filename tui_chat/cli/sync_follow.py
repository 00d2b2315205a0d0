"""`sync --follow`: the process that keeps exchanging, one for a database, until it is stopped or its parent ends."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from datetime import UTC, datetime
from threading import Thread
from typing import TYPE_CHECKING

from tui_chat.cli.context import Context
from tui_chat.cli.exit_codes import DONE
from tui_chat.cli.output import print_error
from tui_chat.cli.sync_session import load_sync, open_session, open_store, run
from tui_chat.core.error import ChatError, SettingsError, SyncError
from tui_chat.storage.private_files import DATABASE
from tui_chat.sync.follow_loop import LOOK_EVERY_S, FollowLoop
from tui_chat.sync.process import LAST_EXCHANGE_S, be_nice, try_lock
from tui_chat.sync.stored_status import store_problem

if TYPE_CHECKING:
    from tui_chat.sync.session import SyncSession

OPEN_AGAIN_S = 60.0
"""How long after the key could not be read it is tried again."""


def follow(ctx: Context, *, with_parent: bool) -> int:
    """Keep exchanging; return the exit code. While another process does, wait until it ends."""
    run(_Follower(ctx, with_parent=with_parent).run())
    return DONE


class _Follower:
    def __init__(self, ctx: Context, *, with_parent: bool) -> None:
        self._ctx = ctx
        self._with_parent = with_parent
        self._is_over = asyncio.Event()

    async def run(self) -> None:
        """Exchange until a signal or the end of the parent."""
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        assert task is not None
        for number in (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGHUP", None)):
            if number is not None:
                with suppress(NotImplementedError):  # Windows: the signal ends the process, which is as safe
                    loop.add_signal_handler(number, task.cancel)
        if self._with_parent:
            Thread(target=self._watch_parent, args=(loop,), daemon=True).start()
        with suppress(asyncio.CancelledError):
            await self._run_alone()

    def _watch_parent(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for the end of stdin, which is a pipe from the parent."""
        with suppress(OSError):
            while os.read(sys.stdin.fileno(), 1024):
                pass
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._is_over.set)

    async def _run_alone(self) -> None:
        """Exchange while no other process does."""
        while not self._is_over.is_set():
            with try_lock(self._ctx.settings.data_dir / DATABASE) as is_free:
                if is_free:
                    await self._open_and_exchange()
                    return
            await self._wait(LOOK_EVERY_S)

    async def _open_and_exchange(self) -> None:
        """Exchange until it is over; a key that is not available now may be there later."""
        while not self._is_over.is_set():
            try:
                load_sync()
                async with open_session(self._ctx, yields_to_app=True) as session:
                    be_nice()
                    if not self._with_parent:
                        session.report = print_error
                    await self._exchange(session)
                return
            except (SyncError, SettingsError) as error:
                if not self._with_parent:
                    raise
                if error.detail == "off":
                    return
                async with open_store(self._ctx) as store:
                    await store_problem(store, error, datetime.now(UTC))
            await self._wait(OPEN_AGAIN_S)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._is_over.wait()

    async def _exchange(self, session: "SyncSession") -> None:
        loop = FollowLoop(session, self._ctx.settings.sync.every_s)
        following = asyncio.create_task(loop.follow(self._is_over.is_set))
        ending = asyncio.create_task(self._is_over.wait())
        try:
            await asyncio.wait((following, ending), return_when=asyncio.FIRST_COMPLETED)
            if self._is_over.is_set():
                await self._finish(following, session)
            await following
        finally:
            following.cancel()
            ending.cancel()
            await asyncio.gather(following, ending, return_exceptions=True)

    async def _finish(self, following: "asyncio.Task[None]", session: "SyncSession") -> None:
        """Send what was written last, if that is quick."""
        with suppress(TimeoutError, ChatError):
            async with asyncio.timeout(LAST_EXCHANGE_S):
                await following
                if await session.has_changes():
                    await session.exchange()

"""The store: every conversation in one private file, each method one transaction. Hands out core values only."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from tui_chat.core.conversation import Conversation, Options, SearchHit, SideRequest, TitleSource
from tui_chat.core.error import NotFound, StorageError
from tui_chat.core.event import ProviderEvent
from tui_chat.core.turn import Turn
from tui_chat.core.usage_report import UsageRow
from tui_chat.storage import (
    app_state,
    conversation_list,
    conversation_writes,
    live_replies,
    maintenance,
    search,
    usage_rows,
)
from tui_chat.storage.backup import back_up
from tui_chat.storage.conversation_list import Cursor, Page
from tui_chat.storage.database import Database
from tui_chat.storage.db_thread import Worker
from tui_chat.storage.open_database import OpenOptions, OpenReport, new_random_id, now
from tui_chat.storage.process_owner import CurrentProcess, Owner
from tui_chat.storage.schema import MIGRATIONS, Migration

SQLITE_VERSION = sqlite3.sqlite_version
P = ParamSpec("P")
T = TypeVar("T")
Arrived = Callable[[], Sequence[tuple[str, Sequence[ProviderEvent]]]]
"""Returns the ids of turns and what arrived of each."""


class Store:
    """All conversations, as they happen. Made by `Store.open`."""

    def __init__(self, worker: Worker, database: Database, clock: Callable[[], datetime]) -> None:
        self._worker = worker
        self._database = database
        self._clock = clock

    @classmethod
    async def open(
        cls,
        path: Path | Literal[":memory:"],
        *,
        clock: Callable[[], datetime] = now,
        new_id: Callable[[], str] = new_random_id,
        owner: Owner | None = None,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> "Store":
        """Open or make the database, upgrade it after a backup, and end the replies whose program died.

        A damaged file is replaced by what can be read of it, and kept; `opening` tells of all this.
        """
        worker = Worker()
        where = None if str(path) == ":memory:" else Path(path)
        start = partial(Database, where, OpenOptions(migrations, clock, new_id), owner or Owner.current())
        async with AsyncExitStack() as undo:
            undo.push_async_callback(worker.stop, lambda: None)
            store = cls(worker, await worker.run(start), clock)
            undo.pop_all()
        return store

    async def aclose(self) -> None:
        """Let go of the file, after everything that was asked for."""
        await self._worker.stop(self._database.close)

    @property
    def opening(self) -> OpenReport:
        """What happened when the file was opened; it is opened anew when it is replaced or vanishes."""
        return self._database.opening

    # A job is one function that runs on the worker's thread, as one transaction.

    async def _read(
        self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        return await self._worker.run(lambda: self._database.read(lambda db: job(db, *args, **named)))

    async def _write(
        self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        return await self._worker.run(lambda: self._database.write(lambda db: job(db, *args, **named)))

    def _process(self) -> CurrentProcess:
        return self._database.process

    async def create(self, conversation: Conversation) -> None:
        """Store a new conversation, with the turns it may have already; it counts as used now."""
        await self._write(conversation_writes.create, conversation, self._process())

    async def save(self, conversation: Conversation) -> None:
        """Store the whole of it over what there is; turns that only the store has are kept."""
        await self._write(conversation_writes.save, conversation, self._process())

    async def save_all(self, conversations: Sequence[Conversation]) -> None:
        """The same for many in one transaction, all or none; each alone would wait for the disk."""
        await self._write(conversation_writes.save_all, conversations, self._process())

    async def conversation(self, conversation_id: str) -> Conversation:
        """A conversation with all its turns; replies in flight as far as they were saved, whoever receives them."""
        return await self._read(conversation_writes.load, conversation_id, self._process())

    async def append(
        self, conversation_id: str, turns: Sequence[Turn], *, head: str, title: str | None = None
    ) -> None:
        """Add turns, move the head and give a title from the prompt, in one step.

        Raises `ReplyInFlight` if the branch they go on from is being answered.
        """
        await self._write(conversation_writes.append, conversation_id, turns, self._process(), head=head, title=title)

    async def checkpoint(
        self, turn_id: str, deltas: Sequence[ProviderEvent], mark_saved: Callable[[], None] | None = None
    ) -> None:
        """Keep what has arrived of a reply since the last time; usage and the like may stand among it.

        `mark_saved` is called on the store's thread, before it does anything else.
        """
        job = partial(live_replies.checkpoint, turn_id=turn_id, deltas=deltas, now=self._clock())

        def keep() -> None:
            self._database.write(job)
            if mark_saved is not None:
                mark_saved()

        await self._worker.run(keep)

    def checkpoint_last(self, arrived: Arrived, timeout_s: float) -> bool:
        """Keep what arrived of several replies, and nothing after it; false if that took too long.

        For the end of the program, from any thread, whatever the event loop does. `arrived` is called on the store's
        thread after every other job.
        """
        if not self._worker.take_no_more():
            return False

        def keep() -> None:
            for turn_id, deltas in arrived():
                job = partial(live_replies.checkpoint, turn_id=turn_id, deltas=deltas, now=self._clock())
                with suppress(StorageError, NotFound):  # the other replies may still be kept
                    self._database.write(job)
            self._database.close()

        return self._worker.run_last(keep, timeout_s)

    async def finish(self, turn: Turn) -> None:
        """Store a turn as it ended."""
        await self._write(conversation_writes.finish, turn, self._process())

    async def set_head(self, conversation_id: str, turn_id: str | None) -> None:
        """Show the branch that ends there."""
        await self._write(conversation_writes.set_head, conversation_id, turn_id)

    async def rename(self, conversation_id: str, title: str, source: TitleSource = TitleSource.USER) -> bool:
        """Give it a title, unless it has one from a stronger source; tells whether it took it."""
        return await self._write(conversation_writes.rename, conversation_id, title, source)

    async def record(self, conversation_id: str, side_request: SideRequest, title: str = "") -> None:
        """Keep what an errand used, and the title it brought, unless somebody gave one; in one step."""
        await self._write(conversation_writes.record_side_request, conversation_id, side_request, title)

    async def set_model(self, conversation_id: str, model: str) -> None:
        """The model the next prompt goes to."""
        await self._write(conversation_writes.set_column, conversation_id, "model", model)

    async def set_system(self, conversation_id: str, system: str) -> None:
        """The system prompt."""
        await self._write(conversation_writes.set_column, conversation_id, "system", system)

    async def set_options(self, conversation_id: str, options: Options) -> None:
        """What is asked of the model beside the words."""
        await self._write(conversation_writes.set_options, conversation_id, options)

    async def archive(self, conversation_id: str) -> None:
        """Take it out of the list, not out of reach."""
        await self._write(conversation_writes.set_column, conversation_id, "archived_at", self._moment())

    async def unarchive(self, conversation_id: str) -> None:
        """Put it back into the list."""
        await self._write(conversation_writes.set_column, conversation_id, "archived_at", None)

    async def delete(self, conversation_id: str) -> None:
        """Put it into the trash."""
        await self._write(conversation_writes.set_column, conversation_id, "deleted_at", self._moment())

    async def restore(self, conversation_id: str) -> None:
        """Take it out of the trash, to where it was."""
        await self._write(conversation_writes.set_column, conversation_id, "deleted_at", None)

    async def purge(self, older_than: datetime) -> int:
        """Destroy what was put into the trash before that moment; how many that were."""
        return await self._write(conversation_writes.purge, older_than)

    def _moment(self) -> str:
        return self._clock().isoformat()

    async def resolve(self, prefix: str) -> str:
        """The whole id that begins so; raises `NotFound` for none and for several."""
        return await self._read(conversation_list.resolve, prefix)

    async def last_conversation(self) -> str | None:
        """The id of the one last used; archived and deleted ones do not count."""
        return await self._read(conversation_list.last_conversation)

    async def summaries(
        self,
        *,
        limit: int = 50,
        after: Cursor | None = None,
        archived: bool = False,
        deleted: bool = False,
        matching: str = "",
        skip: int = 0,
    ) -> Page:
        """A page of the list, last used first; `page.end` is the cursor to go on after, `skip` jumps into it."""
        asked = conversation_list.ListQuery(limit, after, archived, deleted, matching, skip)
        return await self._read(conversation_list.summaries, asked, self._process())

    async def count(self, *, archived: bool = False, deleted: bool = False, matching: str = "") -> int:
        """How many conversations the whole list has."""
        return await self._read(
            conversation_list.count, conversation_list.ListQuery(0, None, archived, deleted, matching)
        )

    async def usage_rows(self, since: datetime | None = None) -> list[UsageRow]:
        """What every finished reply used and cost since a moment, of every branch, without its text."""
        return await self._read(usage_rows.usage_rows, since)

    async def unmetered(self) -> list[tuple[str, str]]:
        """Conversation and turn of each reply whose program died before its tokens were known."""
        return await self._read(usage_rows.unmetered)

    async def search(self, query: str, *, limit: int = 20, offset: int = 0) -> list[SearchHit]:
        """Turns that hold all words and "phrases", newest and best first.

        `role: model: title: after: before:` filter. No query is an error; one that says nothing finds nothing.
        """
        return await self._read(search.search, query, limit, offset)

    async def draft(self, conversation_id: str | None) -> str:
        """What was typed there and not yet sent; `None` is the conversation that does not exist yet."""
        return await self._read(app_state.draft, conversation_id)

    async def set_draft(self, conversation_id: str | None, text: str) -> None:
        """Keep what is being typed."""
        await self._write(app_state.set_draft, conversation_id, text)

    async def add_prompt(self, text: str) -> None:
        """Remember a prompt for the history of the prompt box."""
        await self._write(app_state.add_prompt, text)

    async def prompts(self, matching: str = "", *, limit: int = 100) -> list[str]:
        """Prompts that were typed, newest first, each once."""
        return await self._read(app_state.prompts, matching, limit)

    async def state(self, key: str) -> Any:
        """What was remembered under that name; `None` if nothing was."""
        return await self._read(app_state.state, key)

    async def set_state(self, key: str, value: object) -> None:
        """Remember a value that JSON can hold; `None` forgets it."""
        await self._write(app_state.set_state, key, value)

    async def changes(self) -> tuple[int, int]:
        """A token that is another one after anybody, here or in another process, wrote something."""
        return await self._worker.run(lambda: self._database.token)

    async def pulse(self, conversation_id: str) -> tuple[object, ...]:
        """Another value after anything of that conversation changed; cheap however long it is."""
        return await self._read(conversation_list.pulse, conversation_id)

    async def stats(self) -> maintenance.Stats:
        """How much there is."""
        return await self._read(maintenance.stats)

    async def check(self) -> maintenance.CheckReport:
        """Look whether everything is whole and fits together; takes a while in a large library."""
        return await self._read(maintenance.check)

    async def repair(self) -> maintenance.RepairReport:
        """Put right what `check` finds, after a backup beside the file."""
        return await self._worker.run(self._database.repair)

    async def backup(self, target: Path) -> None:
        """Write a whole copy as of one moment to a new file, while everything else goes on."""
        if self.opening.path is None:
            await self._worker.run(lambda: self._database.copy(target))
        else:
            await asyncio.to_thread(back_up, self.opening.path, target)

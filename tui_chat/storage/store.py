"""The store: every conversation in one private file, each method one transaction. Returns core values only."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Concatenate, Literal, ParamSpec, TypeVar

from tui_chat.core.conversation import Conversation, ConversationSummary, Options, SearchHit, SideRequest, TitleSource
from tui_chat.core.error import NotFound, StorageError
from tui_chat.core.event import ProviderEvent
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Turn
from tui_chat.core.usage_report import UsageRow
from tui_chat.storage import (
    app_state,
    blobs,
    conversation_list,
    conversation_writes,
    labels,
    live_replies,
    maintenance,
    purge,
    search,
    turn_rows,
    usage_rows,
)
from tui_chat.storage.backup import back_up
from tui_chat.storage.conversation_list import NO_FILTER, Cursor, ListQuery, ListStart, Page
from tui_chat.storage.database import Database
from tui_chat.storage.db_thread import DatabaseThread
from tui_chat.storage.labels import Labels
from tui_chat.storage.last_loaded import LastLoaded
from tui_chat.storage.list_filter import ListFilter
from tui_chat.storage.open_database import OpenOptions, OpenReport, new_random_id, utc_now
from tui_chat.storage.process_owner import Owner
from tui_chat.storage.schema import MIGRATIONS, Migration
from tui_chat.storage.search_index import NO_WORDS, IndexedWords

if TYPE_CHECKING:
    from tui_chat.storage.replica_store import ReplicaStore

SQLITE_VERSION = sqlite3.sqlite_version
P = ParamSpec("P")
T = TypeVar("T")
Arrived = Callable[[], Sequence[tuple[str, Sequence[ProviderEvent]]]]
"""Returns the ids of turns and the new deltas of each."""


class Store:
    """The database, for asynchronous callers. Made by `Store.open`."""

    def __init__(self, thread: DatabaseThread, database: Database, clock: Callable[[], datetime]) -> None:
        self._thread = thread
        self._database = database
        self._clock = clock
        self._last_loaded = LastLoaded(database)

    @classmethod
    async def open(
        cls,
        path: Path | Literal[":memory:"],
        *,
        clock: Callable[[], datetime] = utc_now,
        new_id: Callable[[], str] = new_random_id,
        owner: Owner | None = None,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> "Store":
        """Open or create the database, upgrade it after a backup, and end the replies whose program died.

        A damaged file is kept, and replaced by a new one with its readable rows; `opening` reports all this.
        """
        thread = DatabaseThread()
        file = None if str(path) == ":memory:" else Path(path)
        start = partial(Database, file, OpenOptions(migrations, clock, new_id), owner or Owner.current())
        async with AsyncExitStack() as undo:
            undo.push_async_callback(thread.stop, lambda: None)
            store = cls(thread, await thread.run(start), clock)
            undo.pop_all()
        return store

    async def aclose(self) -> None:
        """Close the file after all pending calls."""
        await self._thread.stop(self._database.close)

    @cached_property
    def replica(self) -> "ReplicaStore":
        """What sync does with the database."""
        from tui_chat.storage.replica_store import ReplicaStore  # only the process that syncs needs it

        return ReplicaStore(self._read, self._write, lambda: self._database.process)

    async def is_synced(self) -> bool:
        """Return whether this machine syncs; loads nothing of sync."""
        return await self._read(lambda db: db.execute("SELECT 1 FROM sync").fetchone() is not None)

    @property
    def opening(self) -> OpenReport:
        """What happened when the file was last opened, which includes a replaced or vanished file."""
        return self._database.opening

    # A job is a function that runs on the database thread, as one transaction.

    async def _read(
        self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        return await self._thread.run(lambda: self._database.read(lambda db: job(db, *args, **named)))

    async def _write(
        self, job: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **named: P.kwargs
    ) -> T:
        return await self._thread.run(lambda: self._database.write(lambda db: job(db, *args, **named)))

    async def create(self, conversation: Conversation) -> None:
        """Store a new conversation with its turns; it counts as used now."""
        await self._write(conversation_writes.create, conversation, self._database.process)

    async def save(self, conversation: Conversation) -> None:
        """Store the whole conversation; turns that only the store has are kept."""
        await self._write(conversation_writes.save, conversation, self._database.process)

    async def save_all(
        self, conversations: Sequence[Conversation], words: Mapping[str, IndexedWords] = NO_WORDS
    ) -> None:
        """Store many conversations in one transaction; each alone would wait for the disk.

        `words` has what `search_index.words_of` returns for any of their turns.
        """
        await self._write(conversation_writes.save_all, conversations, self._database.process, words)

    async def conversation(self, conversation_id: str) -> Conversation:
        """Return a conversation with all its turns, and with the saved part of live replies of any process."""

        def read() -> Conversation:
            process = self._database.process
            return self._database.read(lambda db: conversation_writes.load(db, conversation_id, process))

        return await self._thread.run(lambda: self._last_loaded.load(conversation_id, read))

    async def existing(self, conversation_ids: Collection[str]) -> set[str]:
        """Return which of those conversations there are, in the trash as well."""
        return await self._read(turn_rows.existing, conversation_ids)

    async def append(
        self, conversation_id: str, turns: Sequence[Turn], *, head: str, title: str | None = None
    ) -> None:
        """Add turns, move the head and set a title from the prompt, in one step.

        Raises `ReplyInFlight` if the branch that they continue is being answered.
        """
        await self._write(
            conversation_writes.append, conversation_id, turns, self._database.process, head=head, title=title
        )

    async def checkpoint(
        self, turn_id: str, deltas: Sequence[ProviderEvent], mark_saved: Callable[[], None] | None = None
    ) -> None:
        """Store the new deltas of a reply, usage and the like included.

        `mark_saved` is called on the store's thread, before it does anything else.
        """
        job = partial(live_replies.checkpoint, turn_id=turn_id, deltas=deltas, now=self._clock())

        def save() -> None:
            self._database.write(job)
            if mark_saved is not None:
                mark_saved()

        await self._thread.run(save)

    def checkpoint_last(self, arrived: Arrived, timeout_s: float) -> bool:
        """Store the new deltas of several replies, and nothing after that; return false if it took too long.

        For the end of the program, from any thread, whatever the event loop does. `arrived` is called on the store's
        thread after every other job.
        """
        if not self._thread.refuse_new_jobs():
            return False

        def save() -> None:
            for turn_id, deltas in arrived():
                job = partial(live_replies.checkpoint, turn_id=turn_id, deltas=deltas, now=self._clock())
                with suppress(StorageError, NotFound):  # the other replies may still be saved
                    self._database.write(job)
            self._database.close()

        return self._thread.run_last(save, timeout_s)

    async def finish(self, turn: Turn) -> None:
        """Store the final value of a turn."""
        await self._write(conversation_writes.finish, turn, self._database.process)

    async def set_head(self, conversation_id: str, turn_id: str | None) -> None:
        """Select the branch that ends at that turn."""
        await self._write(conversation_writes.set_head, conversation_id, turn_id)

    async def rename(self, conversation_id: str, title: str, source: TitleSource = TitleSource.USER) -> bool:
        """Set the title, unless it has one from a stronger source; return whether it was set."""
        return await self._write(conversation_writes.rename, conversation_id, title, source)

    async def record(self, conversation_id: str, side_request: SideRequest, title: str = "") -> None:
        """Store the usage of a side request, and its title unless the user gave one, in one step."""
        await self._write(conversation_writes.record_side_request, conversation_id, side_request, title)

    async def set_model(self, conversation_id: str, model: str) -> None:
        """Set the model for the next prompt."""
        await self._write(conversation_writes.set_column, conversation_id, "model", model)

    async def set_system(self, conversation_id: str, system: str) -> None:
        await self._write(conversation_writes.set_column, conversation_id, "system", system)

    @property
    def setters(self) -> Mapping[str, Callable[[str, Any], Awaitable[object]]]:
        """The methods that set a field of a conversation, by the name of the field."""
        return {
            "title": self.rename,
            "system": self.set_system,
            "options": self.set_options,
            "model": self.set_model,
        }

    async def leave_out(self, conversation_id: str, turn_ids: Sequence[str], left_out: bool) -> None:
        """Leave turns out of the next requests, or send them again."""
        await self._write(conversation_writes.leave_out, conversation_id, turn_ids, left_out, self._clock())

    async def set_options(self, conversation_id: str, options: Options) -> None:
        await self._write(conversation_writes.set_options, conversation_id, options)

    async def set_kept_here(self, conversation_id: str, kept_here: bool) -> bool:
        """Set whether the conversation never leaves this machine; return false if it has left already."""
        return await self._write(conversation_writes.set_kept_here, conversation_id, kept_here)

    async def archive(self, conversation_id: str) -> None:
        await self._write(conversation_writes.set_column, conversation_id, "archived_at", self._moment())

    async def unarchive(self, conversation_id: str) -> None:
        """Move the conversation from the archive back to the list."""
        await self._write(conversation_writes.set_column, conversation_id, "archived_at", None)

    async def delete(self, conversation_id: str) -> None:
        """Move the conversation to the trash."""
        await self._write(conversation_writes.set_column, conversation_id, "deleted_at", self._moment())

    async def restore(self, conversation_id: str) -> None:
        """Move the conversation from the trash back to the list or the archive."""
        await self._write(conversation_writes.set_column, conversation_id, "deleted_at", None)

    async def purge(self, older_than: datetime) -> int:
        """Delete for good what was moved to the trash before that moment, and unused bytes; return how many."""
        count = 0
        after: int | None = 0
        while after is not None:
            hidden, after = await self._write(purge.hide_trash, older_than, after)
            count += hidden
        await self._delete_hidden()
        return count

    async def delete_purged(self) -> None:
        """Delete the rows that a purge has left when the program was killed."""
        if await self._read(purge.is_pending):
            await self._delete_hidden()

    async def _delete_hidden(self) -> None:
        """Delete in short transactions; other processes get in between."""
        is_more = True
        while is_more:
            start_s = monotonic()
            is_more = await self._write(purge.delete_some, self._clock())
            await asyncio.sleep(monotonic() - start_s if is_more else 0)

    def _moment(self) -> str:
        return self._clock().isoformat()

    async def resolve(self, prefix: str) -> str:
        """Return the whole id with that prefix; raises `NotFound` for none and for several."""
        return await self._read(conversation_list.resolve, prefix)

    async def last_conversation(self) -> str | None:
        """Return the id of the active conversation that was last used."""
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
        origin: tuple[str, str] | None = None,
    ) -> Page:
        """Return a page of the list, last used first; `page.end` is the cursor for the next page.

        `origin` is a source and the prefix of a foreign id.
        """
        query = conversation_list.ListQuery(limit, after, archived, deleted, matching, skip, origin)
        return await self._read(conversation_list.summaries, query, self._database.process)

    async def summary(self, conversation_id: str) -> ConversationSummary:
        return await self._read(conversation_list.summary, conversation_id, self._database.process)

    async def count(self, *, archived: bool = False, deleted: bool = False, matching: str = "") -> int:
        """Return the length of the whole list."""
        return await self._read(
            conversation_list.count, conversation_list.ListQuery(0, None, archived, deleted, matching)
        )

    async def page(self, query: ListQuery) -> Page:
        return await self._read(conversation_list.summaries, query, self._database.process)

    async def counts_since(self, query: ListQuery, since: Sequence[datetime]) -> list[int]:
        """Return how many of them were used after each of these moments, the latest first; then the others."""
        return await self._read(conversation_list.counts_since, query, since)

    async def list_start(self, query: ListQuery, since: Sequence[datetime], most_pinned: int) -> ListStart:
        """Return the pinned conversations, the others by the time of their use, and the first of these."""
        return await self._read(conversation_list.list_start, query, since, most_pinned, self._database.process)

    async def labels(self, conversation_id: str) -> Labels:
        return await self._read(labels.labels, conversation_id)

    async def set_labels(self, conversation_id: str, new: Labels) -> None:
        await self._write(labels.set_labels, conversation_id, new)

    async def usage_rows(self, since: datetime | None = None) -> list[UsageRow]:
        """Return the usage and cost of every finished reply since a moment, of every branch, without its text."""
        return await self._read(usage_rows.usage_rows, since)

    async def unmetered(self) -> list[tuple[str, str]]:
        """Return conversation and turn of each reply whose program died before its tokens were known."""
        return await self._read(usage_rows.unmetered)

    async def search(
        self, query: str, *, limit: int = 20, offset: int = 0, wanted: ListFilter = NO_FILTER
    ) -> list[SearchHit]:
        """Return turns that contain all words and "phrases", newest and best first, of conversations that are wanted.

        `role: model: title: after: before:` filter. No query is an error; an empty one finds nothing.
        """
        return await self._read(search.search, query, limit, offset, wanted)

    async def put_blob(self, data: bytes) -> str:
        """Store the bytes of a file whose prompt is not sent yet; return their SHA-256.

        They are kept for a day, and as long as a turn or a value of `state` has `"sha256": …` with that hash.
        """
        return await self._write(blobs.put_ahead, data, self._clock())

    async def blob(self, sha256: str) -> bytes:
        """Return the bytes with that hash; raises `NotFound` if they are not stored."""
        return await self._read(blobs.read, sha256)

    async def draft_attachments(self, conversation_id: str | None) -> tuple[AttachmentPart, ...]:
        """Return the files of the unsent prompt, without their bytes."""
        return await self._read(app_state.draft_attachments, conversation_id)

    async def set_draft_attachments(self, conversation_id: str | None, attachments: Sequence[AttachmentPart]) -> None:
        """Store the files of the unsent prompt, with bytes that are loaded; none once it is sent."""
        await self._write(app_state.set_draft_attachments, conversation_id, attachments)

    async def draft(self, conversation_id: str | None) -> str:
        """Return the unsent text; `None` is the conversation that does not exist yet."""
        return await self._read(app_state.draft, conversation_id)

    async def new_draft_at(self) -> datetime | None:
        """Return when the draft of a new conversation was written, where that is known."""
        return await self._read(app_state.new_draft_at)

    async def set_draft(self, conversation_id: str | None, text: str) -> None:
        await self._write(app_state.set_draft, conversation_id, text, self._clock())

    async def add_prompt(self, text: str) -> None:
        """Add a prompt to the history of the prompt box."""
        await self._write(app_state.add_prompt, text)

    async def prompts(self, matching: str = "", *, limit: int = 100) -> list[str]:
        """Return prompts of the history, newest first, without duplicates."""
        return await self._read(app_state.prompts, matching, limit)

    async def state(self, key: str) -> Any:
        """Return the value stored under that key; `None` if there is none."""
        return await self._read(app_state.state, key)

    async def set_state(self, key: str, value: object) -> None:
        """Store a value that JSON can hold; `None` removes it."""
        await self._write(app_state.set_state, key, value)

    async def request_stop(self, turn_id: str) -> None:
        """Ask the process that owns a live reply to stop it."""
        await self._write(app_state.set_state, app_state.STOP_REQUEST + turn_id, True)

    async def is_stop_requested(self, turn_id: str) -> bool:
        """Return whether a live reply is to be stopped."""
        return await self._read(app_state.state, app_state.STOP_REQUEST + turn_id) is not None

    async def with_origin(self, source: str, prefix: str, *, limit: int = 1_000_000) -> list[str]:
        """Return the conversations from that source whose foreign id starts with the prefix, last used first."""
        return await self._read(conversation_list.with_origin, source, prefix, limit)

    async def changes(self) -> tuple[int, int]:
        """Return a value that differs after every write, by this or another process."""
        return await self._thread.run(lambda: self._database.change_token)

    async def conversation_changes(self, conversation_id: str) -> tuple[object, ...]:
        """Return a value that differs after every change of that conversation; cheap however long it is."""
        return await self._read(conversation_list.conversation_changes, conversation_id)

    async def stats(self) -> maintenance.Stats:
        """Count what there is."""
        return await self._read(maintenance.stats)

    async def check(self) -> maintenance.CheckReport:
        """Check for damage and inconsistencies; takes a while in a large library."""
        return await self._read(maintenance.check)

    async def repair(self) -> maintenance.RepairReport:
        """Repair what `check` finds, after a backup next to the file."""
        return await self._thread.run(self._database.repair)

    async def backup(self, target: Path) -> None:
        """Write a snapshot of the database to a new file, while other work continues."""
        if self.opening.path is None:
            await self._thread.run(lambda: self._database.copy(target))
        else:
            await asyncio.to_thread(back_up, self.opening.path, target)

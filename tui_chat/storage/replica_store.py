"""The replica of this machine for sync, which runs in a process of its own. Knows no hub."""

import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from tui_chat.core.replica import Arrival, Key, Kind, SealedRecord, Stamp
from tui_chat.storage import incoming, outbox, purge, sync_state
from tui_chat.storage.process_owner import CurrentProcess
from tui_chat.storage.record_codec import pieces_of

T = TypeVar("T")
_HELD = (
    "SELECT conversation.id, conversation.seq FROM conversation WHERE kept_here = 0 AND seq > ? ORDER BY seq LIMIT ?"
)
_UNREAD = "SELECT kind, key, room, rank, counter, device, body FROM unread"


class RunJob(Protocol):
    """Runs a function on the database thread, as one transaction."""

    def __call__(self, job: Callable[[sqlite3.Connection], T], /) -> Awaitable[T]: ...


class ReplicaStore:
    """What sync does with the database. Made by `Store.replica`."""

    def __init__(self, read: RunJob, write: RunJob, process: Callable[[], CurrentProcess]) -> None:
        self._read = read
        self._write = write
        self._process = process

    async def state(self) -> sync_state.ReplicaState | None:
        """Return how far this machine has synced; `None` if it does not sync."""
        return await self._read(sync_state.state)

    async def position(self) -> sync_state.Position | None:
        """Return how far this machine has read the feed; `None` if it does not sync."""
        return await self._read(sync_state.position)

    async def start(self, space: str, device: bytes) -> None:
        """Begin to sync with a space; also on a file that was recovered from damage."""
        await self._write(partial(sync_state.start, space=space, device=device))

    async def leave(self) -> None:
        """Stop syncing; all conversations stay."""
        await self._write(sync_state.clear)

    async def rename_device(self, device: bytes) -> None:
        """Continue as another device: the file was copied, or restored from a backup."""
        await self._write(partial(sync_state.rename_device, device=device))

    async def share_again(self) -> None:
        """Read the whole feed again and send everything: the hub was restored from the past."""
        await self._write(sync_state.share_again)

    async def share_some(self) -> bool:
        """Put more of what was here before into the outbox; return whether there is still more."""
        return await self._write(sync_state.share_some)

    async def prepare(self) -> None:
        """Bring the outbox up to date before it is sent."""
        await self._write(outbox.prepare)

    async def outgoing(self, after: outbox.Place | None, *, purges: bool, most_bytes: int) -> outbox.Batch | None:
        """Return the next records to send, oldest first; `None` after the last."""
        return await self._write(partial(outbox.take, after=after, purges=purges, most_bytes=most_bytes))

    async def sent(self, receipt: outbox.Receipt) -> None:
        """Record the hub's answer."""
        await self._write(partial(outbox.sent, receipt=receipt))

    async def delete_purged(self) -> bool:
        """Delete some rows of purged conversations; return whether there is more. Idle, it writes nothing."""
        if not await self._read(purge.is_pending):
            return False
        return await self._write(partial(purge.delete_some, now=self._process().now))

    async def incoming(self, arrivals: Sequence[Arrival], mark: tuple[int, str] | None) -> incoming.Applied:
        """Apply as many records as fit into a short transaction, which also moves the cursor."""
        return await self._write(partial(incoming.apply, arrivals=arrivals, mark=mark, process=self._process()))

    async def unread(self) -> list[SealedRecord]:
        """Return the records that this version of the program could not read, or an earlier one."""
        return await self._read(lambda db: [SealedRecord(*row) for row in db.execute(_UNREAD)])

    async def held(self, after: int = 0, conversations: int = 50) -> tuple[list[tuple[Key, Stamp]], int | None]:
        """Return what this machine has of some conversations, and where to continue; then `None`.

        For comparing it with what the hub has. Purges come with the first ones.
        """
        return await self._read(partial(_held, after=after, most=conversations))

    async def author(self, conversation_id: str, turn_id: str) -> bytes | None:
        """Return the device that a turn is from; `None` if it was never synced."""
        return await self._read(partial(_author, conversation=conversation_id, turn=turn_id))

    async def send_again(self, keys: Sequence[Key]) -> None:
        """Put records into the outbox that the hub lacks."""
        await self._write(partial(_send_again, keys=keys))

    async def read_again(self) -> None:
        """Read the whole feed again, for records that this machine lacks."""
        await self._write(lambda db: db.execute("UPDATE sync SET cursor = 0").close())


def _held(db: sqlite3.Connection, after: int, most: int) -> tuple[list[tuple[Key, Stamp]], int | None]:
    held: list[tuple[Key, Stamp]] = []
    if after == 0:
        held += [(Key(Kind.GONE, row[0]), Stamp()) for row in db.execute("SELECT conversation FROM gone")]
    rows = db.execute(_HELD, (after, most)).fetchall()
    for conversation, seq in rows:
        held += _held_of(db, conversation, seq)
    return held, rows[-1][1] if len(rows) == most else None


def _held_of(db: sqlite3.Connection, conversation: str, seq: int) -> Iterator[tuple[Key, Stamp]]:
    yield Key(Kind.BIRTH, conversation), Stamp()
    amended = {}
    select = "SELECT kind, name, rank, counter, device FROM stamp WHERE conversation = ?"
    for kind, name, *stamp in db.execute(select, (conversation,)):
        if kind == Kind.TURN:
            amended[name] = Stamp(*stamp)
        elif kind == Kind.FIELD:
            yield Key(kind, conversation, name), Stamp(*stamp)
    authored = (
        "SELECT id, device FROM turn CROSS JOIN authored ON authored.turn = turn.seq"
        " WHERE conversation = ? AND owner IS NULL"
    )
    for turn, device in db.execute(authored, (seq,)):
        yield Key(Kind.TURN, conversation, turn), amended.get(turn) or Stamp(0, 0, device)
    for (request,) in db.execute("SELECT id FROM errand WHERE conversation = ?", (seq,)):
        yield Key(Kind.SIDE_REQUEST, conversation, request), Stamp()
    files = (
        "SELECT DISTINCT sha256, size FROM turn JOIN attachment ON attachment.turn = turn.seq"
        " JOIN blob ON blob.seq = attachment.blob WHERE turn.conversation = ?"
    )
    for digest, size in db.execute(files, (seq,)):
        for number in range(pieces_of(size)):
            yield Key(Kind.FILE, conversation, f"{digest}/{number}"), Stamp()


def _author(db: sqlite3.Connection, conversation: str, turn: str) -> bytes | None:
    row = db.execute(
        "SELECT device FROM authored JOIN turn ON turn.seq = authored.turn"
        " JOIN conversation ON conversation.seq = turn.conversation WHERE turn.id = ? AND conversation.id = ?",
        (turn, conversation),
    ).fetchone()
    return None if row is None else bytes(row[0])


def _send_again(db: sqlite3.Connection, keys: Sequence[Key]) -> None:
    db.executemany(
        "INSERT INTO outbox (kind, conversation, name, version) SELECT ?, ?, ?, counter FROM sync WHERE true"
        " ON CONFLICT DO NOTHING",
        [(key.kind, key.conversation, key.name) for key in keys],
    )

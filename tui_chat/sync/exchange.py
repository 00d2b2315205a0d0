"""One cycle of sync between the replica here and the hub: read all, then send all. Does no input or output itself.

A kill at any point, and an answer that is repeated, late or lost, is made good by the next cycle.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from uuid import UUID

from tui_chat.core.replica import Arrival, SealedRecord
from tui_chat.storage.outbox import Batch, Place, Receipt
from tui_chat.storage.replica_store import ReplicaStore
from tui_chat.storage.sync_state import Position
from tui_chat.sync.protocol import Hub, HubWentBack, Mark, Seal
from tui_chat.sync.wire import pack, unpack

MOST_RECORDS = 1_000
"""In a page of the feed."""
UNPACKED_RECORDS = 50
"""At a time: a whole page would keep the processor for as long as several transactions."""
MOST_BYTES = 1024 * 1024
"""In a page, and in a push."""


class NotSyncing(Exception):
    """This machine has no replica: it never joined a space, or has left it."""


class _MarkDamaged(Exception):
    """The stored mark is none, so neither it nor the cursor can be relied on: everything is read again."""


@dataclass(slots=True)
class Outcome:
    """What a cycle did."""

    received: int = 0
    sent: int = 0
    refused: int = 0
    """Records that the hub did not take: of purged conversations, and purges that had not seen all."""
    conversations: set[str] = field(default_factory=set)
    """Those that changed here."""
    rescued: int = 0
    """Conversations that were purged elsewhere, and live on with what the purger had not seen."""


async def no_pause(_: float) -> None:
    """Apply without a pause: no app is running."""


class Exchange:
    """Syncs one replica with one space; `pause` is called with the time that each transaction took."""

    def __init__(
        self, replica: ReplicaStore, hub: Hub, seal: Seal, pause: Callable[[float], Awaitable[None]] = no_pause
    ) -> None:
        self._replica = replica
        self._hub = hub
        self._seal = seal
        self._pause = pause
        self._has_retried_unread = False

    async def cycle(self) -> Outcome:
        """Read everything new from the hub, then send what changed here."""
        outcome = Outcome()
        await self._share()
        await self._pull(outcome)
        await self._push(outcome)
        await self._repeat(self._replica.delete_purged)
        return outcome

    async def _position(self) -> Position:
        if (position := await self._replica.position()) is None:
            raise NotSyncing
        return position

    async def _share(self) -> None:
        await self._repeat(self._replica.share_some)

    async def _repeat(self, work: Callable[[], Awaitable[bool]]) -> None:
        """Repeat a transaction until it is done, with pauses."""
        is_more = True
        while is_more:
            start = monotonic()
            is_more = await work()
            await self._pause(monotonic() - start if is_more else 0)

    async def _pull(self, outcome: Outcome) -> None:
        if not self._has_retried_unread:  # this version may read what an earlier one could not
            await self._apply(await self._replica.unread(), None, outcome)
            self._has_retried_unread = True
        while True:
            position = await self._position()
            try:
                page = await self._hub.pull(position.cursor, _mark(position), MOST_RECORDS, MOST_BYTES)
            except (HubWentBack, _MarkDamaged):
                await self._replica.share_again()
                await self._share()
                continue
            mark = None if page.mark is None else (page.mark.seq, str(page.mark.id))
            await self._apply(page.records, mark, outcome)
            outcome.received += len(page.records)
            if not page.records:
                return

    async def _apply(self, records: Sequence[SealedRecord], mark: tuple[int, str] | None, outcome: Outcome) -> None:
        arrivals: Sequence[Arrival] = ()
        place, is_done = 0, False
        while arrivals or place < len(records) or not is_done:
            start = monotonic()
            if not arrivals:
                arrivals = [unpack(sealed, self._seal) for sealed in records[place : place + UNPACKED_RECORDS]]
                place += len(arrivals)
            applied = await self._replica.incoming(arrivals, mark)
            arrivals, is_done = arrivals[applied.taken :], applied.is_done
            outcome.conversations |= applied.conversations
            outcome.rescued += applied.rescued
            await self._pause(monotonic() - start)

    async def _push(self, outcome: Outcome) -> None:
        await self._replica.prepare()
        for purges in (False, True):
            place: Place | None = None
            start = monotonic()
            while batch := await self._replica.outgoing(place, purges=purges, most_bytes=MOST_BYTES):
                place = batch.end
                await self._pause(monotonic() - start)
                await self._send(batch, purges, outcome)
                start = monotonic()

    async def _send(self, batch: Batch, purges: bool, outcome: Outcome) -> None:
        packed = [(pack(item.record, self._seal), item) for item in batch.items]
        if purges:  # a machine must not purge what it cannot read
            unread = {sealed.room for sealed in await self._replica.unread()}
            packed = [(sealed, item) for sealed, item in packed if sealed.room not in unread]
        if not packed:
            return
        answer = await self._hub.push([sealed for sealed, _ in packed], (await self._position()).cursor)
        items = tuple(item for _, item in packed)
        refused = frozenset(item.record.key for sealed, item in packed if sealed.key in answer.refused)
        mark = answer.mark.seq, str(answer.mark.id)
        start = monotonic()
        await self._replica.sent(Receipt(items, refused, answer.was, answer.last, mark))
        await self._pause(monotonic() - start)
        outcome.sent += len(packed) - len(refused)
        outcome.refused += len(refused)


def _mark(position: Position) -> Mark | None:
    if position.mark is None:
        return None
    try:
        return Mark(position.mark[0], UUID(position.mark[1]))
    except ValueError:
        raise _MarkDamaged from None

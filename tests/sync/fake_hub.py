"""A hub in memory that does what the SQL functions do, and a seal that hides nothing."""

import random
from collections.abc import Sequence
from hashlib import blake2b
from uuid import UUID

from tui_chat.core.replica import Kind, SealedRecord
from tui_chat.sync.protocol import FORMAT, HubWentBack, Mark, Pushed, SealBroken, SealedPage


class FakeHub:
    """One space; its state depends on the set of records, not on their order, apart from purges."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.records: dict[bytes, SealedRecord] = {}
        self.last = 0
        self.marks: dict[int, UUID] = {}

    async def pull(self, since: int, mark: Mark | None, most: int, most_bytes: int) -> SealedPage:
        if mark is not None and self.marks.get(mark.seq) != mark.id:
            raise HubWentBack
        page = sorted((r for r in self.records.values() if r.seq > since), key=lambda record: record.seq)[:most]
        if not page:
            return SealedPage((), None)
        at = min((seq for seq in self.marks if seq >= page[-1].seq), default=None)
        return SealedPage(tuple(page), None if at is None else Mark(at, self.marks[at]))

    async def push(self, records: Sequence[SealedRecord], seen: int) -> Pushed:
        was = self.last
        refused = {record.key for record in records if self._refuses(record, seen)}
        purged = {record.room for record in records if record.kind == Kind.GONE and record.key not in refused}
        self.records = {key: r for key, r in self.records.items() if r.room not in purged or r.kind == Kind.GONE}
        for record in records:
            self.last += 1
            if record.key not in refused and self.is_newer(record):
                self.records[record.key] = SealedRecord(
                    record.kind, record.key, record.room, record.rank, record.counter, record.device, record.body,
                    self.last,
                )  # fmt: skip
        self.marks[self.last] = UUID(int=self._rng.getrandbits(128))
        return Pushed(was, self.last, Mark(self.last, self.marks[self.last]), frozenset(refused))

    def is_newer(self, record: SealedRecord) -> bool:
        old = self.records.get(record.key)
        new = record.rank, record.counter, record.device
        return old is None or (old.kind != Kind.GONE and new > (old.rank, old.counter, old.device))

    def _refuses(self, record: SealedRecord, seen: int) -> bool:
        if record.kind != Kind.GONE:
            return record.room in self.records
        return self.is_blind(record, seen)

    def is_blind(self, record: SealedRecord, seen: int) -> bool:
        """Return whether the maker of a purge has not seen all of its conversation."""
        return any(r.room == record.room and r.kind != Kind.GONE and r.seq > seen for r in self.records.values())


class FakeSeal:
    """Names and bodies that can be read."""

    def name(self, kind: int, conversation: str, name: str) -> bytes:
        return blake2b(f"{kind}|{conversation}|{name}".encode(), digest_size=16).digest()

    def seal(self, record: SealedRecord, plain: bytes) -> bytes:
        return bytes([FORMAT]) + _bound(record) + plain

    def open(self, record: SealedRecord) -> bytes:
        if record.body[1:17] != _bound(record):
            raise SealBroken
        return record.body[17:]


def _bound(record: SealedRecord) -> bytes:
    bound = (record.kind, record.key, record.room, record.rank, record.counter, record.device)
    return blake2b(repr(bound).encode(), digest_size=16).digest()

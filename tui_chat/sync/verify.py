"""Compare all records with the hub's by sums over buckets: finds holes that no cursor can."""

from collections import defaultdict
from dataclasses import dataclass

from tui_chat.core.replica import Key, SealedRecord, Stamp
from tui_chat.storage.replica_store import ReplicaStore
from tui_chat.sync.hub import Bucket, PostgresHub
from tui_chat.sync.seal import SpaceKey

_SUMMED_BYTES = 7
"""Of a key and of a device: what a 64-bit integer of the hub holds without a sign."""
_CONVERSATIONS = 200


@dataclass(frozen=True, slots=True)
class Difference:
    """Records that were not the same on both sides."""

    compared: int = 0
    here_only: tuple[Key, ...] = ()
    """Missing on the hub, or older there."""
    hub_only: int = 0
    """Missing here, or older here."""

    @property
    def is_equal(self) -> bool:
        return not (self.here_only or self.hub_only)


async def compare(replica: ReplicaStore, hub: PostgresHub, key: SpaceKey) -> Difference:
    """Return how the records here and on the hub differ; what waits to be sent or read counts as well."""
    held = await _held(replica, key)
    sums = await hub.buckets()
    wrong = [bucket for bucket in {*held, *sums} if _sum_of(held.get(bucket, {})) != sums.get(bucket, Bucket(0, 0))]
    compared = sum(map(len, held.values()))
    if not wrong:
        return Difference(compared)
    theirs: dict[bytes, Stamp] = {}
    for start in range(0, len(wrong), _CONVERSATIONS):
        records = await hub.stamps(wrong[start : start + _CONVERSATIONS])
        theirs |= {record.key: Stamp(record.rank, record.counter, record.device) for record in records}
    here_only, hub_only = [], 0
    ours = {name: place for bucket in wrong for name, place in held.get(bucket, {}).items()}
    for name, (stamp, record_key) in ours.items():
        if record_key is not None and (name not in theirs or theirs[name] < stamp):
            here_only.append(record_key)
    for name, stamp in theirs.items():
        hub_only += name not in ours or ours[name][0] < stamp
    return Difference(compared, tuple(here_only), hub_only)


async def mend(replica: ReplicaStore, difference: Difference) -> None:
    """Have the next exchange send what the hub lacks, and read everything where this machine lacks something."""
    if difference.here_only:
        await replica.send_again(difference.here_only)
    if difference.hub_only:
        await replica.read_again()


_Held = dict[int, dict[bytes, tuple[Stamp, Key | None]]]
"""By bucket and name: the stamp; the key where this program can read the record."""


async def _held(replica: ReplicaStore, key: SpaceKey) -> _Held:
    held: _Held = defaultdict(dict)
    after: int | None = 0
    while after is not None:
        records, after = await replica.held(after, _CONVERSATIONS)
        for record_key, stamp in records:
            name = key.name(record_key.kind, record_key.conversation, record_key.name)
            held[_bucket(name)][name] = stamp, record_key
    for sealed in await replica.unread():
        held[_bucket(sealed.key)][sealed.key] = _stamp(sealed), None
    return held


def _bucket(name: bytes) -> int:
    return name[0] << 4 | name[1] >> 4


def _stamp(sealed: SealedRecord) -> Stamp:
    return Stamp(sealed.rank, sealed.counter, sealed.device)


def _sum_of(records: dict[bytes, tuple[Stamp, Key | None]]) -> Bucket:
    """Return the same sum as the hub's function `buckets_1`."""
    total = 0
    for name, (stamp, _) in records.items():
        own = int.from_bytes(name[2 : 2 + _SUMMED_BYTES], "big")
        device = int.from_bytes(stamp.device[:_SUMMED_BYTES], "big")
        total += own ^ (stamp.counter * 8 + stamp.rank) ^ device
    return Bucket(len(records), total)

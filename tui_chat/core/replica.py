"""The algebra of sync: records, their stamps, and what a purge or a deletion has seen. No clock decides.

A replica is a set of finished turns, side requests and files that only grows, of fields of which the greatest stamp
wins, and of purges that absorb their conversation. So records may arrive in any order, and more than once.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from uuid import NAMESPACE_URL, uuid5

NO_DEVICE = bytes(8)
"""The device in the stamp of a record that never changes."""
_NAME_BYTES = 8


class Kind(IntEnum):
    """What a record is about; the numbers are those on the hub."""

    BIRTH = 0
    """A conversation, and where it comes from."""
    TURN = 1
    """A turn that has ended."""
    SIDE_REQUEST = 2
    FIELD = 3
    """The title, the model and the like of a conversation."""
    FILE = 4
    """A piece of an attached file."""
    GONE = 9
    """A conversation was purged."""


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What a record is about. Copies of a conversation share the ids of turns, so a turn's id alone is no key."""

    kind: int
    conversation: str
    name: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """Which of two values of a record wins: the greater one."""

    rank: int = 0
    """How strong the source is: a title from the user wins over any from a model."""
    counter: int = 0
    """A Lamport clock: greater than that of every value its writer had seen."""
    device: bytes = NO_DEVICE


@dataclass(frozen=True, slots=True)
class Record:
    """A value that travels."""

    key: Key
    stamp: Stamp
    body: bytes


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record as the hub has it."""

    kind: int
    key: bytes
    """The hash of what the record is about; 16 bytes."""
    room: bytes
    """The key that a purge of the record's conversation has."""
    rank: int
    counter: int
    device: bytes
    """8 bytes."""
    body: bytes
    """The number of its format in the first byte, then sealed bytes."""
    seq: int = 0
    """The place in the hub's feed."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A record from the hub."""

    sealed: SealedRecord
    record: Record | None
    """`None` where this version of the program cannot open it."""
    why: str = ""
    """Then: `format`, or `seal` where it was changed on its way."""


def wins(incoming: Stamp, held: Stamp | None) -> bool:
    """Return whether a value from the hub replaces the held one.

    Equal stamps have different values only where a file was copied without notice: then all take that of the hub.
    """
    return held is None or incoming >= held


def unseen(parents: Mapping[str, str | None], ends: Iterable[str]) -> set[str]:
    """Return the turns that are neither one of the ends nor above one; `parents` has the parent of every turn."""
    seen = set[str]()
    for end in ends:
        at: str | None = end
        while at is not None and at in parents and at not in seen:
            seen.add(at)
            at = parents[at]
    return set(parents) - seen


def ends(parents: Mapping[str, str | None], live: Mapping[str, str | None]) -> set[str]:
    """Return the leaves of the finished turns, and the live replies with their prompts."""
    inner = set(parents.values())
    leaves = {turn for turn in parents if turn not in inner}
    return leaves | set(live) | {prompt for prompt in live.values() if prompt is not None}


def purged_names(turn_ids: Collection[str]) -> bytes:
    """Return the body of a purge: short hashes of all the turns that its maker had."""
    return b"".join(sorted(_names(turn_ids)))


def not_purged(turn_ids: Iterable[str], body: bytes) -> set[str]:
    named, turn_ids = _names_in(body), list(turn_ids)
    return {turn_id for turn_id, name in zip(turn_ids, _names(turn_ids), strict=True) if name not in named}


def join_purges(one: bytes, other: bytes) -> bytes:
    """Return the body that names the turns of both."""
    bodies = one, other
    return b"".join(
        sorted({body[at : at + _NAME_BYTES] for body in bodies for at in range(0, len(body), _NAME_BYTES)})
    )


def _names_in(body: bytes) -> set[bytes]:
    return {body[start : start + _NAME_BYTES] for start in range(0, len(body), _NAME_BYTES)}


def _names(turn_ids: Iterable[str]) -> list[bytes]:
    from hashlib import blake2b  # loads OpenSSL, and only a purge needs it

    return [blake2b(turn_id.encode(), digest_size=_NAME_BYTES).digest() for turn_id in turn_ids]


def rescued_id(conversation: str, is_gone: Mapping[str, object] | Collection[str] = ()) -> str:
    """Return the id under which the turns live on that a purge had not seen: the same on every machine."""
    rescued = str(uuid5(NAMESPACE_URL, f"tui-chat:rescued:{conversation}"))
    return rescued_id(rescued, is_gone) if rescued in is_gone else rescued

"""The hub and the seal as a cycle of sync needs them. Knows neither psycopg nor PyNaCl.

Where a page or an answer is lost, late or repeated, the next cycle ends in the same state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

from tui_chat.core.replica import SealedRecord as SealedRecord

FORMAT: Final = 1
"""The first byte of a sealed body. A program keeps a body of another format as it is, and never sends it again."""


class HubWentBack(Exception):
    """The hub was restored from the past: it does not know the newest push that this machine has seen."""


class SealBroken(Exception):
    """A record that was not sealed with this key, or was changed or moved since."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A push that the hub has seen."""

    seq: int
    id: UUID


@dataclass(frozen=True, slots=True)
class SealedPage:
    """A piece of the feed; empty at its end."""

    records: tuple[SealedRecord, ...]
    mark: Mark | None
    """Of the push in which the page ends: the smallest at or after its last number."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """The hub's answer to a push."""

    was: int
    """The newest number before it."""
    last: int
    """The newest number after it."""
    mark: Mark
    refused: frozenset[bytes]
    """Keys of purges by a machine that has not seen all, and of records whose conversation was purged."""


class Hub(Protocol):
    """One space. Numbers are given in the order of commits, so a reader that has seen n has seen all before it."""

    async def pull(self, since: int, mark: Mark | None, most: int, most_bytes: int) -> SealedPage:
        """Return the records after a number, in the order of the feed. Raises `HubWentBack` if it lacks the mark."""
        ...

    async def push(self, records: Sequence[SealedRecord], seen: int) -> Pushed:
        """Store each record whose stamp is greater than the stored one's; it then moves to the end of the feed.

        A purge is refused while its conversation has a record after `seen`; else it deletes all of them.
        """
        ...


class Seal(Protocol):
    """Encrypts with the key of the space. Name, place and stamp of a record are bound to its body."""

    def name(self, kind: int, conversation: str, name: str) -> bytes:
        """Return the key under which the hub has a record; 16 bytes."""
        ...

    def seal(self, record: SealedRecord, plain: bytes) -> bytes:
        """Return the body for the hub, which starts with `FORMAT`."""
        ...

    def open(self, record: SealedRecord) -> bytes:
        """Return what was sealed. Raises `SealBroken`."""
        ...

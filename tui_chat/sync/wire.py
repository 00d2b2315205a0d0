"""Records to sealed bytes and back: a line of JSON that names the record, its body, zlib, then the seal.

What comes from the hub is untrusted until its seal is opened, and its size is limited also after that.
"""

import json
import zlib
from dataclasses import replace
from typing import Final

from tui_chat.core.replica import Arrival, Key, Kind, Record, SealedRecord, Stamp
from tui_chat.sync.protocol import FORMAT, Seal, SealBroken

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of a record without compression; a larger one is not read."""
_LEVEL = 6


def pack(record: Record, seal: Seal) -> SealedRecord:
    """Return a record for the hub. The same record always gives the same bytes."""
    key, stamp = record.key, record.stamp
    head = json.dumps([key.kind, key.conversation, key.name], ensure_ascii=False, separators=(",", ":"))
    name, room = seal.name(key.kind, key.conversation, key.name), room_of(key.conversation, seal)
    sealed = SealedRecord(int(key.kind), name, room, stamp.rank, stamp.counter, stamp.device, b"")
    return replace(sealed, body=seal.seal(sealed, zlib.compress(head.encode() + b"\n" + record.body, _LEVEL)))


def unpack(sealed: SealedRecord, seal: Seal) -> Arrival:
    """Return what arrived; without a record where this version cannot open it."""
    if sealed.body[:1] != bytes([FORMAT]):
        return Arrival(sealed, None, "format")
    try:
        key, body = _parse(_decompress(seal.open(sealed)))
        is_named = sealed.key == seal.name(key.kind, key.conversation, key.name)
    except (SealBroken, ValueError, TypeError, RecursionError, zlib.error):
        return Arrival(sealed, None, "seal")
    if not is_named or key.kind != sealed.kind or sealed.room != room_of(key.conversation, seal):
        return Arrival(sealed, None, "seal")
    return Arrival(sealed, Record(key, Stamp(sealed.rank, sealed.counter, sealed.device), body))


def room_of(conversation: str, seal: Seal) -> bytes:
    """Return the key that a purge of the conversation has."""
    return seal.name(Kind.GONE, conversation, "")


def _decompress(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    plain = unpacker.decompress(packed, MOST_BYTES)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("too large, or cut off")
    return plain


def _parse(plain: bytes) -> tuple[Key, bytes]:
    head, _, body = plain.partition(b"\n")
    kind, conversation, name = json.loads(head)
    if not (isinstance(kind, int) and isinstance(conversation, str) and isinstance(name, str)):
        raise TypeError("no key")
    return Key(kind, conversation, name), body

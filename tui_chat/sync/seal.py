"""Encrypts records before they leave the machine, and names them for the hub. The only file that knows PyNaCl.

XChaCha20-Poly1305 with subkeys of one key of 32 random bytes. The associated data binds a record to its space, place
and stamp, so the hub can withhold a record but not move, change or re-stamp it. The layout is frozen with `FORMAT`.
"""

import base64
import binascii
import os
import struct
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Final
from uuid import UUID, uuid4

from nacl.exceptions import CryptoError
from nacl.secret import Aead

from tui_chat.core.error import SyncError
from tui_chat.sync.protocol import FORMAT, SealBroken, SealedRecord

KEY_BYTES: Final = 32
NAME_BYTES: Final = 16
_CHECKSUM_BYTES = 4
_NONCE_BYTES = 24
_PREFIX = "tuichat1-"
_GROUP = 8


@dataclass(frozen=True)
class SpaceKey:
    """The key of a space, and the space it belongs to."""

    space: UUID
    secret: bytes

    @classmethod
    def new(cls) -> "SpaceKey":
        return cls(uuid4(), os.urandom(KEY_BYTES))

    @classmethod
    def parse(cls, text: str) -> "SpaceKey":
        """Return the key that `text` writes out; spaces, hyphens and capitals do not matter."""
        letters = "".join(text.split()).replace("-", "").lower()
        prefix = _PREFIX.replace("-", "")
        if not letters.startswith(prefix):
            raise SyncError(f"a key starts with {_PREFIX}", detail="bad_key")
        letters = letters.removeprefix(prefix).upper()
        try:
            raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
        except (binascii.Error, ValueError):
            raise SyncError("it has characters that no key has, or is too short", detail="bad_key") from None
        value, checksum = raw[:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
        if len(value) != 16 + KEY_BYTES or checksum != _checksum(value):
            raise SyncError("its checksum does not fit: a part is missing or mistyped", detail="bad_key")
        return cls(UUID(bytes=value[:16]), value[16:])

    @property
    def text(self) -> str:
        """The key with its checksum, as `sync key` prints it."""
        value = self.space.bytes + self.secret
        letters = base64.b32encode(value + _checksum(value)).decode().rstrip("=").lower()
        return _PREFIX + "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))

    @cached_property
    def check(self) -> bytes:
        """The proof of this key that the hub compares with that of the space; it opens nothing."""
        return blake2b(self.space.bytes, key=self.secret, person=b"tui_chat.check", digest_size=16).digest()

    def name(self, kind: int, conversation: str, name: str) -> bytes:
        text = b"\0".join((bytes([kind]), conversation.encode(), name.encode()))
        return blake2b(text, key=self._names, digest_size=NAME_BYTES).digest()

    def seal(self, record: SealedRecord, plain: bytes) -> bytes:
        """Return the body for the hub.

        The nonce is a keyed hash of exactly the bytes that are sealed: a repeated push gives the same bytes, and no
        nonce is ever used for two texts, also after a restore.
        """
        bound = self._bound(record)
        nonce = blake2b(bound + plain, key=self._nonces, digest_size=_NONCE_BYTES).digest()
        return bytes([FORMAT]) + bytes(self._aead.encrypt(plain, bound, nonce))

    def open(self, record: SealedRecord) -> bytes:
        if len(record.body) <= _NONCE_BYTES + 1 or record.body[0] != FORMAT:
            raise SealBroken
        try:
            return self._aead.decrypt(record.body[1:], self._bound(record))
        except (CryptoError, ValueError, struct.error):
            raise SealBroken from None

    def _bound(self, record: SealedRecord) -> bytes:
        """Return the associated data: everything of a record that the hub must not change."""
        head = struct.pack(">B16sBhq", FORMAT, self.space.bytes, record.kind, record.rank, record.counter)
        return head + record.key + record.room + record.device

    @cached_property
    def _aead(self) -> Aead:
        return Aead(self._subkey(b"tui_chat.seal"))

    @cached_property
    def _names(self) -> bytes:
        return self._subkey(b"tui_chat.names")

    @cached_property
    def _nonces(self) -> bytes:
        return self._subkey(b"tui_chat.nonces")

    def _subkey(self, person: bytes) -> bytes:
        return blake2b(key=self.secret, person=person, digest_size=KEY_BYTES).digest()


def _checksum(value: bytes) -> bytes:
    return blake2b(value, person=b"tui_chat.keytext", digest_size=_CHECKSUM_BYTES).digest()

"""The bytes of attachments, each file once, by SHA-256. Each function runs within one transaction.

A turn's parts name the hash; the table `attachment` holds which turns use which bytes, so that what nothing uses can
be swept. Drafts and queued prompts name hashes in the values of `state`, prompts of the history in their text.
"""

import json
import re
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from time import monotonic

from tui_chat.core.bounds import moment_in_bounds
from tui_chat.core.error import NotFound
from tui_chat.core.part import AttachmentPart, Part
from tui_chat.core.turn import Turn
from tui_chat.storage.figures_codec import dump
from tui_chat.storage.part_codec import part_from_json, part_to_json

PIECE_BYTES = 65_536
"""Bytes go in and out in pieces of this size."""
UNUSED_FOR = timedelta(days=1)
"""How long bytes are kept that were stored ahead of their prompt."""
_PUT_AT = "blob:"
"""Keys of `state` with the moment at which bytes were stored ahead of their prompt."""
_NAMED = re.compile(r'"sha256":"([0-9a-f]{64})"')
_MARKED = re.compile(r"\| sha256:([0-9a-f]{64})⟧")
"""A hash in the text of a prompt, where a mark stands for each file."""
WITH_FILES = """parts LIKE '%"type":"attachment"%'"""
"""SQL for the turns that have attachments."""


def put(db: sqlite3.Connection, data: bytes) -> str:
    """Store bytes, unless they are stored already; return their hash."""
    digest = _hash(data)
    if _seq_of(db, digest) is None:
        insert = "INSERT INTO blob (sha256, size, bytes) VALUES (?, ?, zeroblob(?))"
        seq = db.execute(insert, (digest, len(data), len(data))).lastrowid
        assert seq is not None
        view = memoryview(data)
        with db.blobopen("blob", "bytes", seq) as blob:
            for start in range(0, len(data), PIECE_BYTES):
                blob.write(view[start : start + PIECE_BYTES])
    return digest


def put_ahead(db: sqlite3.Connection, data: bytes, now: datetime) -> str:
    """Store bytes for a prompt that is not sent yet; they are swept after a day if nothing names them then."""
    digest = put(db, data)
    db.execute("INSERT OR REPLACE INTO state (key, value) VALUES (?, ?)", (_PUT_AT + digest, dump(now.isoformat())))
    return digest


def read(db: sqlite3.Connection, digest: str) -> bytes:
    if (seq := _seq_of(db, digest)) is None:
        raise NotFound(f"no bytes with the hash {digest}", detail="bytes")
    return _read_row(db, seq)


def _read_row(db: sqlite3.Connection, seq: int) -> bytes:
    with db.blobopen("blob", "bytes", seq, readonly=True) as blob:
        return b"".join(iter(lambda: blob.read(PIECE_BYTES), b""))


def store_files(db: sqlite3.Connection, turn: Turn) -> Turn:
    """Store the bytes of a turn's attachments; return the turn without them."""
    for part in turn.parts:
        if isinstance(part, AttachmentPart) and part.data:
            put(db, part.data)
    return stripped(turn)


def stripped(turn: Turn) -> Turn:
    """Return a turn as it is stored: its attachments without their bytes."""
    if not any(isinstance(part, AttachmentPart) and part.data for part in turn.parts):
        return turn
    return replace(turn, parts=strip_parts(turn.parts))


def strip_parts(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Return parts whose attachments have no bytes."""
    from tui_chat.core.attachment import without_bytes  # a list of conversations must not load it

    return tuple(without_bytes(part) if isinstance(part, AttachmentPart) else part for part in parts)


def link(db: sqlite3.Connection, turn_seq: int, turn: Turn) -> None:
    """Record which bytes a turn uses."""
    db.execute("DELETE FROM attachment WHERE turn = ?", (turn_seq,))
    link_new(db, turn_seq, turn)


def link_new(db: sqlite3.Connection, turn_seq: int, turn: Turn) -> None:
    """Record which bytes a new turn uses."""
    digests = {part.sha256 for part in turn.parts if isinstance(part, AttachmentPart) and part.sha256}
    for digest in digests:
        add_link(db, turn_seq, digest)


def is_stored(db: sqlite3.Connection, digest: str) -> bool:
    return _seq_of(db, digest) is not None


def turns_with(db: sqlite3.Connection, conversation: int, digest: str) -> list[int]:
    """Return the row numbers of the turns of a conversation that name the file."""
    select = f"SELECT seq FROM turn WHERE conversation = ? AND {WITH_FILES} AND instr(parts, ?)"
    return [seq for (seq,) in db.execute(select, (conversation, f'"sha256":"{digest}"'))]


def add_link(db: sqlite3.Connection, turn_seq: int, digest: str) -> None:
    """Record that a turn uses the bytes with that hash."""
    insert = "INSERT OR IGNORE INTO attachment (blob, turn) SELECT seq, ? FROM blob WHERE sha256 = ?"
    db.execute(insert, (turn_seq, digest))


def sweep(db: sqlite3.Connection, now: datetime, stop_s: float) -> bool:
    """Delete the bytes that no turn, draft or queued prompt names, until that time; return whether there is more."""
    put_at = db.execute("SELECT key, value FROM state WHERE key >= ? AND key < ?", (_PUT_AT, _PUT_AT + "~"))
    moments = {key: moment_in_bounds(value.strip('"')) for key, value in put_at.fetchall()}
    old = [key for key, at in moments.items() if at is None or not timedelta(0) <= now - at <= UNUSED_FOR]
    unsent = _unsent(db) if old else set()
    outdated = [(key,) for key in old if key.removeprefix(_PUT_AT) not in unsent]
    db.executemany("DELETE FROM state WHERE key = ?", outdated)
    kept = _named_in_state(db)
    unlinked = "SELECT seq, sha256 FROM blob WHERE NOT EXISTS (SELECT 1 FROM attachment WHERE blob = blob.seq)"
    unused = [seq for seq, digest in db.execute(unlinked).fetchall() if digest not in kept]
    for count, seq in enumerate(unused, 1):
        db.execute("DELETE FROM blob WHERE seq = ?", (seq,))
        if monotonic() > stop_s:
            return count < len(unused)
    return False


def _unsent(db: sqlite3.Connection) -> set[str]:
    """Return the hashes that a draft or the history names and no turn, such as those of a prompt that was cleared.

    Bytes that a turn uses go with their conversation, although the history has the prompt.
    """
    texts = db.execute("SELECT text FROM prompt WHERE instr(text, '| sha256:')")
    named = {digest for (text,) in texts for digest in _MARKED.findall(text)}
    linked = {
        digest for (digest,) in db.execute("SELECT sha256 FROM blob WHERE seq IN (SELECT blob FROM attachment)")
    }
    return (named | _named_in_values(db)) - linked


def _named_in_state(db: sqlite3.Connection) -> set[str]:
    """Return the hashes that drafts, edits and queued prompts name, and those that were stored ahead of a prompt."""
    ahead = db.execute("SELECT key FROM state WHERE key >= ? AND key < ?", (_PUT_AT, _PUT_AT + "~"))
    return {key.removeprefix(_PUT_AT) for (key,) in ahead} | _named_in_values(db)


def _named_in_values(db: sqlite3.Connection) -> set[str]:
    values = db.execute("SELECT value FROM state WHERE value LIKE '%sha256%'")
    return {digest for (value,) in values for digest in _NAMED.findall(value)}


def move_bytes_out(db: sqlite3.Connection) -> None:
    """Move the bytes that are still within `turn.parts`, as earlier versions kept them, and record all uses."""
    from tui_chat.core.attachment import without_bytes

    for (seq,) in db.execute(f"SELECT seq FROM turn WHERE {WITH_FILES} ORDER BY seq").fetchall():
        (stored,) = db.execute("SELECT parts FROM turn WHERE seq = ?", (seq,)).fetchone()
        items = _items(stored)
        changed = False
        for number, item in enumerate(items):
            if isinstance(item, dict) and item.get("type") == "attachment" and "data" in item:
                part = _attachment(item)
                if part is not None:
                    if part.data:
                        put(db, part.data)
                    items[number] = part_to_json(without_bytes(part))
                    changed = True
        if changed:
            db.execute("UPDATE turn SET parts = ? WHERE seq = ?", (dump(items), seq))
    relink(db)


def relink(db: sqlite3.Connection) -> None:
    """Record again which turns use which bytes, from the turns themselves."""
    db.execute("DELETE FROM attachment")
    for seq, stored in db.execute(f"SELECT seq, parts FROM turn WHERE {WITH_FILES}").fetchall():
        db.executemany(
            "INSERT OR IGNORE INTO attachment (blob, turn) SELECT seq, ? FROM blob WHERE sha256 = ?",
            [(seq, digest) for digest in _NAMED.findall(stored)],
        )


def _items(stored: str) -> list[object]:
    try:
        items = json.loads(stored)
    except (ValueError, RecursionError):
        return []
    return items if isinstance(items, list) else []


def _attachment(item: dict[str, object]) -> AttachmentPart | None:
    try:
        part = part_from_json(item)
    except (ValueError, TypeError, KeyError):
        return None
    return part if isinstance(part, AttachmentPart) else None


def _hash(data: bytes) -> str:
    from hashlib import sha256  # loads OpenSSL, which a list of conversations must not wait for

    return sha256(data).hexdigest()


def _seq_of(db: sqlite3.Connection, digest: str) -> int | None:
    row = db.execute("SELECT seq FROM blob WHERE sha256 = ?", (digest,)).fetchone()
    return None if row is None else int(row[0])


# Damage


def damaged(db: sqlite3.Connection) -> list[int]:
    """Return the row numbers of the files whose bytes do not have their hash; reads everything."""
    return [
        seq
        for seq, digest in db.execute("SELECT seq, sha256 FROM blob").fetchall()
        if _hash(_read_row(db, seq)) != digest
    ]


def wrong_links(db: sqlite3.Connection) -> int:
    """Return how many uses of bytes are not recorded, or recorded wrongly."""
    seqs = {digest: seq for seq, digest in db.execute("SELECT seq, sha256 FROM blob")}
    found = {
        (seqs[digest], turn)
        for turn, stored in db.execute(f"SELECT seq, parts FROM turn WHERE {WITH_FILES}")
        for digest in _NAMED.findall(stored)
        if digest in seqs
    }
    return len(found.symmetric_difference(db.execute("SELECT blob, turn FROM attachment").fetchall()))


def repair(db: sqlite3.Connection) -> None:
    """Delete damaged bytes, and record all uses again."""
    bad = [(seq,) for seq in damaged(db)]
    db.executemany("DELETE FROM attachment WHERE blob = ?", bad)
    db.executemany("DELETE FROM blob WHERE seq = ?", bad)
    move_bytes_out(db)

"""Deleting for good: hidden at once, removed in short transactions, resumed after a kill, gone from the file.

`TUI_CHAT_PURGE_KILLS` sets how often the process is killed; a long run kills 200 times.
"""

import asyncio
import hashlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest

from tests.storage.conftest import Open
from tests.storage.make import NOON, Clock, conversation, live, prompt, reply, side_request
from tests.support.environment import ROOT
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import NotFound
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Turn
from tui_chat.storage import database, purge
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store

T = TypeVar("T")
FOREVER = datetime(2200, 1, 1, tzinfo=NOON.tzinfo)
KILLS = int(os.environ.get("TUI_CHAT_PURGE_KILLS", "6"))
MOST_HELD_MS = 40.0
PURGE = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from tui_chat.storage.store import Store
async def main():
    store = await Store.open(Path(sys.argv[1]))
    print("open", flush=True)
    await store.purge(datetime(2200, 1, 1, tzinfo=UTC))
    await store.aclose()
    print("purged", flush=True)
asyncio.run(main())
"""

KILLED_SWEEP = PURGE.replace(
    "async def main",
    """
import os, signal
from itertools import count
from tui_chat.storage import purge
calls, sweep = count(1), purge.blobs.sweep
def sweep_one(db, now, stop_s):
    is_more = sweep(db, now, 0.0)
    if next(calls) > int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return is_more
purge.blobs.sweep = sweep_one
async def main""",
)
"""A purge that deletes one file in a transaction, and is killed in one after so many of these."""


def long_conversation(conversation_id: str, count: int, secret: str = "zanzibar") -> Conversation:
    """Return a conversation of many turns that all have the secret word, some with files."""
    words = random.Random(count)
    turns: list[Turn] = []
    for at in range(count):
        text = " ".join([secret, *(f"word{words.randrange(3000)}" for _ in range(60))])
        parent = turns[-1].id if turns else None
        turn = reply(f"t{at}", parent, text) if at % 2 else prompt(f"t{at}", parent, text=text)
        if at % 50 == 0:
            turn = replace(
                turn, parts=(AttachmentPart("a.txt", "text/plain", f"{secret} {at}".encode()), *turn.parts)
            )
        turns.append(turn)
    made = conversation(conversation_id, *turns, title=secret)
    return replace(made, side_requests=(side_request("s1", "0.1"),), system=secret, head=turns[-1].id)


async def nothing_is_seen(store: Store) -> None:
    """Check that no query finds anything of the purged conversation."""
    assert not await store.summaries(deleted=True) and await store.count(deleted=True) == 0
    assert [row.id for row in await store.summaries()] == ["kept"]
    assert not await store.search("zanzibar")
    assert not await store.usage_rows()
    assert not await store.unmetered()
    for prefix in ("c1", "p", "purged:"):
        with pytest.raises(NotFound):
            await store.resolve(prefix)
    stats = await store.stats()
    assert (stats.conversations, stats.archived, stats.deleted, stats.turns) == (1, 0, 0, 2)
    assert (await store.check()).is_healthy


async def start_purge(store: Store, steps: int) -> None:
    """Hide the trash, and delete for some steps, as a purge that is killed."""
    await store._write(purge.hide_trash, FOREVER, 0)
    for _ in range(steps):
        assert await store._write(purge.delete_some, NOON, -1)


async def make(store: Store, turns: int = 120) -> None:
    await store.create(conversation("kept", prompt("t0", text="stays"), reply("t1", "t0")))
    await store.create(long_conversation("c1", turns))
    await store.delete("c1")


async def test_no_word_of_a_purged_turn_stays_in_the_search_index(open_store: Open, path: Path) -> None:
    store = await open_store()
    await make(store, 300)
    assert b"anzibar" in path.read_bytes()
    await store.purge(FOREVER)
    assert await store.search("stays")
    await store.aclose()
    assert b"anzibar" not in b"".join(file.read_bytes() for file in path.parent.iterdir())


@pytest.mark.parametrize("steps", [0, 1, 60, 121])
async def test_a_purge_hides_at_once_and_is_continued(store: Store, steps: int) -> None:
    await make(store)
    await start_purge(store, steps)
    await nothing_is_seen(store)
    await store.delete_purged()
    await nothing_is_seen(store)
    stats = await store.stats()
    assert stats.files == 0
    rows = await store._read(lambda db: db.execute("SELECT count(*) FROM turn").fetchone()[0])
    assert rows == 2 and not await store._read(purge.is_pending)


async def test_an_import_under_the_id_of_a_purged_conversation_stays_whole(store: Store) -> None:
    await make(store)
    await start_purge(store, 5)
    again = conversation("c1", prompt("t0", text="new"), reply("t1", "t0", "answer"))
    await store.save(again)
    await store.finish(replace(again.turns[1], duration_ms=1234))
    await store.delete_purged()
    assert [turn.text for turn in (await store.conversation("c1")).turns] == ["new", "answer"]
    assert (await store.conversation("c1")).turns[1].duration_ms == 1234
    assert (await store.check()).is_healthy


async def test_an_id_that_looks_purged_is_no_purge(store: Store) -> None:
    await store.create(conversation("purged:1", prompt("u1")))
    await make(store)
    await start_purge(store, 3)
    await store.delete_purged()
    assert (await store.conversation("purged:1")).turns


async def test_a_reply_that_streams_in_a_purged_conversation_ends(store: Store) -> None:
    await store.create(conversation("c1", prompt("u1"), live("a1", "u1")))
    await store.delete("c1")
    await start_purge(store, 0)
    with pytest.raises(NotFound):
        await store.finish(reply("a1", "u1"))
    await store.delete_purged()
    assert (await store.stats()).live == 0


async def test_another_file_wins_over_a_purge_that_has_not_reached_its_bytes(store: Store, clock: Clock) -> None:
    data = b"shared" * 100
    asked = replace(prompt("u1"), parts=(AttachmentPart("a.txt", "text/plain", data),))
    await store.create(conversation("c1", asked))
    await store.delete("c1")
    await start_purge(store, 0)
    await store.create(conversation("c2", asked))
    await store.delete_purged()
    (part,) = (await store.conversation("c2")).turns[0].parts
    assert isinstance(part, AttachmentPart) and await store.blob(part.sha256) == data


def held_ms(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return what fills with the processor time of each write transaction."""
    held: list[float] = []
    run = database.write_transaction

    def timed(db: sqlite3.Connection, job: Callable[[sqlite3.Connection], T]) -> T:
        start_s = time.thread_time()
        try:
            return run(db, job)
        finally:
            held.append((time.thread_time() - start_s) * 1000)

    monkeypatch.setattr(database, "write_transaction", timed)
    return held


@pytest.mark.slow
async def test_a_purge_of_10_000_turns_holds_the_file_for_at_most_40_ms(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = await open_store()
    await store.create(long_conversation("c1", 10_000))
    await store.delete("c1")
    held = held_ms(monkeypatch)
    start_s = time.monotonic()
    assert await store.purge(FOREVER) == 1
    slowest, spent_s = sorted(held), time.monotonic() - start_s
    p99 = slowest[len(slowest) * 99 // 100]
    print(f"{len(held)} transactions, {spent_s:.1f} s; processor p99 {p99:.1f} ms, longest {slowest[-1]:.1f} ms")
    assert p99 <= MOST_HELD_MS
    assert slowest[0] < slowest[-1] and len(held) > 50
    await store.aclose()


@pytest.mark.slow
@pytest.mark.timeout(60 + 10 * KILLS)
def test_a_killed_purge_is_hidden_resumed_and_gone_from_the_file(tmp_path: Path) -> None:
    rng = random.Random(19)
    path = tmp_path / DATABASE

    async def prepare() -> None:
        store = await Store.open(path)
        await make(store, 400 + 40 * KILLS)
        await store.aclose()

    async def look() -> bool:
        store = await Store.open(path)
        is_hidden = await store.count(deleted=True) == 0
        if is_hidden:
            await nothing_is_seen(store)
        await store.aclose()
        return is_hidden

    asyncio.run(prepare())
    hidden = kills = 0
    for _ in range(KILLS):
        process = subprocess.Popen([sys.executable, "-c", PURGE, str(path)], cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None and process.stdout.readline() == b"open\n"
        time.sleep(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        kills += b"purged" not in process.communicate()[0]
        hidden += asyncio.run(look())
    print(f"killed {kills} times in a purge, hidden after {hidden}")
    assert kills > 0
    subprocess.run([sys.executable, "-c", PURGE, str(path)], cwd=ROOT, check=True, capture_output=True)
    assert asyncio.run(look())
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"anzibar" not in left and b"purged:" not in left


@pytest.mark.slow
@pytest.mark.parametrize("files_before", [0, 1, 9])
def test_a_purge_killed_while_it_deletes_files_is_finished_and_keeps_what_is_used(
    tmp_path: Path, files_before: int
) -> None:
    path = tmp_path / DATABASE
    files = [AttachmentPart(f"{at}.bin", "image/png", bytes([at]) * 200_000) for at in range(15)]

    async def prepare() -> list[str]:
        store = await Store.open(path)
        digests = [hashlib.sha256(file.data).hexdigest() for file in files]
        sent = [replace(prompt(f"p{at}"), parts=(file,)) for at, file in enumerate(files)]
        await store.create(conversation("c1", *sent))
        await store.create(conversation("kept", replace(prompt("t0"), parts=(files[0],))))
        await store.set_draft_attachments(None, [files[1]])
        await store.set_draft_attachments("kept", [files[2]])
        for key, digest in (("queue:kept", digests[3]), ("edit:kept", digests[4])):
            await store.set_state(key, [{"text": "Look", "files": [{"sha256": digest}]}])
        await store.delete("c1")
        await store.aclose()
        return digests[:5]

    async def look(used: list[str], *, goes_on: bool = False) -> int:
        store = await Store.open(path)
        if goes_on:
            await store.delete_purged()
        assert [await store.blob(digest) for digest in used] == [file.data for file in files[:5]]
        assert await store.count(deleted=True) == 0 and (await store.check()).is_healthy
        count = (await store.stats()).files
        await store.aclose()
        return count

    used = asyncio.run(prepare())
    killed = subprocess.run([sys.executable, "-c", KILLED_SWEEP, str(path), str(files_before)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL and asyncio.run(look(used)) == len(files) - files_before
    assert asyncio.run(look(used, goes_on=True)) == len(used)
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert files[0].data[:1000] in left and files[5].data[:1000] not in left

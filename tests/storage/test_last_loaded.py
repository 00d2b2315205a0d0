"""A conversation that is in use is not read a second time, unless something may have changed."""

import asyncio
import gc
import sqlite3
from pathlib import Path

import pytest

from tests.storage.make import conversation, live, prompt, reply
from tui_chat.storage import turn_rows
from tui_chat.storage.store import Store


async def test_a_conversation_in_use_is_read_once_and_again_after_any_write(tmp_path: Path) -> None:
    here, there = await Store.open(tmp_path / "library.db"), await Store.open(tmp_path / "library.db")
    await here.save(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await here.save(conversation("c2", prompt("u2")))
    first = await here.conversation("c1")
    assert await here.conversation("c1") is first
    assert (await here.conversation("c2")).id == "c2"
    first = await here.conversation("c1")
    await here.set_draft("c1", "a draft")
    again = await here.conversation("c1")
    assert again is not first and again == first
    await there.append("c1", [prompt("u3", "a1")], head="u3")
    assert (await here.conversation("c1")).head == "u3", "another process wrote"
    await there.aclose()
    await here.aclose()


async def test_a_conversation_with_a_reply_in_flight_is_always_read(store: Store) -> None:
    await store.save(conversation("c1", prompt("u1"), live("a1", "u1")))
    first = await store.conversation("c1")
    assert first.turns[-1].is_live
    assert await store.conversation("c1") is not first, "its program may have died without a write"


async def test_a_conversation_that_is_out_of_use_is_not_kept(store: Store) -> None:
    await store.save(conversation("c1", prompt("u1")))
    await store.conversation("c1")
    async with asyncio.timeout(20):
        while store._last_loaded._kept() is not None:  # the thread releases the conversation in a moment
            gc.collect()
            await asyncio.sleep(0)


async def test_reading_a_conversation_keeps_few_pages_and_later_reads_have_the_whole_cache_again(
    store: Store,
) -> None:
    sizes: list[int] = []

    def note_size(db: sqlite3.Connection) -> None:
        sizes.append(db.execute("PRAGMA cache_size").fetchone()[0])

    await store.save(conversation("c1", prompt("u1")))
    await store._read(note_size)
    with pytest.MonkeyPatch.context() as patch:
        read = turn_rows.read_conversation
        patch.setattr(turn_rows, "read_conversation", lambda db, *rest: (note_size(db), read(db, *rest))[1])
        await store.conversation("c1")
    await store._read(note_size)
    assert sizes == [sizes[0], -256, sizes[0]]

"""Whatever can be read of a damaged file is carried over."""

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from random import Random

from tests.storage.conftest import Open
from tests.storage.make import conversation, priced, prompt, reply, side_request
from tui_chat.core.conversation import Conversation
from tui_chat.core.part import TextPart, ToolResultPart
from tui_chat.storage.recovery import page_reader
from tui_chat.storage.recovery.recovered_conversation import RECOVERED_TITLE


def library(count: int) -> list[Conversation]:
    """Conversations with short and long turns, parts and costs."""
    made = []
    for number in range(count):
        long = f"{number} " + "語 word " * (700 * (number % 5))
        parts = (TextPart(long), ToolResultPart("t", "found"))
        turns = (prompt("u1", text=f"question {number}"), replace(priced(reply("a1", "u1"), "0.25"), parts=parts))
        made.append(
            conversation(f"c{number}", *turns, title=f"Number {number}", side_requests=(side_request("e1", "0.5"),))
        )
    return made


async def test_without_header_and_schema_every_conversation_comes_back_equal(open_store: Open, path: Path) -> None:
    store = await open_store()
    made = library(30)
    for one in made:
        await store.create(one)
    await store.aclose()
    with path.open("r+b") as file:
        file.write(b"\x00" * 4096)
    store = await open_store()
    assert store.opening.recovered_conversations == 30
    for one in made:
        assert await store.conversation(one.id) == one
    assert [summary.id for summary in await store.summaries(limit=5)] == ["c29", "c28", "c27", "c26", "c25"]
    assert (await store.summaries(limit=1))[0].cost_usd == made[0].cost.total_usd


async def test_turns_whose_conversation_is_lost_get_a_new_one(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1", text="still here"), reply("a1", "u1")))
    await store.aclose()
    db = sqlite3.connect(path)
    (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'conversation'").fetchone()
    db.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    store = await open_store(new_id=lambda: "found")
    assert store.opening.recovered_conversations == 1
    (summary,) = await store.summaries()
    assert (summary.id, summary.title, summary.turns) == ("found", RECOVERED_TITLE, 2)
    assert [turn.id for turn in (await store.conversation("found")).path] == ["u1", "a1"]


async def test_a_long_text_is_kept_as_far_as_its_pages_lead(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1", text="beginning " + "abc " * 12_500)))
    await store.aclose()
    data = bytearray(path.read_bytes())
    *_, at, _, _ = (start for start in range(0, len(data), 4096) if data.count(b"abc abc", start, start + 4096) > 300)
    data[at : at + 4] = b"\xff" * 4
    data[:4096] = b"\x00" * 4096
    path.write_bytes(data)
    store = await open_store()
    text = (await store.conversation("c1")).turn("u1").text
    assert text.startswith("beginning abc abc") and 100 < len(text) < 50_010


async def test_drafts_prompts_and_state_come_back_where_sqlite_can_read_them(open_store: Open, path: Path) -> None:
    store = await open_store()
    for one in library(40):
        await store.create(one)
    await store.set_draft("c1", "half a thought")
    await store.add_prompt("typed")
    await store.set_state("theme", "dark")
    await store.aclose()
    db = sqlite3.connect(path)
    (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'turn_id'").fetchone()
    db.close()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    path.with_name("conversations.db.damaged").touch(0o600)
    store = await open_store()
    assert store.opening.damaged_moved_to is not None and store.opening.recovered_conversations == 40
    assert await store.draft("c1") == "half a thought"
    assert await store.prompts() == ["typed"] and await store.state("theme") == "dark"


def test_carving_reads_what_sqlite_wrote(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [
        (None, 1, -1, 127, 128, -32768, 2**31, -(2**47), 2**62, "text", "é語🎉", b"\x00\xff", "long " * 5000, ""),
        (5, 0, None, None, None, None, None, None, None, None, None, None, None, None),
    ]
    for page_size in (512, 4096, 65536):
        path = tmp_path / f"{page_size}.db"
        db = sqlite3.connect(path)
        db.execute(f"PRAGMA page_size = {page_size}")
        db.execute(f"CREATE TABLE t ({', '.join(f'c{n}' for n in range(14))})")
        db.executemany(f"INSERT INTO t VALUES ({', '.join('?' * 14)})", rows)
        db.execute("INSERT INTO t (rowid, c0) VALUES (9000000000, 'far')")
        db.commit()
        db.close()
        found = [row for row in page_reader.rows(path) if len(row.values) == 14]
        assert [tuple(row.values) for row in found[:2]] == rows
        assert found[2].rowid == 9_000_000_000


def test_carving_survives_any_bytes(tmp_path: Path) -> None:
    for seed in range(60):
        draw = Random(seed)
        data = bytearray(draw.randbytes(4096 * 4))
        for start in range(0, len(data), 4096):
            data[start : start + 5] = b"\x0d\x00\x00" + draw.randbytes(2)
        (tmp_path / "junk").write_bytes(data)
        list(page_reader.rows(tmp_path / "junk"))
    (tmp_path / "empty").touch()
    assert list(page_reader.rows(tmp_path / "empty")) == []


async def test_two_programs_that_meet_the_same_damage_rescue_it_once(open_store: Open, path: Path) -> None:
    store = await open_store()
    for one in library(10):
        await store.create(one)
    await store.aclose()
    with path.open("r+b") as file:
        file.write(b"\x00" * 4096)
    both = await asyncio.gather(open_store(), open_store())
    assert sorted(store.opening.recovered_conversations for store in both) == [0, 10]
    assert [await store.count() for store in both] == [10, 10]


def test_carving_ends_whatever_stands_at_the_end_of_the_file(tmp_path: Path) -> None:
    for tail in (b"\x1f\x00", b"\x7f\x00\x80", b"\x20\x00" + b"\x80" * 20):
        (tmp_path / "cut").write_bytes(bytes(4096) + tail)
        assert list(page_reader.rows(tmp_path / "cut", {30})) == []


async def test_rows_of_a_page_without_a_head_and_of_pages_that_moved_come_back(open_store: Open, path: Path) -> None:
    store = await open_store()
    made = [conversation(f"c{number}", prompt("u1", text=f"question {number}")) for number in range(60)]
    await store.save_all(made)
    await store.aclose()
    whole = path.read_bytes()
    leaf = next(  # after a page without text, as a byte is added before it
        at
        for at in range(4096, len(whole), 4096)
        if whole[at] == 13 and b"question " in whole[at : at + 4096] and b"question " not in whole[at - 4096 : at]
    )
    headless = whole[:leaf] + b"\xff" * 8 + whole[leaf + 8 :]
    moved = whole[: leaf - 9] + b"\n" + whole[leaf - 9 :]
    for number, data in enumerate((headless, moved)):
        damaged = path.parent.with_name(f"damaged-{number}") / path.name
        damaged.parent.mkdir(0o700)
        damaged.write_bytes(data)
        store = await open_store(damaged)
        if store.opening.damaged_moved_to is None:
            await store.repair()
        found = [await store.conversation(f"c{one}") for one in range(60)]
        assert [one.turn("u1").text for one in found] == [f"question {one}" for one in range(60)]

"""Checking finds what does not fit together, and repairing puts it right."""

import sqlite3
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import NOON, conversation, live, priced, prompt, reply
from tui_chat.core.event import TextDelta
from tui_chat.core.turn import TurnStatus
from tui_chat.storage.maintenance import CheckReport
from tui_chat.storage.schema import MIGRATIONS
from tui_chat.storage.store import Store


async def filled(open_store: Open) -> Store:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1"), priced(reply("a1", "u1"), "0.1"), prompt("u2", "a1")))
    await store.create(conversation("c2"))
    await store.append("c2", [prompt("u1"), live("a1", "u1")], head="a1")
    await store.checkpoint("a1", [TextDelta("Beca")])
    return store


async def test_a_library_in_use_is_healthy(open_store: Open) -> None:
    store = await filled(open_store)
    found = await store.check()
    assert found.is_healthy and found == CheckReport()
    mended = await store.repair()
    assert mended.found.is_healthy and mended.backup is None


@pytest.mark.parametrize(
    ("breaking", "found"),
    [
        ("UPDATE conversation SET turns = 99 WHERE id = 'c1'", "wrong_sums"),
        ("UPDATE conversation SET cost_usd = '7' WHERE id = 'c1'", "wrong_sums"),
        ("UPDATE conversation SET head = 4711 WHERE id = 'c1'", "lost_heads"),
        ("UPDATE conversation SET head = 5 WHERE id = 'c1'", "lost_heads"),
        ("UPDATE turn SET parent = 4 WHERE seq = 3", "lost_parents"),
        ("UPDATE turn SET parent = 3 WHERE seq = 3", "lost_parents"),
        ("UPDATE turn SET owner = NULL WHERE status = 'streaming'", "wrong_owners"),
        ("UPDATE turn SET owner = 'me|1|' WHERE seq = 1", "wrong_owners"),
        ("UPDATE checkpoint SET turn = 1", "lost_checkpoints"),
        (
            "INSERT INTO search (search, rowid, text, humps, facets)"
            " VALUES ('delete', 1, 'Why?', '', 'ruser c1 y2025 m202506')",
            "unindexed",
        ),
        ("INSERT INTO search (rowid, text, humps, facets) VALUES (99, 'x', '', 'ruser')", "overindexed"),
        ("DELETE FROM state WHERE key = '_search_index'", "unindexed"),
    ],
)
async def test_each_thing_that_does_not_fit_is_found_and_mended(open_store: Open, breaking: str, found: str) -> None:
    store = await filled(open_store)

    def break_it(db: object) -> None:
        db.execute(breaking)  # type: ignore[attr-defined]

    await store._write(break_it)
    checkup = await store.check()
    assert getattr(checkup, found) > 0 and not checkup.is_healthy
    mended = await store.repair()
    assert mended.found == checkup
    assert mended.backup is not None and mended.backup.stat().st_mode & 0o777 == 0o600
    assert (await store.check()).is_healthy
    assert len((await store.conversation("c1")).turns) == 3
    assert len(await store.search("why")) >= 2


@pytest.mark.parametrize("number", [-1, 99, 2**63 - 1, -(2**63)])
async def test_turns_whose_conversation_is_lost_are_found_again(open_store: Open, number: int) -> None:
    store = await filled(open_store)

    def break_it(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("UPDATE conversation SET seq = ? WHERE id = 'c1'", (number,))

    await store._thread.run(lambda: break_it(store._database._db))
    assert (await store.check()).lost_conversations == 1
    await store.repair()
    assert (await store.check()).is_healthy
    ids = [summary.id for summary in await store.summaries()]
    assert {"c1", "c2"} < set(ids) and len(ids) == 3
    (recovered,) = set(ids) - {"c1", "c2"}
    assert len((await store.conversation(recovered)).path) == 3
    await store.create(conversation("new", prompt("n1")))
    assert len((await store.conversation("new")).turns) == 1


async def test_a_damaged_file_is_replaced_by_what_can_be_read(open_store: Open, path: Path) -> None:
    store = await filled(open_store)
    await store.finish(reply("a1", "u1"))
    (root,) = await store._read(
        lambda db: db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'turn_parent'").fetchone()
    )
    await store.aclose()
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    store = await open_store()
    assert (await store.check()).damage != ()
    mended = await store.repair()
    assert mended.damaged_moved_to is not None and mended.recovered_conversations == 2
    assert (await store.check()).is_healthy and len((await store.conversation("c1")).turns) == 3


async def test_stats_count_what_there_is(open_store: Open, path: Path) -> None:
    store = await filled(open_store)
    await store.create(conversation("c3"))
    await store.archive("c3")
    await store.create(conversation("c4"))
    await store.delete("c4")
    await store.add_prompt("Why?")
    stats = await store.stats()
    assert (stats.conversations, stats.archived, stats.deleted, stats.turns, stats.live) == (2, 1, 1, 5, 1)
    assert stats.prompts == 1 and stats.oldest_at == NOON and stats.newest_at is not None
    assert stats.size_bytes == path.stat().st_size and stats.has_search_index and stats.version == len(MIGRATIONS)


async def test_stats_of_an_empty_library_are_zero(store: Store) -> None:
    stats = await store.stats()
    assert stats.conversations == stats.turns == 0 and stats.oldest_at is None


async def test_an_interrupted_reply_without_an_owner_is_kept(open_store: Open) -> None:
    store = await filled(open_store)
    await store._write(lambda db: db.execute("UPDATE turn SET owner = NULL WHERE status = 'streaming'"))
    await store.repair()
    turn = (await store.conversation("c2")).turn("a1")
    assert turn.status is TurnStatus.INTERRUPTED


async def test_turns_that_answer_each_other_in_a_circle_are_read_and_cut_open(open_store: Open) -> None:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1"), reply("a1", "u1"), prompt("u2", "a1"), reply("a2", "u2")))
    await store._write(lambda db: db.execute("UPDATE turn SET parent = 3 WHERE seq = 1"))
    assert [turn.id for turn in (await store.conversation("c1")).path] == ["u1", "a1", "u2", "a2"]
    (damage,) = (await store.check()).unreadable
    assert damage.endswith("turns answer each other in a circle")
    await store.repair()
    assert (await store.check()).is_healthy
    assert [turn.id for turn in (await store.conversation("c1")).path] == ["u1", "a1", "u2", "a2"]

"""A database with triggers, views and indexes that this program did not make."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import conversation, prompt, reply
from tui_chat.storage import schema_check
from tui_chat.storage.connection import connect
from tui_chat.storage.schema import MIGRATIONS, migrate


async def fill(open_store: Open) -> None:
    store = await open_store()
    for number in range(3):
        await store.create(conversation(f"c{number}", prompt("u1", text=f"question {number}"), reply("a1", "u1")))
    await store.set_draft("c1", "half a thought")
    await store.set_state("theme", "dark")
    await store.aclose()


def execute(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(script)


HOSTILE = {
    "a trigger that deletes": "CREATE TRIGGER evil AFTER INSERT ON turn BEGIN DELETE FROM turn; END",
    "a trigger of its own": "CREATE TABLE own (x); CREATE TRIGGER t AFTER INSERT ON own BEGIN SELECT 1; END",
    "a trigger of ours that deletes": (
        "DROP TRIGGER sync_turn_added;"
        " CREATE TRIGGER sync_turn_added AFTER INSERT ON turn BEGIN DELETE FROM turn; END"
    ),
    "a view as the order of turns": (
        "DROP TABLE authored; CREATE VIEW authored AS"
        " WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)"
        " SELECT x AS turn, x AS made, x AS device FROM n"
    ),
    "a lost trigger": "DROP TRIGGER sync_conversation_changed",
    "an index that refuses": "CREATE UNIQUE INDEX evil ON turn (role, conversation)",
    "an index that computes": "CREATE INDEX evil ON turn (hex(text))",
    "a view as a table": "ALTER TABLE prompt RENAME TO hidden; CREATE VIEW prompt AS SELECT 1 AS seq, 'x' AS text",
    "a view as the index": "DROP TABLE search; CREATE VIEW search AS SELECT * FROM turn",
    "a table as the index": "DROP TABLE search; CREATE TABLE search (text, humps, facets)",
    "no types": "DROP TABLE prompt; CREATE TABLE prompt (seq INTEGER PRIMARY KEY, text)",
    "a generated column": "ALTER TABLE turn ADD COLUMN x TEXT GENERATED ALWAYS AS (hex(zeroblob(400000000))) VIRTUAL",
    "a lost index": "DROP INDEX turn_live",
    "a lost table": "DROP TABLE state",
    "another index": "DROP INDEX turn_parent; CREATE INDEX turn_parent ON turn (text)",
}


@pytest.mark.parametrize("script", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_objects_end_in_a_clean_file_and_the_old_one_is_kept(
    open_store: Open, path: Path, script: str
) -> None:
    await fill(open_store)
    execute(path, script)
    before = path.read_bytes()
    store = await open_store()
    opening = store.opening
    assert opening.damaged_moved_to is not None and opening.damaged_moved_to.read_bytes() == before
    assert opening.recovered_conversations == 3 and "of the database" in opening.damage
    await store.append("c1", [prompt("u2", "a1", "still kept")], head="u2")
    assert [turn.text for turn in (await store.conversation("c1")).path] == ["question 1", "Because.", "still kept"]
    assert await store.draft("c1") == "half a thought" and (await store.check()).is_healthy
    assert len(await store.search("question")) == 3
    await store.aclose()
    assert (await open_store()).opening.damaged_moved_to is None


async def test_a_table_behind_a_view_is_read_from_the_pages_and_the_view_is_not_asked(
    open_store: Open, path: Path
) -> None:
    await fill(open_store)
    endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x AS seq FROM n"
    execute(path, f"DROP VIEW tree; ALTER TABLE turn RENAME TO hidden; CREATE VIEW turn AS {endless}")
    store = await open_store()
    assert store.opening.recovered_conversations == 3 and len((await store.conversation("c2")).turns) == 2


@pytest.mark.parametrize(
    "script",
    [
        "CREATE VIEW mine AS SELECT title FROM conversation",
        "CREATE TABLE notes (x TEXT); INSERT INTO notes VALUES ('kept')",
        "DROP VIEW tree",
        "ANALYZE",
    ],
)
async def test_views_and_tables_of_the_users_own_are_left_alone(open_store: Open, path: Path, script: str) -> None:
    await fill(open_store)
    execute(path, script)
    store = await open_store()
    assert store.opening.damaged_moved_to is None and await store.count() == 3
    assert (await store.check()).is_healthy


def test_the_known_schema_is_that_of_the_migrations_and_is_recognised_at_once(tmp_path: Path) -> None:
    (tmp_path / "x.db").touch()
    with closing(connect(tmp_path / "x.db")) as db:
        migrate(db, MIGRATIONS)
        assert schema_check.is_newest(db)
        started = time.perf_counter()
        for _ in range(20):
            schema_check.refuse_foreign_objects(db, MIGRATIONS)
        assert (time.perf_counter() - started) / 20 < 0.005

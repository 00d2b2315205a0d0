"""A hostile SQLite database costs no more than its size allows, and nothing is written next to it."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.formats.fixtures import database, read
from tests.support.environment import ROOT
from tui_chat.core.error import FormatError
from tui_chat.formats import foreign_database
from tui_chat.formats.foreign_database import open_database
from tui_chat.formats.read_import import conversations_in

CHAT = "CREATE TABLE chat (id INTEGER PRIMARY KEY, model, title, started_at, archived);"
MESSAGE = "CREATE TABLE message (id INTEGER PRIMARY KEY, chat_id, role, content, timestamp, meta, parent_id, model);"
ONE_CHAT = "INSERT INTO chat VALUES (1, 'gpt-4o', 'A title', '2024-05-20 20:46:40', 0);"
MEASURED = """
import sys, time
from pathlib import Path
from tui_chat.core.error import FormatError
from tui_chat.formats.read_import import conversations_in
start = time.monotonic()
try:
    items = list(conversations_in(Path(sys.argv[1])))
except FormatError as error:
    items = [error]
status = Path("/proc/self/status").read_text()
peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
print(time.monotonic() - start, peak // 1024, *items, sep="\\n")
"""


def made(path: Path, *script: str) -> Path:
    with closing(sqlite3.connect(path)) as db:
        db.executescript("\n".join(script))
    return path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("column", ["content", "chat_id"])
def test_a_generated_column_of_800_mb_is_not_computed(column: str, tmp_path: Path) -> None:
    small, huge = "hex(zeroblob(4))", "hex(zeroblob(400000000))"
    table = MESSAGE.replace(f"{column},", f"{column} AS ({small}),")
    others = {"content": "chat_id", "chat_id": "content"}[column]
    path = made(
        tmp_path / "elia.db", CHAT, table, ONE_CHAT,
        f"INSERT INTO message (id, role, {others}) VALUES (1, 'user', 1);",
        "PRAGMA writable_schema = ON;",
        f"UPDATE sqlite_schema SET sql = replace(sql, '{small}', '{huge}');",
    )  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-c", MEASURED, str(path)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    seconds, peak_mb, *items = run.stdout.splitlines()
    assert float(seconds) < 2 and int(peak_mb) < 200
    assert "it has no messages with text" in items[0]
    assert f"message.{column}" in items[1] and "computed" in items[1]


def test_a_view_that_poses_as_a_table_is_not_read(tmp_path: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id, 'x' AS content FROM n"
    path = made(tmp_path / "elia.db", CHAT, ONE_CHAT, f"CREATE VIEW message AS {endless};")
    with pytest.raises(FormatError, match="neither llm's nor elia's"):
        list(conversations_in(path))
    path = database("llm-threads", tmp_path)
    parts = "SELECT 1 AS id, 'text' AS type, 'x' AS text, 1 AS message_hash, i AS position FROM n"
    made(path, "DROP TABLE parts;", f"CREATE VIEW parts AS {endless.partition(' SELECT i AS')[0]} {parts};")
    _, skipped = read(path)
    assert any("prohibited" in one.why or "not authorized" in one.why for one in skipped)


def test_rows_that_a_small_file_repeats_without_end_are_refused(tmp_path: Path) -> None:
    """The pages of a table may name the same page hundreds of times, on every level."""
    path, size = tmp_path / "elia.db", 1024
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA page_size = {size};" + CHAT + MESSAGE + ONE_CHAT)
        rows = [(number, 1, "user", "word " * 30) for number in range(3000)]
        db.executemany("INSERT INTO message (id, chat_id, role, content) VALUES (?, ?, ?, ?)", rows)
        db.commit()
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'message'").fetchone()
    data = bytearray(path.read_bytes())
    inner = (root - 1) * size
    assert data[inner] == 5, "the root is an inner page"
    cells = int.from_bytes(data[inner + 3 : inner + 5])
    places = [int.from_bytes(data[inner + 12 + 2 * n : inner + 14 + 2 * n]) for n in range(cells)]
    children = [inner + place for place in places] + [inner + 8]
    first = bytes(data[children[0] : children[0] + 4])
    second = (int.from_bytes(first) - 1) * size
    for child in children:
        data[child : child + 4] = first
    if data[second] == 5:
        below = int.from_bytes(data[second + 3 : second + 5])
        offsets = [int.from_bytes(data[second + 12 + 2 * n : second + 14 + 2 * n]) for n in range(below)]
        leaf = bytes(data[second + offsets[0] : second + offsets[0] + 4])
        for offset in offsets:
            data[second + offset : second + offset + 4] = leaf
    path.write_bytes(data)
    try:
        texts = [item for item in conversations_in(path) if "Skipped" not in str(item)]
    except FormatError:
        texts = []
    assert len(str(texts)) < 20 * len(data)


def test_a_query_that_works_without_end_is_stopped(tmp_path: Path) -> None:
    path = made(tmp_path / "many.db", "CREATE TABLE t (a);", "INSERT INTO t VALUES (1), (2), (3);")
    with closing(sqlite3.connect(path)) as db:
        db.executemany("INSERT INTO t VALUES (?)", ((number % 7,) for number in range(4000)))
        db.commit()
    start = time.monotonic()
    with open_database(path) as found, pytest.raises(FormatError, match="too much work"):
        list(found.rows("SELECT a.a FROM t AS a, t AS b, t AS c WHERE a.a + b.a + c.a = 999"))
    assert time.monotonic() - start < 10


def test_more_rows_than_the_file_can_hold_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "many.db", "CREATE TABLE t (a);", "INSERT INTO t VALUES ('x'), ('x'), ('x');" * 30)
    with open_database(path) as found, pytest.raises(FormatError, match="more than the file holds"):
        list(found.rows("SELECT a.a FROM t AS a, t AS b"))


def test_a_conversation_that_is_too_large_is_skipped_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign_database, "LARGEST_CONVERSATION", 900)
    path = database("elia", tmp_path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE message SET content = ? WHERE id = 2", ("x" * 1000,))
    found, skipped = read(path)
    assert len(found) == 1 and "larger than" in skipped[0].why
    monkeypatch.undo()
    monkeypatch.setattr(foreign_database, "MOST_MESSAGES", 5)
    found, skipped = read(path)
    assert len(found) == 1 and "more than" in skipped[0].why


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO chat (id, model, archived) VALUES (9, 'x', 0)",
        "CREATE TEMP TABLE t (a)",
        "ATTACH ':memory:' AS other",
        "SELECT hex(zeroblob(1000)) FROM chat",
        "SELECT load_extension('x')",
        "PRAGMA query_only = OFF",
    ],
)
def test_nothing_but_plain_reading_is_allowed(query: str, tmp_path: Path) -> None:
    with (
        open_database(database("elia", tmp_path)) as found,
        pytest.raises(FormatError, match=r"not authorized|prohibited"),
    ):
        list(found.rows(query))


LEFT_BEHIND = """
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA journal_mode = WAL")
db.execute("UPDATE chat SET title = 'Renamed before the crash' WHERE id = 1")
db.commit()
os._exit(0)
"""


def test_a_log_that_a_crash_left_is_read_without_a_file_next_to_it(tmp_path: Path) -> None:
    path = database("elia", tmp_path)
    subprocess.run([sys.executable, "-c", LEFT_BEHIND, str(path)], check=True)
    path.with_name(path.name + "-shm").unlink()
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir()}
    assert len(before) == 2
    assert "Renamed before the crash" in read(path)[0]
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == before


def test_ids_of_any_type_find_their_messages(tmp_path: Path) -> None:
    path = made(
        tmp_path / "elia.db", CHAT, MESSAGE, ONE_CHAT,
        "INSERT INTO message (id, chat_id, role, content, parent_id) VALUES (1, 1, 'user', 'asked', 2), "
        "(2, '1', 'assistant', 'answered', 1);",
    )  # fmt: skip
    (conversation,) = read(path)[0].values()
    assert sorted(turn.text for turn in conversation.turns) == ["answered", "asked"]

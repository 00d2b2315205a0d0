"""llm's logs.db: conversations of its first tables, of its newer ones, and of both."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.formats.fixtures import database, leaves, outline, read


def count(path: Path, query: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(query).fetchone()[0])


def test_counts_of_the_first_tables_are_those_of_the_file(tmp_path: Path) -> None:
    path = database("llm-responses", tmp_path)
    found, skipped = read(path)
    asked = "FROM responses WHERE prompt <> '' OR response <> ''"
    assert len(found) == count(path, f"SELECT count(DISTINCT coalesce(conversation_id, id)) {asked}") == 3
    prompts = count(path, "SELECT count(*) FROM responses WHERE prompt <> ''")
    replies = count(path, "SELECT count(*) FROM responses WHERE response <> ''")
    assert sum(len(one.turns) for one in found.values()) == prompts + replies == 8
    assert [one.which for one in skipped] == ["number 01cc in llm-responses.db"]


def test_counts_of_the_newer_tables_are_those_of_the_file(tmp_path: Path) -> None:
    path = database("llm-threads", tmp_path)
    found, skipped = read(path)
    assert len(found) == count(path, "SELECT count(*) FROM threads WHERE tip_message_hash IS NOT NULL") == 3
    assert [len(one.turns) for one in found.values()] == [6, 5, 4]
    assert [len(leaves(one)) for one in found.values()] == [1, 2, 1]
    assert [one.which for one in skipped] == ["number 01void in llm-threads.db"]


def test_a_conversation_gone_on_with_in_the_newer_tables_is_one(tmp_path: Path) -> None:
    conversation = read(database("llm-threads", tmp_path))[0]["old one"]
    assert outline(conversation) == [
        "u: old question",
        ["a: old answer", ["u: logged twice", ["a: in both", ["u: new question", ["a: new answer <-"]]]]],
    ]
    assert conversation.system == "old system"
    assert [turn.model for turn in conversation.turns if turn.model] == ["openai/gpt-4o"] * 2 + ["openai/gpt-5"]


def test_growing_into_the_newer_tables_adds_turns_and_changes_none(tmp_path: Path) -> None:
    path = database("llm-threads", tmp_path)
    after = read(path)[0]["old one"]
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript("DELETE FROM turns; DELETE FROM threads;")
    before = read(path)[0]["old one"]
    assert before.id == after.id
    assert after.turns[: len(before.turns)] == before.turns

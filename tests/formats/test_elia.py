"""elia's database: chats in a row, and chats whose messages name the one they answer."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tests.formats.fixtures import database, leaves, outline, read


def test_counts_are_those_of_the_file(tmp_path: Path) -> None:
    path = database("elia", tmp_path)
    found, skipped = read(path)
    with closing(sqlite3.connect(path)) as db:
        source = "FROM message WHERE role <> 'system' AND content <> ''"
        (chats,) = db.execute(f"SELECT count(DISTINCT chat_id) {source}").fetchone()
        (messages,) = db.execute(f"SELECT count(*) {source}").fetchone()
    assert len(found) == chats == 2
    assert sum(len(one.turns) for one in found.values()) == messages == 5
    assert [len(leaves(one)) for one in found.values()] == [1, 2]
    assert [one.which for one in skipped] == ["number 3 in elia.db"]


def test_a_chat_without_parents_is_a_row(tmp_path: Path) -> None:
    conversation = read(database("elia", tmp_path))[0]["Boids"]
    assert outline(conversation) == ["u: Write boids in *Textual* 🐦", ["a: ```python\npass\n``` <-"]]
    assert conversation.system == "You are a helpful assistant named Elia."
    assert conversation.model == conversation.turns[1].model == "openai/gpt-4o"
    assert conversation.created_at == datetime(2024, 5, 20, 20, 46, 40, 123456, UTC)


def test_replies_to_one_message_are_siblings(tmp_path: Path) -> None:
    conversation = read(database("elia", tmp_path))[0]["Which is taller?"]
    assert outline(conversation) == ["u: Which is taller?", ["a: The first.", "a: The second. <-"]]
    assert conversation.path[-1].model == "groq/llama3-70b-8192"
    assert conversation.archived_at is not None

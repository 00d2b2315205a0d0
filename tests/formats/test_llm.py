"""llm's logs.db: conversations of its first tables, of its newer ones, and of both."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from tests.formats.fixtures import database, leaves, only, outline, read
from tui_chat.core.part import (
    AttachmentPart,
    OtherPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.usage import UNKNOWN_USAGE, Usage


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


def test_a_conversation_continued_in_the_newer_tables_is_one(tmp_path: Path) -> None:
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


def test_prompts_carry_their_attachments_and_snippets(tmp_path: Path) -> None:
    conversation = read(database("llm-responses", tmp_path))[0]["A pelican on a bicycle"]
    first, _, second, _ = conversation.turns
    assert first.parts == (
        TextPart("Draw it"),
        AttachmentPart("a1", "image/png", b"\x89PNG"),
        AttachmentPart("plan.pdf", "application/pdf"),
    )
    assert second.parts == (
        TextPart("A file's content, with an ä.\nAgain"),
        AttachmentPart("one.jpg", "image/jpeg"),
    )
    assert conversation.system == "Always rhyme.\nBe brief"


def test_replies_carry_model_time_tokens_and_thinking(tmp_path: Path) -> None:
    reply = read(database("llm-responses", tmp_path))[0]["A pelican on a bicycle"].turns[1]
    assert reply.parts == (ThinkingPart("Beak first."), TextPart("<svg/>"))
    assert (reply.model, reply.duration_ms) == ("openai/gpt-4o-mini", 1500)
    assert reply.created_at == datetime(2025, 5, 1, 10, 0, 0, 123456, UTC)
    assert reply.usage == Usage(input_tokens=20, cache_read_tokens=100, output_tokens=40, thinking_tokens=30)


def test_a_reply_with_tools_is_one_reply_with_the_tokens_of_both_calls(tmp_path: Path) -> None:
    conversation = read(database("llm-responses", tmp_path))[0]["The weather"]
    assert outline(conversation) == ["u: Will it rain?", ["a: It will. <-"]]
    reply = conversation.turns[1]
    assert reply.parts == (
        ToolCallPart("tc1", "weather", '{"city": "Köln"}'),
        ToolCallPart("moon", "moon", "{}"),
        ToolResultPart("tc1", "rain"),
        ToolResultPart("moon", "no such tool", is_error=True),
        TextPart("It will."),
    )
    assert reply.usage == Usage(input_tokens=30, output_tokens=11)
    assert reply.duration_ms == 30


def test_one_implausible_count_makes_the_tokens_of_the_whole_reply_unknown(tmp_path: Path) -> None:
    path = database("llm-responses", tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE responses SET output_tokens = -1 WHERE id = '01r4'")
        db.commit()
    reply = read(path)[0]["The weather"].turns[1]
    assert reply.usage == UNKNOWN_USAGE


def test_a_response_without_a_conversation_is_one_of_its_own(tmp_path: Path) -> None:
    conversation = read(database("llm-responses", tmp_path))[0]["Logged alone"]
    assert outline(conversation) == ["u: Logged alone", ["a: Answered alone <-"]]
    assert conversation.model == "some/model"


def test_a_thread_is_a_tree_and_its_tip_the_head(tmp_path: Path) -> None:
    conversation = read(database("llm-threads", tmp_path))[0]["A long fragment hello"]
    assert outline(conversation) == [
        "u: A long fragment\nhello",
        ["a: Hello!", ["u: What is this?", ["a: A picture.", "a: A pelican. <-"]]],
    ]
    assert conversation.system == "Be brief."
    assert only(conversation.turns[1], ThinkingPart) == [ThinkingPart("They greet.")]
    assert only(conversation.turns[2], AttachmentPart) == [AttachmentPart("c9fb736349b8", "image/png", b"\x89PNG")]


def test_calls_to_the_model_give_their_model_and_tokens_to_the_replies(tmp_path: Path) -> None:
    conversation = read(database("llm-threads", tmp_path))[0]["A long fragment hello"]
    first, picture, pelican = (turn for turn in conversation.turns if turn.model)
    assert first.usage == Usage(input_tokens=70, cache_read_tokens=30, output_tokens=20, thinking_tokens=5)
    assert (picture.model, picture.duration_ms) == ("openai/gpt-4o-mini", 13)
    assert pelican.usage == Usage(input_tokens=240, output_tokens=13)
    assert pelican.parts[:3] == (
        ToolCallPart("tc1", "look", '{"at": "hällo"}'),
        ToolResultPart("tc1", "a pelican"),
        TextPart("A pelican."),
    )
    assert [part.kind for part in only(pelican, OtherPart)] == ["hologram"]


def test_a_fork_holds_what_it_shares_and_what_that_used_is_counted_once(tmp_path: Path) -> None:
    found = read(database("llm-threads", tmp_path))[0]
    fork = found["forked"]
    assert [turn.text for turn in fork.path] == ["A long fragment\nhello", "Hello!", "What is this?", "A picture."]
    assert [turn.model for turn in fork.path if turn.model] == ["openai/gpt-4o-mini"] * 2
    assert fork.usage == Usage()
    assert {turn.id for turn in fork.turns}.isdisjoint(turn.id for turn in found["A long fragment hello"].turns)

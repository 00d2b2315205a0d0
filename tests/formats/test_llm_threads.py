"""llm's newer tables: a tree of messages that threads share."""

from pathlib import Path

from tests.formats.fixtures import database, only, outline, read
from tui_chat.core.part import AttachmentPart, OtherPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.usage import Usage


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

"""llm's first tables: prompts with files and snippets, tools, thinking, tokens."""

from datetime import UTC, datetime
from pathlib import Path

from tests.formats.fixtures import database, outline, read
from tui_chat.core.part import AttachmentPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.usage import Usage


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


def test_a_response_without_a_conversation_is_one_of_its_own(tmp_path: Path) -> None:
    conversation = read(database("llm-responses", tmp_path))[0]["Logged alone"]
    assert outline(conversation) == ["u: Logged alone", ["a: Answered alone <-"]]
    assert conversation.model == "some/model"

"""Plain text: the same conversation without marks."""

from dataclasses import replace

from hypothesis import given

from tests.formats.test_markdown import PROMPT, REPLY, conversation
from tests.formats.trees import conversations
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import Fault
from tui_chat.core.part import AttachmentPart, OtherPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import TurnStatus
from tui_chat.formats.plain_text import to_plain
from tui_chat.formats.transcript import Branch


def test_a_conversation_reads_as_a_talk() -> None:
    parts = (
        ThinkingPart("Hm."),
        ThinkingPart("Well."),
        ToolCallPart("1", "look", "{}"),
        ToolResultPart("1", "seen"),
        ToolResultPart("2", "not seen", is_error=True),
        AttachmentPart("a.png", "image/png"),
        OtherPart("hologram"),
        TextPart("So it "),
        TextPart("is."),
    )
    failed = replace(REPLY, parts=parts, status=TurnStatus.FAILED, fault=Fault("stream_cut", "dropped"))
    assert to_plain(conversation(failed, system="Be brief.")) == (
        "T\n\nSystem:\nBe brief.\n\n"
        "User (2026-01-31 12:05 UTC):\nWhy?\n\n"
        "Assistant (openai/gpt-5, 2026-01-31 12:05 UTC, failed):\n"
        "[thinking]\nHm.\n\nWell.\n[/thinking]\n"
        "[tool look: {}]\n[tool result]\nseen\n[/tool]\n[tool failed]\nnot seen\n[/tool]\n"
        "[attachment: a.png (image/png, not included)]\n[hologram]\nSo it is.\n[failed: stream_cut: dropped]\n"
    )


def test_branches_are_numbered() -> None:
    lines = to_plain(conversation(REPLY, REPLY), Branch.ALL).splitlines()
    assert [line.partition(" (")[0] for line in lines if line.endswith("):")] == [
        "1. User", "2. Assistant, 1 of 2", "3. Assistant, 2 of 2, after 1, shown"
    ]  # fmt: skip
    assert "2 of 2" in to_plain(conversation(REPLY, REPLY)) and "1 of 2" not in to_plain(conversation(REPLY, REPLY))


@given(conversations())
def test_every_word_is_there(made: Conversation) -> None:
    text = to_plain(made, Branch.ALL)
    assert all(turn.text in text for turn in made.turns if all(isinstance(part, TextPart) for part in turn.parts))
    assert PROMPT.text in to_plain(conversation(REPLY))

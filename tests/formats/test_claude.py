"""Claude.ai's export: rows of old, trees of today, blocks of every kind."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given

from tests.formats.fixtures import IMPORTS, leaves, only, outline, read
from tests.formats.test_chatgpt import json_values
from tui_chat.core.part import AttachmentPart, OtherPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.formats.claude import conversation_from

FILE = IMPORTS / "claude.json"
FOUND, SKIPPED = read(FILE)


def has_content(message: dict[str, Any]) -> bool:
    return any(message.get(key) for key in ("text", "content", "files", "attachments"))


def test_counts_are_those_of_the_file() -> None:
    file = json.loads(FILE.read_text())
    by_chat = [[message for message in entry.get("chat_messages", []) if has_content(message)] for entry in file]
    assert (
        [len(one.turns) for one in FOUND.values()] == [len(messages) for messages in by_chat if messages] == [4, 7, 3]
    )
    assert [len(leaves(one)) for one in FOUND.values()] == [1, 3, 2]
    assert [one.which for one in SKIPPED] == ["number 3 in claude.json", "Broken"]


def test_an_old_export_is_a_row_and_a_file_alone_is_a_turn() -> None:
    conversation = FOUND["Knitting a sock"]
    assert outline(conversation) == ["u: How many stitches?", ["a: Sixty-four.", ["u: ", ["u: Well? <-"]]]]
    assert only(conversation.turns[0], AttachmentPart) == [
        AttachmentPart("pattern.txt", "text/plain", "K2 P2 – überall".encode())
    ]
    assert conversation.turns[2].parts == (AttachmentPart("sock.jpg", "application/octet-stream"),)
    assert conversation.created_at == datetime(2023, 11, 2, 10, 0, 0, 123456, UTC)


def test_a_new_export_is_a_tree_and_a_lost_parent_is_the_message_before() -> None:
    assert outline(FOUND["Calendar tips"]) == [
        "u: Tidy my calendar.",
        [
            "a: Three events, all stale.",
            [
                "u: Delete them.",
                "u: Delete all but the first.",
                ["a: Done.", ["u: And this one has lost its parent. <-"]],
            ],
            "a: A second opinion: two of them are stale.",
        ],
    ]


def test_the_branch_that_was_shown_the_model_and_the_stop_reason_survive() -> None:
    conversation = FOUND["A first line"]
    assert outline(conversation) == ["u: A first line\nand a second.", ["a: One. <-", "a: Two."]]
    assert conversation.model == conversation.path[-1].model == "anthropic/claude-sonnet-4-6"
    assert conversation.path[-1].stop_reason == "max_tokens"


def test_blocks_are_parts_and_a_result_without_an_id_answers_the_last_call() -> None:
    reply = FOUND["Calendar tips"].turns[1]
    assert reply.parts[0] == ThinkingPart("I must look first.")
    listing, deletion = only(reply, ToolCallPart)
    assert (listing.call_id, json.loads(listing.input_json)) == ("toolu_1", {"maxResults": 100, "q": "büro"})
    found, failed = only(reply, ToolResultPart)
    assert found.call_id == "toolu_1" and found.text.startswith("3 events\n{") and not found.is_error
    assert (failed.call_id, failed.text, failed.is_error) == (deletion.call_id, "no such event", True)
    assert reply.parts[-1] == TextPart("Three events, all stale.")
    other = next(part for turn in FOUND["Calendar tips"].turns for part in only(turn, OtherPart))
    assert other.kind == "voice_note"


def test_a_file_that_is_listed_twice_is_one_attachment() -> None:
    names = [part.name for part in only(FOUND["Calendar tips"].turns[0], AttachmentPart)]
    assert names == ["plan.pdf", "wall.png"]


@given(json_values, json_values, json_values)
def test_whatever_stands_in_the_file_it_is_read_or_skipped(block: Any, one: Any, other: Any) -> None:
    hello = {"uuid": "h", "sender": "human", "text": "hello"}
    blocks = [{"type": kind, "text": one, "thinking": one, "content": one, "input": one, "name": other}
              for kind in ("text", "thinking", "tool_use", "tool_result", "new")]  # fmt: skip
    odd = {"uuid": one, "sender": other, "content": [block, *blocks], "files": [block], "attachments": block}
    value = {"chat_messages": [block, odd, {**odd, "parent_message_uuid": "h"}, hello], "uuid": one, "name": other}
    assert "hello" in [turn.text for turn in conversation_from(value).conversation.turns]

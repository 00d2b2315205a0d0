"""What is written for LibreChat is what it reads, and what it would give back is the same tree."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given

from tests.formats.fixtures import IMPORTS, outline, read
from tests.formats.trees import conversations
from tui_chat.core.conversation import Conversation
from tui_chat.core.part import AttachmentPart, OtherPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.formats import librechat
from tui_chat.formats.librechat_export import dumps, to_json

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def test_a_conversation_of_librechat_goes_back_as_it_came() -> None:
    ours = read(IMPORTS / "librechat-flat.json")[0]["Stories"]
    again = librechat.conversation_from(json.loads(dumps(ours))).conversation
    assert outline(again) == outline(ours)
    assert (again.title, again.system, again.model) == (ours.title, ours.system, ours.model)
    for old, new in zip(ours.turns, again.turns, strict=True):
        assert (old.role, old.status, old.model, old.created_at) == (new.role, new.status, new.model, new.created_at)
        assert (old.text, old.thinking, old.stop_reason) == (new.text, new.thinking, new.stop_reason)
        for kind in (ToolCallPart, ToolResultPart, AttachmentPart):
            assert [p for p in old.parts if isinstance(p, kind)] == [p for p in new.parts if isinstance(p, kind)]


def test_the_shape_is_the_one_that_librechat_imports() -> None:
    reply = Turn(
        "t2", "t1", Role.ASSISTANT,
        (ThinkingPart("hm"), ToolCallPart("c", "look", '{"a": 1}'), ToolResultPart("c", "seen"), TextPart("Yes.")),
        TurnStatus.COMPLETE, NOW, "openai/gpt-5",
    )  # fmt: skip
    prompt = Turn("t1", None, Role.USER, (TextPart("Look?"), AttachmentPart("a.png", "image/png", b"x")),
                  TurnStatus.COMPLETE, NOW)  # fmt: skip
    value = to_json(Conversation("c1", NOW, NOW, "T", model="openai/gpt-5", turns=(prompt, reply), head="t2"))
    assert (value["conversationId"], value["endpoint"], value["recursive"]) == ("c1", "openAI", False)
    first, second = value["messages"]
    assert first["parentMessageId"] == "00000000-0000-0000-0000-000000000000"
    assert first["isCreatedByUser"] and first["files"] == [{"filename": "a.png", "type": "image/png"}]
    assert first["createdAt"] == "2026-01-31T12:00:00.000Z"
    assert (second["parentMessageId"], second["model"], second["text"]) == ("t1", "gpt-5", "Yes.")
    assert [block["type"] for block in second["content"]] == ["think", "tool_call", "text"]
    assert second["content"][1]["tool_call"]["output"] == "seen"


@given(conversations())
def test_any_tree_comes_back_with_its_branches_and_its_text(conversation: Conversation) -> None:
    kept = [turn for turn in conversation.turns if turn.text.strip()]
    ids = {turn.id for turn in kept}
    parents = {turn.id: turn.parent_id for turn in conversation.turns}

    def above(turn: Turn) -> str | None:
        parent = turn.parent_id
        while parent is not None and parent not in ids:
            parent = parents[parent]
        return parent

    finished = tuple(
        replace(
            turn,
            parent_id=above(turn),
            status=TurnStatus.COMPLETE,
            parts=tuple(part for part in turn.parts if not isinstance(part, OtherPart)),
        )
        for turn in kept
    )
    if not finished:
        return
    trimmed = replace(conversation, turns=finished, head=None, title="T")
    again = librechat.conversation_from(json.loads(dumps(trimmed))).conversation
    assert sorted(map(str, _shape(again))) == sorted(map(str, _shape(trimmed)))


def _shape(conversation: Conversation) -> list[list[str]]:
    return [[f"{turn.role}{turn.text}" for turn in conversation.path_to(turn.id)] for turn in conversation.turns]

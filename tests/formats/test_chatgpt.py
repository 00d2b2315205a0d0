"""ChatGPT's export: its trees become ours, and a straightforward count of the file agrees."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.formats.fixtures import IMPORTS, leaves, outline, read
from tui_chat.core.conversation import Conversation, TitleSource
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.formats.chatgpt import conversation_from

FILE = IMPORTS / "chatgpt.json"
START = datetime(2025, 8, 24, 1, 46, 40, tzinfo=UTC)


def by_title() -> dict[str, Conversation]:
    return read(FILE)[0]


def shown(node: dict[str, Any]) -> bool:
    """Whether a person sees this node as a message."""
    message = node.get("message") if node else None
    if not message or not message.get("author") or not message.get("content"):
        return False
    hidden = (message.get("metadata") or {}).get("is_visually_hidden_from_conversation")
    says_nothing = message["content"].get("parts") == [""]
    return not hidden and message["author"]["role"] != "system" and not says_nothing


def test_counts_are_those_of_the_file() -> None:
    found, skipped = read(FILE)
    file = json.loads(FILE.read_text())
    mappings = [entry.get("mapping", {}) for entry in file]
    visible = [[key for key, node in mapping.items() if shown(node)] for mapping in mappings]
    assert len(found) == sum(1 for keys in visible if keys) == 5
    assert [one.which for one in skipped] == ["Opened and left", "Corrupted entry"]
    for conversation, mapping, keys in zip(found.values(), [m for m, t in zip(mappings, visible, strict=True) if t],
                                           [t for t in visible if t], strict=True):  # fmt: skip
        prompts = [key for key in keys if mapping[key]["message"]["author"]["role"] == "user"]
        assert sum(turn.role is Role.USER for turn in conversation.turns) == len(prompts)
    assert [len(conversation.turns) for conversation in found.values()] == [7, 2, 4, 2, 6]
    assert [len(leaves(conversation)) for conversation in found.values()] == [3, 1, 1, 1, 3]


def test_edits_retries_and_the_branch_that_was_shown_survive() -> None:
    assert outline(by_title()["Rolling back a deploy"]) == [
        "u: How do I roll back the deploy?",
        [
            "a: Run `helm rollback staging`.",
            "a: First look at `helm history staging`.",
            ["u: And if that fails?", ["a: Then restore the last chart that <-"]],
        ],
        "u: How do I roll back the *production* deploy?",
        ["a: With care."],
    ]


def test_dates_models_endings_and_instructions_survive() -> None:
    conversation = by_title()["Rolling back a deploy"]
    assert conversation.created_at == START + timedelta(seconds=0.123456)
    assert conversation.updated_at == START + timedelta(seconds=900.654321)
    assert conversation.system == "Works as an SRE.\n\nAnswer concisely."
    assert conversation.title_source is TitleSource.MODEL
    assert conversation.model == "openai/gpt-5-2"
    assert conversation.origin is not None
    assert conversation.origin.source == "chatgpt"
    assert conversation.origin.foreign_id == "c1000000-0000-4000-8000-000000000001"
    first, cut = conversation.turns[1], conversation.path[-1]
    assert (first.model, first.status, first.stop_reason) == ("openai/gpt-4o", TurnStatus.COMPLETE, "stop")
    assert first.created_at == START + timedelta(seconds=3)
    assert (cut.status, cut.stop_reason) == (TurnStatus.CANCELLED, "interrupted")
    assert conversation.archived_at is None
    assert by_title()["Mean of a column"].archived_at is not None


def test_a_title_is_made_of_the_prompt_where_there_is_none() -> None:
    assert "Which of the two" in by_title()


def test_missing_times_slugs_children_and_parents_do_no_harm_and_half_a_character_is_replaced() -> None:
    assert outline(by_title()["Hello 👋 \ufffd world"]) == ["u: Hello 👋 \ufffd world", ["a: Hello to you. <-"]]


def test_a_reply_that_branches_in_its_middle_stays_a_tree_and_a_circle_is_cut() -> None:
    assert outline(by_title()["Branches within a reply"]) == [
        "u: Draw a tree.",
        ["a: Here it is:", ["a: an oak", "a: a birch\n\nwith leaves <-"]],
        "a: and round",
        ["u: round"],
    ]


def test_reading_twice_gives_the_same() -> None:
    assert by_title() == by_title()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("a") | st.just("\ud800"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
contents = st.fixed_dictionaries(
    {},
    optional={
        "content_type": json_values | st.sampled_from(["text", "code", "thoughts", "multimodal_text"]),
        "parts": json_values,
        "text": json_values,
        "thoughts": json_values,
    },
)
messages = st.fixed_dictionaries(
    {},
    optional={
        "author": json_values
        | st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "tool", "system"])}),
        "content": json_values | contents,
        "create_time": json_values | st.floats(0, 2e9),
        "metadata": json_values,
        "recipient": json_values | st.just("python"),
    },
)
nodes = st.fixed_dictionaries(
    {},
    optional={
        "message": json_values | messages,
        "parent": json_values | st.sampled_from("abc"),
        "children": json_values | st.lists(st.sampled_from("abc")),
    },
)


@given(st.dictionaries(st.sampled_from("abc"), json_values | nodes, min_size=1), json_values)
def test_whatever_stands_in_the_file_it_is_read_or_skipped(mapping: dict[str, Any], other: Any) -> None:
    hello = {"message": {"author": {"role": "user"}, "content": {"parts": ["hello"]}}}
    value = {"mapping": {**mapping, "d": hello}, "title": other, "current_node": other, "create_time": other}
    assert "hello" in [turn.text for turn in conversation_from(value).conversation.turns]

"""Markdown: facts that YAML can read, text verbatim, and nothing swallowed by what came before it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from markdown_it import MarkdownIt

from tests.formats.fixtures import IMPORTS, read
from tests.formats.trees import conversations
from tests.storage import make as stored
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import Fault
from tui_chat.core.part import AttachmentPart, OtherPart, TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.sources import source_part
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Cost, Usage
from tui_chat.formats.markdown import to_markdown
from tui_chat.formats.transcript import Branch

NOW = datetime(2026, 1, 31, 12, 5, 6, 789, UTC)
PROMPT = Turn("u", None, Role.USER, (TextPart("Why?"),), TurnStatus.COMPLETE, NOW)
REPLY = Turn("a", "u", Role.ASSISTANT, (TextPart("Because."),), TurnStatus.COMPLETE, NOW, "openai/gpt-5")


def conversation(*replies: Turn, **changes: Any) -> Conversation:
    turns = (PROMPT, *(replace(reply, id=f"a{number}") for number, reply in enumerate(replies)))
    return replace(Conversation("c", NOW, NOW, "T", turns=turns, head=turns[-1].id), **changes)


def front_matter(text: str) -> dict[str, Any]:
    """The facts above the text, read by the few rules of YAML that they use."""
    lines = text.split("\n")
    assert lines[0] == "---"
    facts: dict[str, Any] = {}
    for line in lines[1 : lines.index("---", 1)]:
        key, colon, value = line.partition(":")
        assert colon and (not value or value.startswith(" ")), line
        quoted = value.strip().startswith('"')
        read = json.loads(value) if quoted or value.strip() in ("null", "true", "false") else value.strip()
        facts[key.strip()] = read
    return facts


def headings(text: str) -> list[str]:
    """The headings of the second level as a Markdown reader sees them."""
    tokens = MarkdownIt().parse(text.split("\n---\n", 1)[1])
    at = [index for index, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"]
    return [tokens[index + 1].content for index in at]


def test_front_matter_shows_the_facts() -> None:
    reply = replace(REPLY, usage=Usage(10, 20, 3, 4, 50, 6), cost=Cost(Decimal("0.0012300")))
    made = conversation(reply, model="openai/gpt-5", archived_at=NOW)
    assert front_matter(to_markdown(made)) == {
        "title": "T",
        "id": "c",
        "created": "2026-01-31T12:05:06.000789+00:00",
        "updated": "2026-01-31T12:05:06.000789+00:00",
        "archived": "2026-01-31T12:05:06.000789+00:00",
        "model": "openai/gpt-5",
        "branch": "current",
        "turns": "2",
        "tokens": "",
        "input": "10",
        "cache_read": "20",
        "cache_write": "7",
        "output": "50",
        "thinking": "6",
        "estimated": False,
        "cost_usd": "0.0012300",
        "cost_estimated": False,
        "cost_unknown_replies": "0",
    }


def test_unknown_and_estimated_costs_are_marked_as_such() -> None:
    known = replace(REPLY, usage=Usage(estimated=True), cost=Cost(Decimal("0.5"), estimated=True))
    unknown = replace(REPLY, usage=Usage(5))
    both = front_matter(to_markdown(conversation(known, unknown), Branch.ALL))
    assert (both["cost_usd"], both["cost_estimated"], both["cost_unknown_replies"]) == ("0.5", True, "1")
    assert both["estimated"] is True
    alone = front_matter(to_markdown(conversation(unknown)))
    assert (alone["cost_usd"], alone["cost_unknown_replies"]) == (None, "1")
    imported = front_matter(to_markdown(conversation(REPLY)))
    assert (imported["tokens"], imported["cost_usd"]) == (None, None)


def test_figures_are_those_of_the_exported_branches() -> None:
    paid = replace(REPLY, usage=Usage(5), cost=Cost(Decimal(1)))
    made = conversation(paid, paid, paid)
    current, everything = (front_matter(to_markdown(made, branch)) for branch in Branch)
    assert (current["turns"], current["input"], current["cost_usd"]) == ("2", "5", "1")
    assert (everything["turns"], everything["input"], everything["cost_usd"]) == ("4", "15", "3")


@pytest.mark.parametrize(
    "title",
    [
        "a: b",
        '"quoted"',
        "- item",
        "# no comment",
        "a\nb\r\nc",
        "---",
        "\x00\x1b\x7f\x85\u2028\ufeff",
        "{[",
        "😀",
        "",
    ],
)
def test_a_title_is_safe_in_front_matter_whatever_it_holds(title: str) -> None:
    text = to_markdown(conversation(REPLY, title=title))
    assert front_matter(text)["title"] == title
    line = text.split("\n")[1]
    assert all(sign.isprintable() for sign in line)


def test_turns_of_one_branch_stand_under_their_speakers() -> None:
    text = to_markdown(conversation(REPLY, REPLY))
    assert headings(text) == ["User", "Assistant · 2 of 2"]
    assert "_openai/gpt-5 · 2026-01-31 12:05 UTC_" in text


def test_turns_of_all_branches_say_where_they_stand() -> None:
    made = read(IMPORTS / "chatgpt.json")[0]["Rolling back a deploy"]
    assert headings(to_markdown(made, Branch.ALL)) == [
        "1. User · 1 of 2 · shown",
        "2. Assistant · 1 of 2",
        "3. Assistant · 2 of 2 · after 1 · shown",
        "4. User",
        "5. Assistant",
        "6. User · 2 of 2 · from the start",
        "7. Assistant",
    ]


@given(conversations())
def test_every_word_of_every_turn_is_exported_verbatim(made: Conversation) -> None:
    text = to_markdown(made, Branch.ALL)
    for turn in made.turns:
        for part in turn.parts:
            if isinstance(part, TextPart | ThinkingPart | ToolResultPart):
                assert part.text in text
            if isinstance(part, ToolCallPart):
                assert part.input_json in text


def test_thinking_and_tools_are_folded_and_the_rest_is_named() -> None:
    parts = (
        ThinkingPart("I think."),
        ThinkingPart(""),
        ToolCallPart("1", "look<b>", '{"at": "a"}'),
        ToolResultPart("1", "```\nseen\n```"),
        ToolResultPart("1", "blind", is_error=True),
        AttachmentPart("a.png", "image/png", b"123"),
        OtherPart("hologram"),
        TextPart("Done."),
    )
    body = to_markdown(conversation(replace(REPLY, parts=parts))).split("12:05 UTC_\n\n")[2]
    assert body == (
        "<details>\n<summary>Thinking</summary>\n\nI think.\n\n</details>\n\n"
        '<details>\n<summary>Tool: look&lt;b></summary>\n\n```json\n{"at": "a"}\n```\n\n</details>\n\n'
        "<details>\n<summary>Tool result</summary>\n\n````text\n```\nseen\n```\n````\n\n</details>\n\n"
        "<details>\n<summary>Tool failed</summary>\n\n```text\nblind\n```\n\n</details>\n\n"
        "📎 a.png (image/png, 3 bytes)\n\n_[hologram]_\n\nDone.\n"
    )


def test_thinking_that_would_unfold_itself_stands_in_a_fence() -> None:
    text = to_markdown(conversation(replace(REPLY, parts=(ThinkingPart("so </details> then"),))))
    assert "```text\nso </details> then\n```\n\n</details>" in text


@pytest.mark.parametrize(
    "cut",
    ["```python\nprint(1)", "~~~\nx", "````\n```\n", "- a\n```\nb", "text\n  ```js\nlet a\n", "```\na\n```\n```\nb"],
)
def test_a_code_block_that_was_cut_off_does_not_swallow_what_follows(cut: str) -> None:
    first = replace(REPLY, parts=(TextPart(cut),), status=TurnStatus.CANCELLED)
    made = conversation(first)
    after = Turn("u2", "a0", Role.USER, (TextPart("Go on"),), TurnStatus.COMPLETE, NOW)
    text = to_markdown(made.with_turn(after))
    assert cut in text
    assert headings(text) == ["User", "Assistant", "User"]


def test_code_that_was_closed_gets_no_second_end() -> None:
    whole = "```python\nprint(1)\n```\n\n``` not a fence ```\n\nEnd."
    assert f"{whole}\n" in to_markdown(conversation(replace(REPLY, parts=(TextPart(whole),))))
    assert to_markdown(conversation(replace(REPLY, parts=(TextPart(whole),)))).count("```") == whole.count("```")


def test_a_system_prompt_and_a_fault_are_reported() -> None:
    failed = replace(REPLY, status=TurnStatus.FAILED, fault=Fault("overloaded", "come\nback later"))
    text = to_markdown(conversation(failed, system="Be brief."))
    assert "<summary>System prompt</summary>\n\nBe brief." in text
    assert text.endswith("Because.\n\n> **Failed** · overloaded: come back later\n")
    assert "12:05 UTC · failed_" in text


def test_what_titles_cost_is_in_the_sums_of_the_front_matter() -> None:
    replied = stored.priced(stored.reply("r", "p"), "1")
    text = to_markdown(
        stored.conversation("c1", stored.prompt("p"), replied, side_requests=(stored.side_request("e1", "0.5"),))
    )
    assert "\n  input: 40\n" in text and "\n  output: 24\n" in text and '\ncost_usd: "1.5"\n' in text


def test_sources_are_a_list_below_the_reply() -> None:
    sources = [source_part("One — https://a.example/1"), source_part("notes.txt")]
    text = to_markdown(conversation(replace(REPLY, parts=(TextPart("So it is."), *sources))))
    tokens = [token.content for token in MarkdownIt().parse(text.split("\n---\n", 1)[1]) if token.type == "inline"]
    assert tokens[-3:] == ["So it is.", "One — https://a.example/1", "notes.txt"]

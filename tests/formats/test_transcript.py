"""Which turns are exported, in which order, with which facts."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given

from tests.formats.fixtures import IMPORTS, read
from tests.formats.trees import conversations
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import Fault
from tui_chat.core.part import AttachmentPart, TextPart, ThinkingPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Cost, Usage
from tui_chat.formats.html import to_html
from tui_chat.formats.markdown import to_markdown
from tui_chat.formats.plain_text import to_plain
from tui_chat.formats.transcript import Branch, attachment_line, transcript_turns, whole_parts

NOW = datetime(2026, 1, 31, 12, 5, tzinfo=UTC)
REPLY = Turn("a", None, Role.ASSISTANT, (), TurnStatus.COMPLETE, NOW, "openai/gpt-5")


def facts(**changes: object) -> list[str]:
    turn = replace(REPLY, **changes)  # type: ignore[arg-type]
    return transcript_turns(Conversation("c", NOW, NOW, turns=(turn,), head="a"), Branch.CURRENT)[0].facts


def test_messages_that_are_left_out_of_requests_are_marked() -> None:
    prompt = Turn("p", None, Role.USER, (TextPart("hi"),), TurnStatus.COMPLETE, NOW)
    turns = (prompt, replace(REPLY, parent_id="p", parts=(TextPart("Hello"),)))
    conversation = Conversation("c", NOW, NOW, turns=turns, head="a", left_out=frozenset({"p"}))
    notes = [entry.position_notes(Branch.CURRENT) for entry in transcript_turns(conversation, Branch.CURRENT)]
    assert notes == [["left out of requests"]] * 2, "the reply goes with its prompt"
    for text in (to_markdown(conversation), to_plain(conversation, Branch.CURRENT), to_html(conversation)):
        assert text.count("left out of requests") == 2


def test_the_tree_is_exported_depth_first_and_jumps_are_named() -> None:
    conversation = read(IMPORTS / "chatgpt.json")[0]["Rolling back a deploy"]
    turns = transcript_turns(conversation, Branch.ALL)
    assert [(entry.number, entry.follows, entry.place, entry.siblings, entry.is_shown) for entry in turns] == [
        (1, None, 1, 2, True),
        (2, None, 1, 2, False),
        (3, 1, 2, 2, True),
        (4, None, 1, 1, True),
        (5, None, 1, 1, True),
        (6, 0, 2, 2, False),
        (7, None, 1, 1, False),
    ]
    assert [entry.turn for entry in transcript_turns(conversation, Branch.CURRENT)] == list(conversation.path)


@given(conversations())
def test_all_of_the_tree_is_exported_and_every_turn_after_the_one_it_answers(conversation: Conversation) -> None:
    turns = transcript_turns(conversation, Branch.ALL)
    assert sorted(entry.turn.id for entry in turns) == sorted(turn.id for turn in conversation.turns)
    numbers = {entry.turn.id: entry.number for entry in turns}
    for entry in turns:
        above = numbers[entry.turn.parent_id] if entry.turn.parent_id else 0
        assert above < entry.number and entry.follows == (None if above == entry.number - 1 else above)


def test_facts_distinguish_unknown_and_estimated_costs() -> None:
    usage = Usage(input_tokens=1000, output_tokens=234)
    base = ["openai/gpt-5", "2026-01-31 12:05 UTC"]
    assert facts() == base
    assert facts(usage=usage) == [*base, "1,234 tokens", "cost unknown"]
    assert facts(usage=usage, cost=Cost(Decimal("0.0132"))) == [*base, "1,234 tokens", "$0.0132"]
    rough = facts(usage=replace(usage, estimated=True), cost=Cost(Decimal("0.0132"), estimated=True))
    assert rough == [*base, "~1,234 tokens", "~$0.0132"]


def test_facts_show_how_it_ended_unless_as_usual() -> None:
    assert facts(stop_reason="end_turn")[2:] == []
    assert facts(stop_reason="max_tokens")[2:] == ["stopped: max_tokens"]
    assert facts(status=TurnStatus.CANCELLED)[2:] == ["cancelled"]


def test_a_fault_is_one_line() -> None:
    turn = replace(REPLY, status=TurnStatus.FAILED, fault=Fault("overloaded", "too\nmuch"))
    (entry,) = transcript_turns(Conversation("c", NOW, NOW, turns=(turn,), head="a"), Branch.CURRENT)
    assert entry.fault == "overloaded: too much"


def test_pieces_of_prose_and_of_thinking_are_one_each() -> None:
    parts = (ThinkingPart("a"), ThinkingPart(""), ThinkingPart("b"), TextPart("Hel"), TextPart(""), TextPart("lo"))
    turn = replace(REPLY, parts=(*parts, AttachmentPart("x", "y"), TextPart("!")))
    assert whole_parts(turn) == [
        ThinkingPart("a\n\nb"), TextPart("Hello"), AttachmentPart("x", "y"), TextPart("!")
    ]  # fmt: skip


def test_an_attachment_is_named_with_its_size() -> None:
    assert attachment_line(AttachmentPart("a\nb.png", "image/png", b"x" * 1200)) == "a b.png (image/png, 1,200 bytes)"
    assert attachment_line(AttachmentPart("c.pdf", "application/pdf")) == "c.pdf (application/pdf, not included)"

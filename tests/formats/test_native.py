"""The native JSON: what is written comes back equal, and what is wrong is refused with the place named."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from tests.formats.trees import conversations
from tests.storage.make import conversation, priced, prompt, reply
from tui_chat.core.bounds import UNKNOWN_MOMENT
from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.error import FormatError
from tui_chat.core.part import OtherPart, TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import UNKNOWN_USAGE, Cost
from tui_chat.formats.native import dumps, loads, to_json
from tui_chat.formats.native_schema import conversation_from

NOW = datetime(2026, 1, 31, 12, 0, 0, 123456, UTC)


def small(**changes: Any) -> Conversation:
    turn = Turn("t1", None, Role.USER, (TextPart("Hello"),), TurnStatus.COMPLETE, NOW)
    return replace(Conversation("c1", NOW, NOW, "Hello", turns=(turn,), head="t1"), **changes)


def changed(path: str, value: object) -> str:
    """The small conversation's JSON with one place set to another value, or taken away with `...`."""
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    top = place = json.loads(dumps(small()))
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(top)


@given(conversations())
def test_any_conversation_comes_back_equal_and_is_written_the_same_again(conversation: Conversation) -> None:
    text = dumps(conversation)
    again = loads(text)
    assert again == conversation
    assert dumps(again).encode() == text.encode()


@given(conversations())
def test_on_one_line_it_is_one_line_and_the_same(conversation: Conversation) -> None:
    line = dumps(conversation, one_line=True)
    assert "\n" not in line and loads(line) == conversation
    assert json.loads(line) == to_json(conversation)


def test_the_written_keys_are_those_of_version_one() -> None:
    value = to_json(small())
    assert (value["format"], value["version"]) == ("tui-chat", 1)
    assert " ".join(value) == (
        "format version id title title_source created_at updated_at archived_at deleted_at "
        "model system options origin head turns"
    )
    assert " ".join(value["turns"][0]) == (
        "id parent_id role status created_at model parts usage cost stop_reason stop_detail fault "
        "request_id ttft_ms duration_ms"
    )
    assert value["created_at"] == "2026-01-31T12:00:00.123456+00:00"


def test_half_a_character_is_refused_in_writing_with_its_place() -> None:
    turn = replace(small().turns[0], parts=(TextPart("fine"), OtherPart("\ud83d")))
    with pytest.raises(FormatError, match=r"turns\[0\]\.parts\[1\]\.kind holds half a character"):
        dumps(small(turns=(turn,)))


def test_half_a_character_is_refused_in_reading_with_its_place() -> None:
    with pytest.raises(FormatError, match=r"turns\[0\]\.parts\[0\]\.text: it holds half a character"):
        loads(changed("turns/0/parts/0/text", "\ud83d"))


def test_an_infinite_number_is_refused_in_writing_and_in_reading() -> None:
    with pytest.raises(FormatError, match="infinite"):
        dumps(small(options=Options(temperature=float("inf"))))
    with pytest.raises(FormatError, match="NaN is no number"):
        loads(changed("options/temperature", float("nan")))
    with pytest.raises(FormatError, match=r"options\.temperature"):
        loads(dumps(small()).replace('"temperature": null', '"temperature": 1e999'))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("format", "other", '"format": "tui-chat" is missing'),
        ("version", 3, "newer tui-chat"),
        ("version", "1", "version: "),
        ("id", ..., "id: this key is missing"),
        ("id", "", "id: "),
        ("colour", "red", "colour: no such key is known"),
        ("head", "t9", "head: no turn has the id t9"),
        ("created_at", "yesterday", "created_at: "),
        ("created_at", 1767225600, "created_at: a date must be text"),
        ("created_at", "2026-01-31T12:00:00", "created_at: a date must have its offset from UTC"),
        ("title_source", "rumour", "title_source: input should be"),
        ("turns/0/parent_id", "t9", "turns[0].parent_id: no turn before it has the id t9"),
        ("turns/0/parts/0/text", 5, "turns[0].parts[0].text: input should be a valid string"),
        ("turns/0/parts/0/type", "smell", "turns[0].parts[0]: "),
        (
            "turns/0/parts/0",
            {"type": "attachment", "name": "a", "media_type": "", "data": "%"},
            "parts[0].data: this is",
        ),
        ("turns/0/cost", {"total_usd": 0.5}, "turns[0].cost.total_usd: an amount must be text"),
        ("turns/0/cost", {"total_usd": "NaN"}, "turns[0].cost.total_usd: an amount must be text"),
        ("turns/0/usage", {"input_tokens": "5"}, "turns[0].usage.input_tokens: "),
        ("turns", {}, "turns: "),
    ],
)
def test_what_is_wrong_is_named_with_its_place(path: str, value: object, message: str) -> None:
    with pytest.raises(FormatError) as caught:
        loads(changed(path, value))
    assert message in str(caught.value)


def test_two_turns_of_one_id_are_refused() -> None:
    turn = small().turns[0]
    with pytest.raises(FormatError, match=r"turns\[1\]\.id: another turn has the same id t1"):
        loads(dumps(small(turns=(turn, turn))))


@pytest.mark.parametrize("text", ["", "{", "[]", "nothing", "[" * 100_000, '{"format": ' + "9" * 5000 + "}"])
def test_what_is_no_conversation_at_all_is_refused(text: str) -> None:
    with pytest.raises(FormatError, match=r"^not "):
        loads(text)


@pytest.mark.parametrize("amount", ["1E+40", "Infinity", "-1", "9" * 4000, "1E+999999999"])
def test_an_amount_that_cannot_be_believed_is_unknown_and_the_conversation_is_kept(amount: str) -> None:
    value = to_json(conversation("c", prompt("p"), priced(reply("r", "p"), "0.5")))
    cost, usage = value["turns"][1]["cost"], value["turns"][1]["usage"]
    cost["price"]["thinking_usd"] = usage["billed_usd"] = amount
    (_, read) = conversation_from(value).turns
    assert read.cost == Cost(Decimal("0.5")) and read.usage is not None and read.usage.billed_usd is None
    cost["total_usd"] = amount
    assert conversation_from(value).turns[1].cost is None


@pytest.mark.parametrize("count", [None, -1, 10**15 + 1, 10**4000])
def test_unknown_tokens_are_null_and_come_back_as_unknown(count: int | None) -> None:
    value = to_json(conversation("c", prompt("p"), priced(reply("r", "p"), "0.5")))
    value["turns"][1]["usage"]["output_tokens"] = count
    value["turns"][1]["duration_ms"] = value["turns"][1]["ttft_ms"] = count
    read = conversation_from(value)
    assert read.turns[1].usage == UNKNOWN_USAGE and read.turns[1].duration_ms is None
    assert to_json(read)["turns"][1]["usage"]["output_tokens"] is None
    assert loads(dumps(read)) == read


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_date_at_the_end_of_the_calendar_is_unknown_and_can_be_written_again(date: str) -> None:
    value = to_json(conversation("c", prompt("p")))
    value["created_at"] = value["turns"][0]["created_at"] = date
    read = conversation_from(value)
    assert read.created_at == UNKNOWN_MOMENT and loads(dumps(read)) == read


def test_a_turn_that_is_stored_before_the_one_it_answers_is_written_after_it() -> None:
    first, second = prompt("p"), reply("r", "p")
    read = loads(dumps(conversation("c", second, first)))
    assert [turn.id for turn in read.turns] == ["p", "r"]

"""Damage that SQLite's own check does not see: text that is not UTF-8, JSON that is none, turns in a circle."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.storage.conftest import Open
from tests.storage.make import conversation, priced, prompt, reply, side_request
from tui_chat.core.part import TextPart, ThinkingPart, ToolResultPart
from tui_chat.storage.private_files import DATABASE

PARTS = (ThinkingPart("let me see"), TextPart("It is so."), ToolResultPart("t1", "found"))


async def fill(open_store: Open) -> None:
    """Three conversations of four turns in a closed file."""
    store = await open_store()
    for number in range(3):
        turns = (
            prompt("u1", text=f"question {number}"),
            priced(reply("a1", "u1", f"answer {number} marked"), "0.1"),
            prompt("u2", "a1", "and then?"),
            reply("a2", "u2", "it ends"),
        )
        await store.create(
            conversation(f"c{number}", *turns, title=f"Title {number}", side_requests=(side_request("e1", "1"),))
        )
    await store.add_prompt("a typed prompt")
    await store.set_state("theme", "dark")
    await store.aclose()


def flip_bit(path: Path, text: bytes, bit: int = 7) -> None:
    """Flip one bit in the first byte of a text, wherever it is in the file."""
    data = bytearray(path.read_bytes())
    at = data.index(text)
    data[at] ^= 1 << bit
    path.write_bytes(data)


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


@pytest.mark.parametrize(
    "text", [b"answer 1 marked", b"Title 1", b"question 1", b"demo/tour", b"a typed prompt", b'"source":"test"']
)
async def test_text_that_is_not_utf8_is_read_reported_and_mended(open_store: Open, path: Path, text: bytes) -> None:
    await fill(open_store)
    flip_bit(path, text)
    store = await open_store()
    found = [await store.conversation(summary.id) for summary in await store.summaries()]
    assert sorted(len(one.turns) for one in found) == [4, 4, 4]
    await store.prompts()
    assert store.opening.met_damaged_value
    (sentence,) = (await store.check()).unreadable
    assert "UTF-8" in sentence
    mended = await store.repair()
    assert mended.found.unreadable == (sentence,) and mended.backup is not None
    assert (await store.check()).is_healthy
    await store.aclose()
    store = await open_store()
    again = [await store.conversation(summary.id) for summary in await store.summaries()]
    assert sorted(len(one.turns) for one in again) == [4, 4, 4] and not store.opening.met_damaged_value


async def test_a_replacement_sign_stands_for_the_damaged_character_alone(open_store: Open, path: Path) -> None:
    await fill(open_store)
    flip_bit(path, b"answer 1 marked")
    store = await open_store()
    assert (await store.conversation("c1")).turn("a1").text == "\ufffdnswer 1 marked"
    assert "c1" in (await store.check()).unreadable[0] and "Title 1" in (await store.check()).unreadable[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "breaking",
    [
        'UPDATE turn SET parts = \'[{"type":"text","length":\' WHERE id = \'a2\'',
        "UPDATE turn SET parts = '[7]' WHERE id = 'a2'",
        "UPDATE turn SET parts = 'null' WHERE id = 'a2'",
        "UPDATE turn SET fault = '{' WHERE id = 'a2'",
        "UPDATE turn SET fault = '{\"kind\":1,\"colour\":2}' WHERE id = 'a2'",
        "UPDATE turn SET created_at = '2O25-06-01' WHERE id = 'a2'",
        "UPDATE turn SET cost_usd = '0.x' WHERE id = 'a1'",
        "UPDATE turn SET price = '{}' WHERE id = 'a1'",
        "UPDATE turn SET price = '[' WHERE id = 'a1'",
        "UPDATE conversation SET options = '{\"colour\":1}' WHERE id = 'c1'",
        "UPDATE conversation SET created_at = '' WHERE id = 'c1'",
        "UPDATE conversation SET deleted_at = 'x' WHERE id = 'c1'",
        "UPDATE errand SET cost_usd = '0.x'",
        "UPDATE errand SET created_at = 'noon'",
        "UPDATE state SET value = '{' WHERE key = 'theme'",
        "UPDATE turn SET parent = 3 WHERE seq = 2",
        "UPDATE turn SET parent = 4 WHERE seq = 1",
        "UPDATE sqlite_sequence SET seq = 1",
    ],
)
async def test_a_value_that_makes_no_sense_is_read_reported_and_mended(
    open_store: Open, path: Path, breaking: str
) -> None:
    await fill(open_store)
    execute(path, breaking)
    store = await open_store()
    shown = await store.conversation("c0")
    assert {turn.text for turn in shown.turns} >= {"question 0", "answer 0 marked", "and then?", "it ends"}
    assert shown.path
    for one in ("c1", "c2"):
        assert (await store.conversation(one)).path
    await store.state("theme")
    if "sqlite_sequence" in breaking:
        await store.append("c0", [prompt("u9", "a2")], head="u9")
        return
    assert not (await store.check()).is_healthy
    await store.repair()
    assert (await store.check()).is_healthy
    assert len((await store.conversation("c0")).turns) == 4


async def test_the_readable_parts_of_a_reply_survive_damaged_json(open_store: Open, path: Path) -> None:
    store = await open_store()
    answer = reply("a1", "u1")
    await store.create(conversation("c1", prompt("u1"), type(answer)(**{**fields(answer), "parts": PARTS})))
    await store.aclose()
    execute(path, "UPDATE turn SET parts = replace(parts, '\"is_error\":', '\"is_error?') WHERE id = 'a1'")
    store = await open_store()
    assert (await store.conversation("c1")).turn("a1").parts == PARTS[:2]
    await store.repair()
    assert (await store.check()).is_healthy
    assert (await store.conversation("c1")).turn("a1").parts == PARTS[:2]


def fields(turn: object) -> dict[str, object]:
    return {name: getattr(turn, name) for name in turn.__dataclass_fields__}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "at", [b"CREATE TABLE turn", b"conversation_listed", b"CREATE INDEX turn_parent", b"turn_id"]
)
@pytest.mark.parametrize("bit", [3, 7])
async def test_a_bad_byte_in_the_schema_starts_the_rescue(open_store: Open, path: Path, at: bytes, bit: int) -> None:
    await fill(open_store)
    flip_bit(path, at, bit)
    store = await open_store()
    assert (
        store.opening.damaged_moved_to is not None
        and store.opening.recovered_conversations == 3
        and store.opening.damage
    )
    for number in range(3):
        assert (await store.conversation(f"c{number}")).turn("a1").text == f"answer {number} marked"
    assert await store.prompts() == ["a typed prompt"] and (await store.check()).is_healthy


async def test_every_bit_of_the_schema_may_flip(open_store: Open, path: Path, tmp_path: Path) -> None:
    await fill(open_store)
    whole = path.read_bytes()
    start = whole.index(b"CREATE TABLE turn")
    for number, at in enumerate(range(start, start + 1600, 53)):
        damaged = tmp_path / str(number) / DATABASE
        damaged.parent.mkdir(0o700)
        data = bytearray(whole)
        data[at] ^= 1 << (number % 8)
        damaged.write_bytes(data)
        store = await open_store(damaged)
        assert len(await store.summaries()) == 3, at
        for one in range(3):
            assert (await store.conversation(f"c{one}")).turn("a1").text == f"answer {one} marked"
        await store.aclose()


@pytest.mark.parametrize(("offset", "value"), [(60, 0x7F), (60, 0xFF), (68, 0x00), (71, 0x41)])
async def test_a_damaged_version_or_application_id_is_no_other_programs_database(
    open_store: Open, path: Path, offset: int, value: int
) -> None:
    await fill(open_store)
    data = bytearray(path.read_bytes())
    data[offset] = value
    path.write_bytes(data)
    store = await open_store()
    assert store.opening.recovered_conversations == 3 and await store.count() == 3

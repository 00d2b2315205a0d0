"""Hostile exports: whatever is changed in a file, it is read in time, as conversations of its text or a sentence."""

import gc
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.fixtures import IMPORTS, database
from tests.formats.test_native import small
from tests.support.attacks import attack
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import FormatError
from tui_chat.core.part import TextPart, ThinkingPart, ToolResultPart
from tui_chat.formats import (
    foreign_database,
    import_tree,
    json_stream,
    librechat_export,
    markdown,
    native,
    plain_text,
    read_import,
)
from tui_chat.formats.import_tree import Imported, Skipped
from tui_chat.formats.read_import import conversations_in
from tui_chat.formats.transcript import Branch

pytestmark = pytest.mark.slow

JSON = ["chatgpt.json", "claude.json", "librechat-flat.json", "librechat-nested.json", "native"]
DATABASES = ["llm-responses", "llm-threads", "elia"]
seeds = st.integers(0, 2**64)
WILD: list[Any] = [
    None, True, 0, -1, 10**400, 1e308, float("inf"), float("nan"), "", "x" * 5_000, "\ud800", "\udfff\ud800", "\x00",
    "../../etc", [], {}, [[]], {"": {}}, [None], "00000000-0000-0000-0000-000000000000", "9999-99-99", "\u202e",
]  # fmt: skip


def whole_json(name: str) -> Any:
    return json.loads(native.dumps(small())) if name == "native" else json.loads((IMPORTS / name).read_text())


MANY = 12_000
DEEP = "<deep>"
"""Stands for an array that is nested deeply, until the value is written."""


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in a value with each of its keys."""
    found, pending = [], [value]
    while pending:
        holder = pending.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder) if isinstance(holder, list) else ()
        for key, item in items:
            found.append((holder, key))
            pending.append(item)
    return found


def change(random: Random, value: Any) -> None:
    """Drop, replace, double or retype one node, or give it the value of another one."""
    found = places(value)
    if not found:
        return
    holder, key = random.choice(found)
    other_holder, other_key = random.choice(found)
    match random.randrange(7):
        case 0:
            del holder[key]
        case 1:
            holder[key] = deepcopy(random.choice(WILD))
        case 2:
            # Copied, so that the value stays a tree: a circle of objects would have no end.
            holder[key] = json.loads(json.dumps(other_holder[other_key]))
        case 3 if isinstance(holder, list):
            holder.insert(key, json.loads(json.dumps(holder[key])))
        case 4:
            holder[key] = json.dumps(holder[key]) if not isinstance(holder[key], str) else [holder[key]]
        case 5:
            holder[key] = DEEP
        case _ if isinstance(holder, dict):
            holder[random.choice(["id", "parent", "messageId", "uuid", "mapping", "\ud800"])] = json.loads(
                json.dumps(holder[key])
            )


def texts_in(value: Any) -> Iterator[str]:
    for holder, key in places([value]):
        yield from (one for one in (key, holder[key]) if isinstance(one, str))


def read(path: Path) -> tuple[list[Conversation], list[Skipped]]:
    """What a file gives; anything but a `FormatError` fails the test."""
    items: list[Imported | Skipped] = []
    try:
        items += conversations_in(path)
    except FormatError as error:
        assert error.message
    skipped = [item for item in items if isinstance(item, Skipped)]
    assert all(one.why for one in skipped)
    return [item.conversation for item in items if isinstance(item, Imported)], skipped


def check(conversations: list[Conversation]) -> None:
    """Each is a sound tree that every format writes, and native JSON gives back as it is."""
    for one in conversations:
        assert one.turns or one.origin is None
        seen: set[str | None] = {None}
        for turn in one.turns:
            assert turn.parent_id in seen and turn.id not in seen
            seen.add(turn.id)
        assert native.loads(native.dumps(one)) == one
        for branch in Branch:
            markdown.to_markdown(one, branch).encode()
            plain_text.to_plain(one, branch).encode()
        json.loads(librechat_export.dumps(one))


def lines_of(conversations: list[Conversation]) -> Iterator[str]:
    for one in conversations:
        for turn in one.turns:
            for part in turn.parts:
                if isinstance(part, TextPart | ThinkingPart | ToolResultPart):
                    yield from (line for line in part.text.splitlines() if line.strip())


@pytest.mark.parametrize("name", JSON)
def test_any_change_of_an_export_gives_its_text_or_a_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "changed.json"

    @attack
    @given(seeds)
    def changed(seed: int) -> None:
        random = Random(seed)
        value = whole_json(name)
        if isinstance(value, list) and random.random() < 0.9:
            value = [random.choice(value)]
        for _ in range(random.choice([1, 2, 6])):
            change(random, value)
        levels = random.choice([5, 400, random.randrange(900, 1010), 100_000])
        written = json.dumps(value).replace(json.dumps(DEEP), "[" * levels + "]" * levels)
        path.write_text(written)
        found, _ = read(path)
        check(found)
        source = "\n".join([*texts_in(value), json.dumps(value, ensure_ascii=False), written])
        source = source.encode("utf-8", "replace").decode()
        for line in lines_of(found):
            known = line.removeprefix("```").strip("*") if line.startswith(("```", "**")) else line
            assert known in source or "\ufffd" in line or known in source.replace("\\n", "\n"), line

    changed()


@pytest.mark.parametrize("name", [*JSON, *DATABASES])
def test_any_damage_to_the_bytes_of_a_file_ends_in_conversations_or_a_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "damaged"
    if name in DATABASES:
        whole = database(name, tmp_path).read_bytes()
    else:
        whole = json.dumps(whole_json(name), ensure_ascii=False).encode(errors="replace")

    @attack
    @given(seeds)
    def damaged(seed: int) -> None:
        random = Random(seed)
        content = bytearray(whole)
        for _ in range(random.choice([1, 3, 20])):
            at = random.randrange(len(content))
            match random.randrange(4):
                case 0:
                    content[at] = random.randrange(256)
                case 1:
                    del content[at : at + random.randrange(1, 40)]
                case 2:
                    content[at:at] = random.choice([b"{", b"]", b'"', b"\\u0000", b"\xff", b"9" * 5000])
                case _:
                    to = random.randrange(len(content))
                    content[at : at + 64] = content[to : to + 64]
            content = content or bytearray(b" ")
        path.write_bytes(content)
        check(read(path)[0])

    damaged()


@pytest.mark.parametrize("name", DATABASES)
def test_any_values_in_a_foreign_database_give_its_text_or_a_sentence(name: str, tmp_path: Path) -> None:
    script = database(name, tmp_path)
    whole, path = script.read_bytes(), tmp_path / "changed.db"
    with closing(sqlite3.connect(script)) as db:
        tables = [
            row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0")
        ]
        columns = [(table, row[1]) for table in tables for row in db.execute(f'PRAGMA table_info("{table}")')]
    wild = [
        None,
        0,
        -1,
        2**62,
        1e300,
        "",
        "\x00",
        "x" * 5_000,
        b"\xff\xfe",
        "1",
        "user",
        "assistant",
        "{",
        "[" * 2_000,
    ]

    @attack
    @given(seeds)
    def changed(seed: int) -> None:
        random = Random(seed)
        path.write_bytes(whole)
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode = MEMORY")
            db.execute("PRAGMA synchronous = OFF")
            for _ in range(random.choice([1, 3, 8])):
                table, column = random.choice(columns)
                _, other = random.choice([one for one in columns if one[0] == table])
                number = random.randrange(6)
                where = f'rowid = (SELECT rowid FROM "{table}" LIMIT 1 OFFSET {number})'
                try:
                    if random.random() < 0.5:
                        value = random.choice(wild)
                        db.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ? WHERE {where}', (value,))
                    else:
                        db.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = "{other}"')
                except sqlite3.Error:
                    pass  # the table's own rules refuse it
            db.commit()
        check(read(path)[0])

    changed()


def node(number: int, parent: str | None, role: str) -> dict[str, Any]:
    content = {"content_type": "text", "parts": [f"text {number}"]}
    return {
        "id": f"n{number}",
        "parent": parent,
        "children": [],
        "message": {"author": {"role": role}, "content": content},
    }


def chatgpt(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"title": "T", "conversation_id": "c", "mapping": {one["id"]: one for one in nodes}}


def claude(number: int) -> dict[str, Any]:
    messages = [{"uuid": "same", "sender": "human", "text": f"text {n}"} for n in range(number)]
    return {"uuid": "u", "name": "n", "account": {}, "chat_messages": messages}


@pytest.mark.parametrize(
    "make",
    [
        lambda n: chatgpt(*(node(i, f"n{i - 1}" if i else None, "tool" if i else "user") for i in range(n))),
        lambda n: chatgpt(*(node(i, f"n{i - 1}" if i else None, "assistant" if i else "user") for i in range(n))),
        lambda n: chatgpt(*(node(i, "n0" if i else None, "assistant" if i else "user") for i in range(n))),
        lambda n: chatgpt(*(node(i, f"n{(i - 1) % n}", "user") for i in range(n))),
        claude,
    ],
    ids=["tool results", "replies that continue", "siblings", "circle", "one id"],
)
def test_many_messages_of_a_hostile_shape_take_no_quadratic_time(
    make: Callable[[int], dict[str, Any]], tmp_path: Path
) -> None:
    path = tmp_path / "many.json"
    few_s = min(seconds_to_read_and_write(path, make, MANY // 8) for _ in range(3))
    # Eight times as long is proportional, 64 times is quadratic.
    assert seconds_to_read_and_write(path, make, MANY) < 24 * few_s


def seconds_to_read_and_write(path: Path, make: Callable[[int], dict[str, Any]], number: int) -> float:
    """Processor time, which other programs do not add to."""
    path.write_text(json.dumps(make(number)))
    gc.collect()
    start_s = time.process_time()
    (found,), _ = read(path)
    for branch in Branch:
        markdown.to_markdown(found, branch)
        plain_text.to_plain(found, branch)
    spent_s = time.process_time() - start_s
    texts = sum(len(turn.text.split("\n\n")) for turn in found.turns)
    assert texts + sum(isinstance(part, ToolResultPart) for turn in found.turns for part in turn.parts) >= number
    return spent_s


@pytest.mark.parametrize("name", [*JSON, "elia"])
def test_a_conversation_of_too_many_messages_is_skipped_and_reported(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (import_tree, foreign_database, read_import):
        monkeypatch.setattr(module, "MOST_MESSAGES", 0)
    path = tmp_path / "file"
    path.write_bytes(database(name, tmp_path).read_bytes()) if name == "elia" else path.write_text(
        json.dumps(whole_json(name))
    )
    _, skipped = read(path)
    assert any(one.why == import_tree.TOO_MANY_MESSAGES for one in skipped)


def test_a_value_that_is_too_large_is_named_as_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "MOST_BRACKETS", 3)
    path = tmp_path / "large.json"
    path.write_text(json.dumps([claude(2)]))
    assert "too many parts" in read(path)[1][0].why


@pytest.mark.parametrize("parents", [("n1", "n0"), ("n0", "n1"), ("gone", "n0"), ("gone", "gone")])
def test_circles_self_parents_and_orphans_keep_their_text(parents: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "tree.json"
    rows = [{"uuid": f"n{n}", "parent_message_uuid": parent} for n, parent in enumerate(parents)]
    messages = [row | {"sender": "human", "text": f"text {n}"} for n, row in enumerate(rows)]
    flat = [{"messageId": f"n{n}", "parentMessageId": parent, "text": f"text {n}", "isCreatedByUser": True}
            for n, parent in enumerate(parents)]  # fmt: skip
    values = [
        chatgpt(*(node(n, parent, "user") for n, parent in enumerate(parents))),
        {"uuid": "u", "name": "n", "account": {}, "chat_messages": messages},
        {"conversationId": "c", "messages": flat},
    ]
    for value in values:
        path.write_text(json.dumps(value))
        (item,) = conversations_in(path)
        assert isinstance(item, Imported)
        assert sorted(turn.text for turn in item.conversation.turns) == ["text 0", "text 1"]
        assert ("circle" in item.note) == ("gone" not in parents)


@pytest.mark.parametrize("name", ["chatgpt.json", "claude.json", "librechat-flat.json"])
def test_nesting_at_the_limit_of_what_can_be_read_is_refused_in_a_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    nested = {
        "chatgpt.json": chatgpt(node(0, None, "user")),
        "claude.json": claude(1),
        "librechat-flat.json": {"conversationId": "c", "messages": [{"messageId": "m", "isCreatedByUser": True}]},
    }[name]
    for holder, key in places(nested):
        if key in ("content", "messageId", "sender"):
            holder["content"] = {"content_type": "odd", "x": DEEP} if key == "content" else [{"type": "x", "x": DEEP}]
            break
    for levels in range(900, 1000):
        path.write_text(json.dumps(nested).replace(json.dumps(DEEP), "[" * levels + "]" * levels))
        read(path)


def test_messages_that_share_an_id_keep_their_text(tmp_path: Path) -> None:
    path = tmp_path / "same.json"
    path.write_text(json.dumps(claude(3)))
    (found,), _ = read(path)
    assert sorted(turn.text for turn in found.turns) == ["text 0", "text 1", "text 2"]
    assert read(path)[0] == [found]

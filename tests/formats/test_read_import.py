"""The content of a file decides its format; what is broken in one is skipped, and what is none is refused."""

import json
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.formats.fixtures import IMPORTS, database, read
from tests.formats.test_native import small
from tui_chat.core.error import FormatError
from tui_chat.formats import import_sources
from tui_chat.formats.native import dumps
from tui_chat.formats.read_import import conversations_in


def zipped(folder: Path, **files: bytes | str | Path) -> Path:
    """A zip with these members; underscores in the names stand for slashes, and `__` for a dot."""
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            data = content.read_bytes() if isinstance(content, Path) else content
            archive.writestr(name.replace("__", ".").replace("_", "/"), data)
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: IMPORTS / "chatgpt.json",
        lambda folder: IMPORTS / "claude.json",
        lambda folder: IMPORTS / "librechat-flat.json",
        lambda folder: IMPORTS / "librechat-nested.json",
        lambda folder: database("llm-responses", folder),
        lambda folder: database("llm-threads", folder),
        lambda folder: database("elia", folder),
        lambda folder: zipped(folder, user__json="{}", conversations__json=IMPORTS / "claude.json"),
    ],
)
def test_the_format_is_distinguished_from_the_content_whatever_the_name(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    named_otherwise = tmp_path / "some.thing"
    named_otherwise.write_bytes(make(tmp_path).read_bytes())
    assert read(named_otherwise)[0]


def test_native_json_is_read_alone_in_an_array_and_in_lines(tmp_path: Path) -> None:
    first, second = small(), small(id="c2", title="Other")
    one_line = [dumps(one, one_line=True) for one in (first, second)]
    for text in ("\n".join(one_line), f"[{','.join(one_line)}]", dumps(first) + dumps(second)):
        path = tmp_path / "native.json"
        path.write_text(text)
        assert read(path) == ({"Hello": first, "Other": second}, [])


def test_a_zip_is_read_without_unpacking_with_split_files_in_order(tmp_path: Path) -> None:
    entries = json.loads((IMPORTS / "chatgpt.json").read_text())
    path = zipped(
        tmp_path,
        **{
            "user__json": '{"id": "u"}',
            "export_conversations-001__json": json.dumps(entries[1:2]),
            "export_conversations-000__json": json.dumps(entries[:1]),
            "shared/conversations__json": "[]",
        },
    )
    found, skipped = read(path)
    assert list(found) == ["Rolling back a deploy", "Mean of a column"] and skipped == []


def test_a_zip_of_other_names_is_searched_for_conversations(tmp_path: Path) -> None:
    path = zipped(tmp_path, a_settings__json='{"theme": "dark"}', b_one__json=dumps(small()), c_note__txt="hello")
    assert read(path) == ({"Hello": small()}, [])


def test_a_folder_is_read_like_the_zip_that_it_came_in(tmp_path: Path) -> None:
    entries = json.loads((IMPORTS / "chatgpt.json").read_text())
    (tmp_path / "user.json").write_text("{}")
    for number in (1, 0):
        (tmp_path / f"conversations-{number:03}.json").write_text(json.dumps(entries[number : number + 1]))
    assert list(read(tmp_path)[0]) == ["Rolling back a deploy", "Mean of a column"]


def test_conversations_wrapped_in_an_object_are_found(tmp_path: Path) -> None:
    path = tmp_path / "wrapped.json"
    path.write_text(json.dumps({"conversations": json.loads((IMPORTS / "claude.json").read_text())}))
    assert read(path)[0] == read(IMPORTS / "claude.json")[0]


def test_what_is_broken_is_skipped_with_its_reason_and_the_rest_is_read(tmp_path: Path) -> None:
    lines = [
        dumps(small(), one_line=True),
        '{"format": "tui-chat", "version": 1}',
        '{"format": "tui-chat", "version": 7}',
        "{broken}",
        "17",
        '{"format": "tui-chat", "title": "\\ud83d"}',
        '{"deep": ' + "[" * 100_000 + "]" * 100_000 + "}",
        dumps(small(id="c2", title="Second"), one_line=True),
    ]
    path = tmp_path / "mixed.jsonl"
    path.write_text("\n".join(lines))
    found, skipped = read(path)
    assert list(found) == ["Hello", "Second"]
    assert [one.which for one in skipped] == [
        *(f"number {number} in mixed.jsonl" for number in (2, 3, 4, 5)),
        "\ufffd",
        "number 7 in mixed.jsonl",
    ]
    whys = [one.why for one in skipped]
    assert whys[0] == "id: this key is missing (and 2 more)"
    assert "newer tui-chat" in whys[1] and "not JSON" in whys[2] and "no conversation" in whys[3]
    assert "nested too deeply" in whys[5]


def test_a_file_that_breaks_off_gives_what_came_before(tmp_path: Path) -> None:
    whole = (IMPORTS / "claude.json").read_bytes()
    path = tmp_path / "cut.json"
    path.write_bytes(whole[: whole.index(b"d0000000-0000-4000-8000-000000000002") + 500])
    found, skipped = read(path)
    assert list(found) == ["Knitting a sock"]
    assert skipped[0].which == "the rest of cut.json" and "in the middle of value 2" in skipped[0].why


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no conversations in a format"),
        (b"[]", "no conversations in a format"),
        (b'{"some": "json"}', "no conversations in a format"),
        (b"# A note\n", "stands at byte|no conversations"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "byte|no conversations"),
        (b'[{"mapping": {', "ends at byte 14, in the middle of value 1"),
        (b"SQLite format 3\x00" + b"\x00" * 100, "database"),
        (b"PK\x05\x06" + b"\x00" * 18, "no JSON file in this zip"),
        (b"PK\x03\x04garbage" + b"PK\x05\x06" + b"\x01" * 18, "zip|byte"),
    ],
)
def test_what_holds_no_conversations_is_refused_in_a_sentence(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=message):
        list(conversations_in(path))


def test_a_file_that_is_not_there_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="No such file"):
        list(conversations_in(tmp_path / "nowhere"))
    with pytest.raises(FormatError, match="no JSON file in this folder"):
        list(conversations_in(tmp_path))


def test_a_zip_that_unpacks_to_far_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_sources, "_BOMB_BYTES", 1_000_000)
    path = zipped(tmp_path, conversations__json=b"[" + b" " * 2_000_000 + b"]")
    with pytest.raises(FormatError, match="would unpack to 2,000,002 bytes"):
        list(conversations_in(path))


def test_a_damaged_member_gives_what_came_before(tmp_path: Path) -> None:
    lines = "\n".join(dumps(small(id=f"c{n}", title=f"{n} " + "x" * n), one_line=True) for n in range(2000))
    path = tmp_path / "stored.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("conversations.json", lines)
    data = bytearray(path.read_bytes())
    data[-2000] ^= 0xFF
    path.write_bytes(data)
    found, skipped = read(path)
    assert 1000 < len(found) < 2000 and "Bad CRC" in skipped[-1].why


def test_progress_is_reported_to_the_end(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    path = IMPORTS / "chatgpt.json"
    list(conversations_in(path, lambda done, total: progress.append((done, total))))
    assert progress[-1] == (path.stat().st_size,) * 2
    progress.clear()
    list(
        conversations_in(
            zipped(tmp_path, conversations__json=path), lambda done, total: progress.append((done, total))
        )
    )
    assert progress[-1] == (path.stat().st_size,) * 2
    progress.clear()
    list(conversations_in(database("elia", tmp_path), lambda done, total: progress.append((done, total))))
    assert progress == [(1, 3), (2, 3), (3, 3)]


def test_a_foreign_database_is_left_as_it_was(tmp_path: Path) -> None:
    path = database("elia", tmp_path)
    before = path.read_bytes()
    read(path)
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == [path.name]


def test_what_another_program_has_just_written_is_read_too(tmp_path: Path) -> None:
    path = database("elia", tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        with db:
            db.execute("UPDATE chat SET title = 'Renamed just now' WHERE id = 1")
        assert "Renamed just now" in read(path)[0]


FUZZED = ["chatgpt.json", "claude.json", "librechat-flat.json", "llm-responses", "llm-threads", "elia"]


@pytest.mark.parametrize("name", FUZZED)
def test_a_damaged_file_of_any_kind_is_read_as_far_as_it_goes_or_refused(name: str, tmp_path: Path) -> None:
    whole = (IMPORTS / name if name.endswith("json") else database(name, tmp_path)).read_bytes()
    random, path = Random(name), tmp_path / "damaged"
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(random.choice([1, 2, 20])):
            at = random.randrange(len(data))
            match random.randrange(3):
                case 0:
                    data[at] = random.randrange(256)
                case 1:
                    del data[at : at + random.randrange(1, 30)]
                case 2:
                    data[at:at] = bytes(random.choices(b'{}[]",:\\0a\xff', k=random.randrange(1, 6)))
        path.write_bytes(data)
        try:
            items = list(conversations_in(path))
        except FormatError as error:
            assert error.message
        else:
            assert items

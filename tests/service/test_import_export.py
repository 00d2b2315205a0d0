"""Conversations come in from files and go out to files: nothing twice, nothing lost, nothing written over."""

import asyncio
import io
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.fixtures import IMPORTS, database, read
from tests.formats.trees import conversations
from tests.storage.make import as_stored, side_request
from tests.support.attacks import attack
from tests.support.environment import ROOT
from tui_chat.core.clean import clean, valid_text
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import FormatError, NotFound, StorageError
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import UNKNOWN_USAGE, Usage
from tui_chat.formats.native import dumps, loads
from tui_chat.formats.transcript import Branch
from tui_chat.service import import_batch, import_export
from tui_chat.service.export_names import ExportFormat, file_name
from tui_chat.service.import_export import ExportRequest, all_ids, export, import_file
from tui_chat.storage.search_index import IndexedWords, words_of
from tui_chat.storage.store import Store

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
FILES = ["chatgpt.json", "claude.json", "librechat-flat.json"]


def turn(turn_id: str, parent: str | None = None, text: str = "words", **changes: Any) -> Turn:
    role = Role.USER if turn_id.startswith("u") else Role.ASSISTANT
    made = Turn(turn_id, parent, role, (TextPart(text),), TurnStatus.COMPLETE, NOW)
    return replace(made, **changes)


def conversation(conversation_id: str = "c1", *turns: Turn, **changes: Any) -> Conversation:
    used = turns or (turn("u1"), turn("a1", "u1"))
    made = Conversation(conversation_id, NOW, NOW, f"Title {conversation_id}", turns=used, head=used[-1].id)
    return replace(made, **changes)


async def everything(store: Store) -> list[Conversation]:
    return [await store.conversation(one) for one in sorted(await all_ids(store))]


@pytest.mark.parametrize("name", FILES)
async def test_what_a_file_holds_is_stored_as_it_was_read(store: Store, name: str) -> None:
    report = await import_file(store, IMPORTS / name)
    found, skipped = read(IMPORTS / name)
    assert await everything(store) == sorted(map(as_stored, found.values()), key=lambda one: one.id)
    assert (report.added, report.grown, report.unchanged) == (len(found), 0, 0)
    assert report.turns == sum(len(one.turns) for one in found.values())
    assert report.skipped == skipped


async def test_importing_twice_adds_nothing(store: Store, tmp_path: Path) -> None:
    paths = [*(IMPORTS / name for name in FILES), *(database(name, tmp_path) for name in ("llm-threads", "elia"))]
    for path in paths:
        await import_file(store, path)
    before = await everything(store)
    for path in paths:
        report = await import_file(store, path)
        assert (report.added, report.grown, report.turns) == (0, 0, 0)
        assert report.unchanged > 0
    assert await everything(store) == before


@pytest.mark.slow
@settings(max_examples=40)
@given(conversations())
def test_an_export_imported_elsewhere_is_exported_byte_for_byte_the_same(made: Conversation) -> None:
    settled = replace(made, turns=tuple(replace(turn, status=TurnStatus.COMPLETE) for turn in made.turns))

    async def through_two_stores() -> tuple[bytes, bytes]:
        exports = []
        path = Path(os.environ["HOME"]) / "one.json"
        path.write_text(dumps(settled))
        for _ in range(2):
            store = await Store.open(":memory:")
            await import_file(store, path)
            await export(store, ExportRequest([settled.id], ExportFormat.JSON), path)
            exports.append(path.read_bytes())
            await store.aclose()
        return exports[0], exports[1]

    first, second = asyncio.run(through_two_stores())
    assert first.decode() == second.decode() == dumps(settled)


async def test_a_conversation_that_is_twice_in_a_file_gets_the_turns_of_both(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    grown = conversation("c1", turn("u1"), turn("a1", "u1"), turn("u2", "a1"))
    path.write_text("\n".join(dumps(one, one_line=True) for one in (conversation(), conversation("c2"), grown)))
    report = await import_file(store, path)
    assert (report.added, report.grown, report.turns) == (2, 1, 5)
    assert [one.id for one in (await store.conversation("c1")).turns] == ["u1", "a1", "u2"]


async def test_a_grown_conversation_gets_its_new_turns_and_the_head_moves_along(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(dumps(conversation()))
    await import_file(store, path)
    later = NOW + timedelta(days=1)
    grown = conversation("c1", turn("u1"), turn("a1", "u1"), turn("u2", "a1"), turn("a2", "u2"), updated_at=later)
    path.write_text(dumps(grown))
    report = await import_file(store, path)
    assert (report.added, report.grown, report.turns) == (0, 1, 2)
    assert await store.conversation("c1") == grown


async def test_an_import_brings_the_side_requests_once(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    here = conversation("c1", turn("u1"), turn("a1", "u1"), side_requests=(side_request("e1", "1"),))
    await store.create(replace(here, head="u1"))
    path.write_text(dumps(replace(here, side_requests=(*here.side_requests, side_request("e2", None)))))
    for grown in (1, 0):
        report = await import_file(store, path)
        assert (report.added, report.grown, report.turns) == (0, grown, 0)
        found = await store.conversation("c1")
        assert [one.id for one in found.side_requests] == ["e1", "e2"] and found.head == "u1"


async def test_what_was_changed_here_is_not_touched_by_a_grown_import(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(dumps(conversation()))
    await import_file(store, path)
    await store.rename("c1", "My own title")
    await store.set_system("c1", "Be brief.")
    await store.append("c1", [turn("u9", "a1", "said here")], head="u9")
    await store.archive("c1")
    path.write_text(dumps(conversation("c1", turn("u1"), turn("a1", "u1", "CHANGED"), turn("u2", "a1"), title="No")))
    await import_file(store, path)
    here = await store.conversation("c1")
    assert (here.title, here.system, here.head) == ("My own title", "Be brief.", "u9")
    assert here.archived_at is not None
    assert [(one.id, one.text) for one in here.turns] == [
        ("u1", "words"), ("a1", "words"), ("u9", "said here"), ("u2", "words")
    ]  # fmt: skip


async def test_what_lies_in_the_trash_stays_there(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(dumps(conversation()))
    await import_file(store, path)
    await store.delete("c1")
    report = await import_file(store, path)
    assert (report.added, report.unchanged, report.in_trash) == (0, 1, 1)
    assert await all_ids(store) == []


async def test_a_turn_exported_while_it_came_in_is_interrupted_here(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    live = turn("a1", "u1", "so f", status=TurnStatus.STREAMING)
    path.write_text(dumps(conversation("c1", turn("u1"), live)))
    await import_file(store, path)
    assert (await store.conversation("c1")).path[-1].status is TurnStatus.INTERRUPTED


async def test_words_are_prepared_for_the_index_only_while_conversations_are_new(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[str] = []

    def counted(turns: Sequence[Turn]) -> dict[str, IndexedWords]:
        prepared.extend(turn.id for turn in turns)
        return words_of(turns)

    monkeypatch.setattr(import_batch, "words_of", counted)
    monkeypatch.setattr(import_batch, "_BATCH_CONVERSATIONS", 10)
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(dumps(conversation(f"c{n:03}"), one_line=True) for n in range(100)))
    await import_file(store, path)
    assert len(prepared) >= 100
    first = len(prepared)
    assert (await import_file(store, path)).unchanged == 100
    assert len(prepared) - first < first / 2


async def test_an_import_stopped_halfway_keeps_what_was_finished_and_is_completed_later(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.jsonl"
    path.write_text("\n".join(dumps(conversation(f"c{n:03}"), one_line=True) for n in range(300)))
    monkeypatch.setattr(import_batch, "_BATCH_CONVERSATIONS", 50)
    enough, save_all = asyncio.Event(), store.save_all

    async def watched(some: Sequence[Conversation], words: Any) -> None:
        await save_all(some, words)
        enough.set()

    monkeypatch.setattr(store, "save_all", watched)
    task = asyncio.create_task(import_file(store, path))
    await enough.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    kept = len(await all_ids(store))
    assert 0 < kept < 300
    report = await import_file(store, path)
    assert (report.added, report.unchanged) == (300 - kept, kept)
    assert len(await all_ids(store)) == 300


IMPORTING = """
import asyncio, sys
from pathlib import Path
from tui_chat.service import import_batch
from tui_chat.service.import_export import import_file
from tui_chat.storage.store import Store
import_batch._BATCH_CONVERSATIONS = 50
async def main():
    store = await Store.open(Path(sys.argv[1]))
    save_all = store.save_all
    async def watched(conversations, words):
        await save_all(conversations, words)
        print(len(conversations), flush=True)
    store.save_all = watched
    await import_file(store, Path(sys.argv[2]))
asyncio.run(main())
"""


@pytest.mark.slow
async def test_an_import_that_was_killed_is_completed_by_the_next(tmp_path: Path) -> None:
    path, database_path = tmp_path / "many.jsonl", tmp_path / "data" / "c.db"
    path.write_text("\n".join(dumps(conversation(f"c{n:03}"), one_line=True) for n in range(400)))
    arguments = (sys.executable, "-c", IMPORTING, str(database_path), str(path))
    process = await asyncio.create_subprocess_exec(*arguments, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    process.kill()
    await process.wait()
    store = await Store.open(database_path)
    kept = len(await all_ids(store))
    assert 0 < kept < 400
    report = await import_file(store, path)
    assert (report.added, report.unchanged) == (400 - kept, kept)
    assert await everything(store) == [conversation(f"c{n:03}") for n in range(400)]
    await store.aclose()


async def test_a_file_cut_in_the_middle_gives_what_was_whole(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "cut.jsonl"
    path.write_text("\n".join(dumps(conversation(f"c{n}"), one_line=True) for n in range(3))[:-100])
    report = await import_file(store, path)
    assert report.added == 2
    assert report.skipped[0].which == "the rest of cut.jsonl"


async def test_a_conversation_that_cannot_be_stored_is_skipped_and_the_next_one_stored(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = store.save

    async def none_together(some: Sequence[Conversation], words: Any) -> None:
        raise StorageError("a number is too large to be stored", detail="other")

    monkeypatch.setattr(store, "save_all", none_together)

    async def fastidious(one: Conversation) -> None:
        if one.id == "c1":
            raise StorageError("a number is too large to be stored", detail="other")
        await save(one)

    monkeypatch.setattr(store, "save", fastidious)
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(dumps(one, one_line=True) for one in (conversation("c1"), conversation("c2"))))
    report = await import_file(store, path)
    assert (report.added, [one.which for one in report.skipped]) == (1, ["Title c1"])
    assert "too large" in report.skipped[0].why


async def test_a_count_of_tokens_too_large_to_be_stored_is_imported_as_unknown(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    absurd = conversation("c1", turn("u1"), turn("a1", "u1", usage=Usage(input_tokens=10**30)))
    path.write_text(dumps(absurd, one_line=True))
    assert (await import_file(store, path)).added == 1
    assert (await store.conversation("c1")).turns[1].usage == UNKNOWN_USAGE


async def test_a_full_disk_ends_the_import_with_the_disk_named(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(some: Sequence[Conversation], words: Any) -> None:
        raise StorageError("the disk is full", detail="disk_full")

    monkeypatch.setattr(store, "save_all", full)
    with pytest.raises(StorageError, match="disk is full"):
        await import_file(store, IMPORTS / "claude.json")


async def test_a_file_without_conversations_is_refused_and_nothing_is_stored(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text('{"some": "thing"}')
    with pytest.raises(FormatError, match="no conversations"):
        await import_file(store, path)
    with pytest.raises(FormatError, match="No such file"):
        await import_file(store, tmp_path / "nowhere.json")
    assert await all_ids(store) == []


async def test_imported_conversations_are_listed_by_their_own_dates(store: Store, tmp_path: Path) -> None:
    await store.create(conversation("today", updated_at=datetime.now(UTC)))
    await import_file(store, IMPORTS / "claude.json")
    titles = [summary.title for summary in await store.summaries()]
    assert titles == ["Title today", "A first line", "Calendar tips", "Knitting a sock"]


async def test_one_conversation_is_written_to_a_private_file(store: Store, tmp_path: Path) -> None:
    await store.create(conversation())
    path = tmp_path / "out.json"
    before = os.umask(0)
    try:
        assert await export(store, ExportRequest(["c1"], ExportFormat.JSON), path) == [path]
    finally:
        os.umask(before)
    assert loads(path.read_text()) == await store.conversation("c1")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["out.json"]


async def test_several_are_lines_in_one_json_file_and_one_after_another_in_markdown(
    store: Store, tmp_path: Path
) -> None:
    for name in ("c1", "c2"):
        await store.create(conversation(name))
    request = ExportRequest(["c1", "c2"], ExportFormat.JSON)
    await export(store, request, tmp_path / "out.jsonl")
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    assert [loads(line).id for line in lines] == ["c1", "c2"]
    await export(store, replace(request, format=ExportFormat.MARKDOWN), tmp_path / "out.md")
    text = (tmp_path / "out.md").read_text()
    assert text.index('title: "Title c1"') < text.index('title: "Title c2"')


@pytest.mark.parametrize("kind", ExportFormat)
async def test_a_folder_gets_a_file_for_each(store: Store, tmp_path: Path, kind: ExportFormat) -> None:
    await import_file(store, IMPORTS / "claude.json")
    ids = await all_ids(store)
    folder = tmp_path / "made" / "for it"
    paths = await export(store, ExportRequest(ids, kind), folder)
    assert len({path.name for path in paths}) == len(ids) == sum(path.is_file() for path in folder.iterdir()) == 3
    assert all(path.stat().st_size > 100 and stat.S_IMODE(path.stat().st_mode) == 0o600 for path in paths)
    assert paths[0].name.startswith("A-first-line-")
    again = await export(store, ExportRequest(ids, kind), folder)
    assert again == paths and sum(path.is_file() for path in folder.iterdir()) == 3


async def test_what_goes_to_librechat_comes_back_from_there(store: Store, tmp_path: Path) -> None:
    await import_file(store, IMPORTS / "librechat-flat.json")
    ids = await all_ids(store)
    (path,) = await export(store, ExportRequest(ids, ExportFormat.LIBRECHAT), tmp_path)
    assert path.suffix == ".json"
    assert len(next(iter(read(path)[0].values())).turns) == len((await store.conversation(ids[0])).turns)


async def test_a_stream_gets_the_bytes(store: Store) -> None:
    await store.create(conversation())
    out = io.BytesIO()
    assert await export(store, ExportRequest(["c1"], ExportFormat.JSON), out.write) == []
    assert json.loads(out.getvalue())["id"] == "c1"
    out = io.BytesIO()
    await export(store, ExportRequest(["c1"], ExportFormat.TEXT, Branch.ALL), out.write)
    assert out.getvalue().decode().startswith("Title c1\n\n1. User (")


async def test_an_export_that_fails_leaves_the_old_file_and_nothing_else(store: Store, tmp_path: Path) -> None:
    await store.create(conversation())
    path = tmp_path / "out.jsonl"
    path.write_text("old")
    with pytest.raises(NotFound):
        await export(store, ExportRequest(["c1", "c9"], ExportFormat.JSON), path)
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1
    with pytest.raises(FormatError, match="No such file") as caught:
        await export(store, ExportRequest(["c1"]), tmp_path / "no" / "such" / "folder.md")
    assert caught.value.detail == "unwritable"


async def test_a_planted_link_is_replaced_and_not_followed(store: Store, tmp_path: Path) -> None:
    await store.create(conversation())
    target = tmp_path / "precious"
    target.write_text("untouched")
    (tmp_path / "out.md").symlink_to(target)
    await export(store, ExportRequest(["c1"]), tmp_path / "out.md")
    assert target.read_text() == "untouched" and not (tmp_path / "out.md").is_symlink()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("A plain title", "A-plain-title-0123abcd.md"),
        ("../../etc/passwd", "etc-passwd-0123abcd.md"),
        ("/absolute", "absolute-0123abcd.md"),
        (".hidden", "hidden-0123abcd.md"),
        ('What? A: "quote" <b>|*', "What-A-quote-b-0123abcd.md"),
        ("two\nlines\tand \x1b[31mred\x07", "two-lines-and-31mred-0123abcd.md"),
        ("left\u202eright", "left-right-0123abcd.md"),
        ("con", "_con-0123abcd.md"),
        ("nul.txt", "_nul.txt-0123abcd.md"),
        ("ends in dots...", "ends-in-dots-0123abcd.md"),
        ("-o", "o-0123abcd.md"),
        ("", "untitled-0123abcd.md"),
        ("???", "untitled-0123abcd.md"),
        ("全文搜索", "全文搜索-0123abcd.md"),
        ("ship it 🚀 now 👩‍💻", "ship-it-now-0123abcd.md"),
        ("שלום\u200f (עולם)", "שלום-עולם-0123abcd.md"),
        ("हिन्दी", "हिन्दी-0123abcd.md"),
        ("🚀", "untitled-0123abcd.md"),
        ("Review this. · a.py", "Review-this-a.py-0123abcd.md"),
    ],
)
def test_a_files_name_is_safe_whatever_the_title(title: str, name: str) -> None:
    made = conversation("0123abcd-9999", title=title)
    assert file_name(made, ExportFormat.MARKDOWN) == name


def test_a_files_name_is_short_whatever_the_title_and_the_id() -> None:
    for title in ("x" * 500, "搜" * 500, "👩‍👩‍👧‍👦" * 100, "ä " * 300):
        name = file_name(conversation("../../../x", title=title), ExportFormat.LIBRECHAT)
        assert len(name) <= 100 and len(name.encode()) <= 255
        assert "/" not in name and name.endswith(".json")


@attack
@given(
    st.text(max_size=40)
    | st.sampled_from(["-o", "--help", "../" * 50, "a/../../b", "\x00", "\ud800", "x" * 10_000, "~"]),
    st.text(min_size=1, max_size=20),
    st.sampled_from(ExportFormat),
    st.booleans(),
)
def test_no_title_and_no_id_makes_a_file_name_that_leaves_the_folder(
    title: str, conversation_id: str, kind: ExportFormat, apart: bool
) -> None:
    name = file_name(conversation(valid_text(conversation_id), title=valid_text(title)), kind, apart=apart)
    assert Path(name).name == name == Path("/folder", name).resolve().name
    assert not name.startswith(("-", ".", "~/")) and not set(name) & set('/\\:*?"<>|\x00')
    assert len(name.encode()) <= 255 and clean(name) == name


async def test_titles_that_differ_in_case_alone_get_files_of_their_own(store: Store, tmp_path: Path) -> None:
    ids = [f"abcdefgh-{n}" for n in range(3)]
    for name, title in zip(ids, ("Same", "same", "SAME"), strict=True):
        await store.create(conversation(name, title=title))
    paths = await export(store, ExportRequest(ids, ExportFormat.MARKDOWN), tmp_path)
    assert len({path.name.casefold() for path in paths}) == 3 == len(list(tmp_path.iterdir()))


async def test_two_of_the_same_name_get_files_of_their_own(store: Store, tmp_path: Path) -> None:
    for name in ("abcdefgh-1", "abcdefgh-2"):
        await store.create(conversation(name, title="Same"))
    paths = await export(store, ExportRequest(["abcdefgh-1", "abcdefgh-2"], ExportFormat.JSON), tmp_path)
    assert len(set(paths)) == 2 == len(list(tmp_path.iterdir()))
    assert {loads(path.read_text()).id for path in paths} == {"abcdefgh-1", "abcdefgh-2"}


async def test_all_ids_go_over_every_page(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_export, "_PAGE_SIZE", 2)
    for n in range(5):
        await store.create(conversation(f"c{n}"))
    await store.archive("c1")
    await store.delete("c2")
    assert await all_ids(store) == ["c4", "c3", "c0", "c1"]


KILLED = """
import os, signal, sys
from pathlib import Path
from tui_chat.storage.private_files import temporary_file
with temporary_file(Path(sys.argv[1])) as file:
    file.write_text("half of all conversations")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
@pytest.mark.parametrize("name", ["out", "out.json"], ids=["into a folder", "into a file"])
async def test_an_export_sweeps_what_a_killed_one_left(store: Store, tmp_path: Path, name: str) -> None:
    await store.save(conversation())
    folder = tmp_path / "out" if name == "out" else tmp_path
    folder.mkdir(exist_ok=True)
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL and len([*folder.iterdir()]) == 1
    written = await export(store, ExportRequest(["c1"], ExportFormat.JSON), tmp_path / name)
    assert [*folder.iterdir()] == written and len(written) == 1

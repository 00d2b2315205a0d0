"""Bytes of attached files: stored once, shared by every branch and fork, swept when nothing uses them."""

import asyncio
import base64
import json
import os
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest

from tests.attachments.samples import image
from tests.storage.conftest import Open
from tests.storage.make import NOON, TO_THIRD_VERSION, Clock, as_stored, conversation, prompt, reply
from tests.support.environment import ROOT
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import NotFound
from tui_chat.core.part import AttachmentPart, TextPart
from tui_chat.core.turn import Turn
from tui_chat.storage.schema import MIGRATIONS
from tui_chat.storage.store import Store

PHOTO = AttachmentPart("shot.png", "image/png", image("PNG", 640, 480))
SHA = sha256(PHOTO.data).hexdigest()
MB = 1_000_000


def with_files(turn: Turn, *files: AttachmentPart) -> Turn:
    return replace(turn, parts=(*turn.parts, *files))


def photos(count: int, size: int) -> tuple[AttachmentPart, ...]:
    """Different images of that many bytes."""
    return tuple(
        AttachmentPart(f"{number}.png", "image/png", image() + Random(number).randbytes(size))
        for number in range(count)
    )


def blobs_in(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as db:
        return dict(db.execute("SELECT sha256, length(bytes) FROM blob"))


async def test_a_turn_comes_back_without_the_bytes_and_with_what_is_known_of_them(store: Store) -> None:
    await store.create(conversation("c1", with_files(prompt("u1"), PHOTO)))
    part = (await store.conversation("c1")).turn("u1").parts[1]
    assert part == AttachmentPart("shot.png", "image/png", sha256=SHA, size=PHOTO.size, pixels=(640, 480))
    assert await store.blob(SHA) == PHOTO.data


async def test_forks_and_edits_share_the_bytes(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c1", with_files(prompt("u1"), PHOTO), reply("a1", "u1")))
    kept = (await store.conversation("c1")).turn("u1")
    await store.create(conversation("c2", replace(kept, id="u2")))
    await store.append("c1", [replace(kept, id="u3"), reply("a3", "u3")], head="a3")
    assert blobs_in(path) == {SHA: PHOTO.size}
    assert (await store.check()).is_healthy


async def test_equal_bytes_under_other_names_are_stored_once(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c1", with_files(prompt("u1"), PHOTO, replace(PHOTO, name="copy.png"))))
    assert blobs_in(path) == {SHA: PHOTO.size}


async def test_saving_again_what_was_imported_with_its_bytes_changes_nothing(store: Store) -> None:
    whole = conversation("c1", with_files(prompt("u1"), PHOTO))
    await store.save(whole)
    before = await store.conversation_changes("c1")
    await store.save(whole)
    assert await store.conversation("c1") == as_stored(whole)
    assert (await store.conversation_changes("c1"))[0] == before[0]


async def test_an_unknown_hash_is_not_found(store: Store) -> None:
    with pytest.raises(NotFound):
        await store.blob("0" * 64)


# What is swept and what is not


async def purge_later(store: Store, clock: Clock) -> None:
    clock.now += timedelta(days=2)
    await store.purge(NOON.replace(year=2000))


async def test_bytes_stored_ahead_are_swept_after_a_day(store: Store, clock: Clock) -> None:
    assert await store.put_blob(PHOTO.data) == SHA
    await store.purge(NOON.replace(year=2000))
    assert await store.blob(SHA) == PHOTO.data
    await purge_later(store, clock)
    with pytest.raises(NotFound):
        await store.blob(SHA)


@pytest.mark.parametrize("conversation_id", [None, "c1"])
async def test_a_draft_keeps_its_files(conversation_id: str | None, store: Store, clock: Clock) -> None:
    await store.set_draft_attachments(conversation_id, [PHOTO])
    await purge_later(store, clock)
    (part,) = await store.draft_attachments(conversation_id)
    assert (part.name, part.data, part.pixels, await store.blob(part.sha256)) == (
        "shot.png", b"", (640, 480), PHOTO.data,
    )  # fmt: skip
    await store.set_draft_attachments(conversation_id, [])
    await purge_later(store, clock)
    assert await store.draft_attachments(conversation_id) == ()
    with pytest.raises(NotFound):
        await store.blob(SHA)


async def test_a_queued_prompt_keeps_its_files(store: Store, clock: Clock) -> None:
    await store.set_state("queue:c1", [{"text": "Look", "files": [{"sha256": await store.put_blob(PHOTO.data)}]}])
    await purge_later(store, clock)
    assert await store.blob(SHA) == PHOTO.data


async def test_a_prompt_that_was_cleared_keeps_its_files_in_the_history_until_they_are_sent(
    store: Store, clock: Clock
) -> None:
    await store.put_blob(PHOTO.data)
    await store.set_draft_attachments(None, [PHOTO])
    await purge_later(store, clock)
    await store.set_draft_attachments(None, [])
    await store.add_prompt(f"Look ⟦file: shot.png | image/png | 3 bytes | sha256:{SHA}⟧")
    await purge_later(store, clock)
    assert await store.blob(SHA) == PHOTO.data
    await store.create(conversation("c1", with_files(prompt("u1"), PHOTO)))
    await purge_later(store, clock)
    await store.delete("c1")
    await store.purge(clock() + timedelta(days=1))
    with pytest.raises(NotFound):
        await store.blob(SHA)


async def test_bytes_go_with_the_last_conversation_that_uses_them(store: Store, clock: Clock) -> None:
    for name in ("c1", "c2"):
        await store.create(conversation(name, with_files(prompt("u1"), PHOTO)))
    await store.set_draft_attachments("c2", [PHOTO])
    await store.delete("c1")
    await purge_later(store, clock)
    await store.purge(clock.now)
    assert await store.blob(SHA) == PHOTO.data
    await store.delete("c2")
    await store.purge(clock() + timedelta(days=1))
    with pytest.raises(NotFound):
        await store.blob(SHA)
    assert (await store.check()).is_healthy


# Earlier versions


def downgrade(path: Path, files: dict[str, list[AttachmentPart]]) -> None:
    """Make of a new file one of version 3, with files within the turns as that version kept them."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.executescript(TO_THIRD_VERSION)
        for turn_id, parts in files.items():
            items: list[dict[str, object]] = [{"type": "text", "length": 4}]
            for part in parts:
                data = base64.b64encode(part.data).decode()
                items.append({"type": "attachment", "name": part.name, "media_type": part.media_type, "data": data})
            stored = json.dumps(items, ensure_ascii=False, separators=(",", ":"))
            db.execute("UPDATE turn SET parts = ? WHERE id = ?", (stored, turn_id))


async def test_a_file_of_the_version_before_is_migrated_after_a_backup(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1"), reply("a1", "u1"), prompt("u2", "a1")))
    await store.aclose()
    only_named = AttachmentPart("gone.pdf", "application/pdf")
    downgrade(path, {"u1": [PHOTO, only_named], "u2": [PHOTO]})
    store = await open_store()
    assert store.opening.migrated_from == 3 and store.opening.backup is not None
    turns = await store.conversation("c1")
    known = AttachmentPart("shot.png", "image/png", sha256=SHA, size=PHOTO.size, pixels=(640, 480))
    assert turns.turn("u1").parts == (TextPart("Why?"), known, only_named)
    assert turns.turn("u2").parts == (TextPart("Why?"), known)
    assert blobs_in(path) == {SHA: PHOTO.size} and await store.blob(SHA) == PHOTO.data
    assert (await store.check()).is_healthy
    with closing(sqlite3.connect(store.opening.backup)) as old:
        assert old.execute("PRAGMA user_version").fetchone() == (3,)


MIGRATE = """
import asyncio, sys
from pathlib import Path
from tui_chat.storage.store import Store
print("started", flush=True)
asyncio.run(Store.open(Path(sys.argv[1])))
print("ended", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("seed", range(int(os.environ.get("TUI_CHAT_TEST_KILLS", "3"))))
async def test_a_killed_migration_of_files_loses_none(open_store: Open, path: Path, seed: int) -> None:
    files = photos(6, MB)
    store = await open_store()
    await store.create(conversation("c1", *(prompt(f"u{number}") for number in range(6))))
    await store.aclose()
    downgrade(path, {f"u{number}": [file] for number, file in enumerate(files)})
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", MIGRATE, str(path)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None and await process.stdout.readline() == b"started\n"
    await asyncio.sleep(Random(seed).uniform(0, 0.6))
    process.kill()
    await process.communicate()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA user_version").fetchone()[0] in (3, len(MIGRATIONS))
    store = await open_store()
    assert store.opening.damaged_moved_to is None
    migrated = await store.conversation("c1")
    for number, file in enumerate(files):
        part = migrated.turn(f"u{number}").parts[1]
        assert isinstance(part, AttachmentPart) and await store.blob(part.sha256) == file.data
    assert (await store.check()).is_healthy


# Damage


async def test_doctor_finds_and_removes_bytes_that_have_changed(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c1", with_files(prompt("u1"), PHOTO)))
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE blob SET bytes = CAST(bytes || x'00' AS BLOB)")
        db.execute("DELETE FROM attachment")
        db.commit()
    report = await store.check()
    assert (report.damaged_files, report.wrong_file_uses) == (1, 1)
    await store.repair()
    assert (await store.check()).is_healthy and blobs_in(path) == {}
    assert (await store.conversation("c1")).turn("u1").text == "Why?"


async def test_uses_that_are_not_recorded_are_found_and_recorded(open_store: Open, path: Path, clock: Clock) -> None:
    store = await open_store()
    await store.create(conversation("c1", with_files(prompt("u1"), PHOTO)))
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM attachment")
        db.commit()
    assert (await store.check()).wrong_file_uses == 1
    await store.repair()
    await purge_later(store, clock)
    assert (await store.check()).is_healthy and await store.blob(SHA) == PHOTO.data


async def recovered(open_store: Open, path: Path) -> Conversation:
    store = await open_store()
    assert store.opening.damaged_moved_to is not None
    assert (await store.check()).is_healthy
    whole = await store.conversation("c1")
    for turn in whole.turns:
        for part in turn.parts:
            if isinstance(part, AttachmentPart) and part.sha256 == SHA:
                assert await store.blob(SHA) == PHOTO.data
    return whole


async def test_files_are_recovered_from_a_damaged_database(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c1", with_files(prompt("u1"), PHOTO), reply("a1", "u1")))
    await store.aclose()
    with path.open("r+b") as file:
        file.write(b"\0" * 100)  # no header: only our own reader of pages finds anything
    whole = await recovered(open_store, path)
    assert (
        whole.turn("u1").parts[1:]
        == as_stored(conversation("c1", with_files(prompt("u1"), PHOTO))).turns[0].parts[1:]
    )
    assert blobs_in(path) == {SHA: PHOTO.size}


async def test_files_within_turns_are_recovered_from_a_damaged_older_database(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await store.aclose()
    downgrade(path, {"u1": [PHOTO]})
    with path.open("r+b") as file:
        file.write(b"\0" * 100)
    await recovered(open_store, path)
    assert blobs_in(path) == {SHA: PHOTO.size}


async def test_the_statistics_count_each_file_once(store: Store) -> None:
    for name in ("c1", "c2"):
        await store.create(conversation(name, with_files(prompt("u1"), PHOTO)))
    stats = await store.stats()
    assert (stats.files, stats.file_bytes) == (1, PHOTO.size)


async def test_a_backup_holds_the_files(open_store: Open, path: Path, tmp_path: Path) -> None:
    store = await open_store()
    await store.create(conversation("c1", with_files(prompt("u1"), PHOTO)))
    await store.backup(tmp_path / "copy.db")
    assert blobs_in(tmp_path / "copy.db") == {SHA: PHOTO.size}


# Cost


def bytes_read() -> int:
    return int(Path("/proc/self/io").read_text().split()[1])


@pytest.mark.slow
async def test_twenty_forks_hold_twenty_images_once_and_opening_one_reads_none(open_store: Open, path: Path) -> None:
    files = photos(20, 3 * MB)
    turns = [
        replace(with_files(prompt(f"u{number}"), file), parent_id=f"a{number - 1}" if number else None)
        for number, file in enumerate(files)
    ]
    talk = [
        turn for number, asked in enumerate(turns) for turn in (asked, reply(f"a{number}", asked.id, "word " * 400))
    ]
    bare = [replace(turn, parts=turn.parts[:1]) for turn in talk]
    store = await open_store()
    await store.create(conversation("c", *talk))
    await store.create(conversation("bare", *bare))
    kept = await store.conversation("c")
    for number in range(20):
        await store.create(replace(kept, id=f"c{number}"))
    assert len(blobs_in(path)) == 20
    assert path.stat().st_size < 1.1 * sum(file.size for file in files)
    await store.aclose()

    async def opened(name: str) -> tuple[int, float]:
        before, started = bytes_read(), time.process_time()
        store = await open_store()
        assert len((await store.conversation(name)).turns) == 40
        return bytes_read() - before, time.process_time() - started

    runs: dict[str, list[tuple[int, float]]] = {"bare": [], "c7": []}
    for _ in range(15):
        for name, measured in runs.items():
            measured.append(await opened(name))
    assert max(read for read, _ in runs["c7"]) < 1 * MB
    fastest = {name: min(seconds for _, seconds in measured) for name, measured in runs.items()}
    print(f"read {max(read for read, _ in runs['c7']):,} bytes; {fastest}")
    assert fastest["c7"] <= 1.2 * fastest["bare"]

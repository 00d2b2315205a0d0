"""Attached files go out with an export and come back with an import, each once and with equal hashes."""

import json
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tests.attachments.samples import image, pdf
from tests.storage.make import as_stored, conversation, prompt, reply
from tui_chat.core.error import FormatError
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Turn
from tui_chat.formats.native import dumps, loads
from tui_chat.service.export_names import ExportFormat
from tui_chat.service.import_export import ExportRequest, export, import_file
from tui_chat.storage.store import Store

SHOT = AttachmentPart("shot.png", "image/png", image("PNG", 64, 48))
PLAN = AttachmentPart("plan [v2].pdf", "application/pdf", pdf(3))
NOTES = AttachmentPart("notes.md", "text/markdown", b"# Notes\n")


def asked(turn_id: str, parent: str | None, *files: AttachmentPart) -> Turn:
    turn = prompt(turn_id, parent)
    return replace(turn, parts=(*turn.parts, *files))


TALK = conversation(
    "c1", asked("u1", None, SHOT, PLAN), reply("a1", "u1"), asked("u2", "a1", SHOT, NOTES), reply("a2", "u2")
)


async def exported(store: Store, form: ExportFormat, destination: Path) -> Path:
    (written,) = await export(store, ExportRequest(["c1"], form), destination)
    return written


async def test_native_json_has_each_file_once_and_an_import_has_equal_hashes(store: Store, tmp_path: Path) -> None:
    await store.create(TALK)
    path = await exported(store, ExportFormat.JSON, tmp_path / "talk.json")
    value = json.loads(path.read_text())
    hashes = {sha256(file.data).hexdigest(): file.data for file in (SHOT, PLAN, NOTES)}
    assert value["version"] == 2 and set(value["blobs"]) == set(hashes)
    other = await Store.open(tmp_path / "other" / "conversations.db")
    await import_file(other, path)
    assert (await other.conversation("c1")).turns == as_stored(TALK).turns
    for digest, data in hashes.items():
        assert await other.blob(digest) == data
    again = tmp_path / "again.json"
    await exported(other, ExportFormat.JSON, again)
    assert again.read_bytes() == path.read_bytes()
    await other.aclose()


def test_an_import_whose_bytes_have_another_hash_is_refused() -> None:
    value = json.loads(dumps(TALK))
    (digest, *_) = value["blobs"]
    value["blobs"][digest] = "AAAA"
    with pytest.raises(FormatError, match=rf"blobs: the bytes under {digest[:12]}… have another SHA-256"):
        loads(json.dumps(value))


def test_an_export_of_the_first_version_is_still_read() -> None:
    value = json.loads(dumps(TALK))
    blobs = value.pop("blobs")
    value["version"] = 1
    for turn in value["turns"]:
        for part in turn["parts"]:
            if part["type"] == "attachment":
                part["data"] = blobs[part.pop("sha256")]
                del part["size"]
    assert loads(json.dumps(value)) == TALK


async def test_markdown_has_the_files_next_to_it_and_links_to_them(store: Store, tmp_path: Path) -> None:
    await store.create(TALK)
    path = await exported(store, ExportFormat.MARKDOWN, tmp_path / "my talk.md")
    text = path.read_text()
    assert "![shot.png](<my%20talk.files/shot.png>)" in text
    assert r"📎 [plan \[v2\].pdf](<my%20talk.files/plan%20%5Bv2%5D.pdf>)" in text
    folder = tmp_path / "my talk.files"
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {
        "shot.png": SHOT.data, "plan [v2].pdf": PLAN.data, "notes.md": NOTES.data,
    }  # fmt: skip
    assert all(file.stat().st_mode & 0o077 == 0 for file in (folder, *folder.iterdir()))


async def test_html_holds_the_files(store: Store, tmp_path: Path) -> None:
    await store.create(TALK)
    text = (await exported(store, ExportFormat.HTML, tmp_path / "talk.html")).read_text()
    for file in (SHOT, PLAN, NOTES):
        assert f"base64,{b64encode(file.data).decode()}" in text


@pytest.mark.parametrize("form", ["json", "html", "md"])
async def test_an_export_without_files_names_them(form: str, store: Store, tmp_path: Path) -> None:
    await store.create(TALK)
    request = ExportRequest(["c1"], ExportFormat(form), attachments=False)
    (path,) = await export(store, request, tmp_path / f"talk.{form}")
    text = path.read_text()
    assert "shot.png" in text and b64encode(SHOT.data).decode() not in text
    assert [found.name for found in tmp_path.iterdir() if "talk" in found.name] == [path.name]


async def test_markdown_on_stdout_names_the_files_with_their_size(store: Store) -> None:
    await store.create(TALK)
    pieces: list[bytes] = []
    await export(store, ExportRequest(["c1"]), pieces.append)
    assert f"📎 shot.png (image/png, {SHOT.size:,} bytes)" in b"".join(pieces).decode()


@pytest.mark.parametrize(
    "name", ["../../evil.png", "/etc/passwd", "a\x1b]0;x\x07.png", "con.png", "x" * 400 + ".png", ""]
)
async def test_no_name_of_a_file_leaves_the_folder(name: str, store: Store, tmp_path: Path) -> None:
    other = replace(SHOT, name=name, data=image("PNG", 9, 9))
    await store.create(conversation("c1", asked("u1", None, replace(SHOT, name=name), other)))
    await exported(store, ExportFormat.MARKDOWN, tmp_path / "talk.md")
    written = list((tmp_path / "talk.files").iterdir())
    assert len(written) == 2 and {path.name for path in tmp_path.iterdir()} >= {"talk.md", "talk.files"}
    assert all(path.name.isprintable() and len(path.name) < 256 for path in written)


async def test_librechat_gets_the_names(store: Store, tmp_path: Path) -> None:
    await store.create(TALK)
    path = await exported(store, ExportFormat.LIBRECHAT, tmp_path / "talk.json")
    (first, *_) = json.loads(path.read_text())["messages"]
    assert [file["filename"] for file in first["files"]] == ["shot.png", "plan [v2].pdf"]

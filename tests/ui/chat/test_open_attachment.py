"""Attachments in a conversation: their rows, opening them, unfolding texts, and going on after a refusal."""

import asyncio
import stat
import sys
from pathlib import Path

import pytest

from tests.attachments.samples import image
from tests.service.conftest import HELLO
from tests.ui.chat.test_attach_actions import attachments, notified, words
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.attachments.read_file import attachment_from_bytes
from tui_chat.core.error import AttachmentRefused, RequestRefused
from tui_chat.service.chat import ChatService
from tui_chat.ui.chat.open_attachment import viewer

LOG = "".join(f"row {number}\n" for number in range(30))
HOSTILE = "run me; rm -rf ~ \x1b[31m\u202e.desktop"


async def send(desk: Desk, text: str, **files: bytes) -> None:
    parts = tuple(attachment_from_bytes(name.replace("_", "."), data) for name, data in files.items())
    conversation = desk.chat.conversation
    assert await desk.chat.start_reply(desk.service.send(conversation, text, parts))
    await desk.idle()


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A desktop whose viewer notes what it opened."""
    log = tmp_path / "opened"
    opener = tmp_path / "xdg-open"
    opener.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {log}.part\n/bin/mv {log}.part {log}\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.delenv("WSL_DISTRO_NAME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    return log


async def test_a_row_shows_what_a_file_is(desk: Desk) -> None:
    await send(desk, "look", shot_png=image(width=280, height=280), app_log=LOG.encode())
    assert "+ shot.png  PNG 280×280, " in screen_text(desk.app)
    assert "▸ app.log  log, " in screen_text(desk.app) and "row 3" not in screen_text(desk.app)


async def test_a_text_file_is_unfolded_and_folded(desk: Desk) -> None:
    await send(desk, "look", app_log=LOG.encode())
    await desk.press("tab", "z")
    await desk.until(lambda: "row 3" in screen_text(desk.app))
    assert "▾ app.log" in screen_text(desk.app)
    await desk.press("z")
    await desk.until(lambda: "row 3" not in screen_text(desk.app))
    await desk.press("z")
    await desk.until(lambda: "row 3" in screen_text(desk.app))


async def test_hostile_text_is_shown_tamed(desk: Desk) -> None:
    await send(desk, "look", x_txt="a\x1b[31mred\u202eabc</file>\x07".encode())
    await desk.press("tab", "z")
    await desk.until(lambda: "</file>" in screen_text(desk.app))
    assert not {"\x1b", "\u202e", "\x07"} & set(screen_text(desk.app))


async def test_a_key_opens_a_file_in_the_viewer(desk: Desk, opened: Path) -> None:
    await send(desk, "look", shot_png=image())
    await desk.press("tab", "l", "o")
    await desk.until(opened.exists)
    path = Path(opened.read_text())
    assert path.read_bytes() == image() and path.suffix == ".png" and path.name.startswith("shot-")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_selected_message_opens_its_first_file(desk: Desk, opened: Path) -> None:
    await send(desk, "look", shot_png=image())
    await desk.press("tab", "K", "K", "o")
    await desk.until(opened.exists)


async def test_copies_for_the_viewer_are_removed_at_the_end_and_never_run(opened: Path) -> None:
    async with desk_with() as desk:
        part = attachment_from_bytes(HOSTILE, b"[Desktop Entry]\nExec=evil\n")
        assert await desk.chat.start_reply(desk.service.send(desk.chat.conversation, "look", (part,)))
        await desk.idle()
        await desk.press("tab", "l", "o")
        await desk.until(opened.exists)
        path = Path(opened.read_text())
        assert path.suffix == ".txt" and path.exists() and "\x1b" not in path.name
    assert not path.parent.exists()


async def test_without_a_desktop_the_copy_is_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    await send(desk, "look", shot_png=image())
    await desk.press("tab", "l", "o")
    await desk.until(lambda: "There is no viewer here; a copy is at " in notified(desk))


def test_the_viewer_depends_on_the_system(opened: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert viewer({"DISPLAY": ":0"}) == [str(opened.parent / "xdg-open")]
    assert viewer({}) is None
    (opened.parent / "explorer.exe").symlink_to(opened.parent / "xdg-open")
    assert viewer({"WSL_DISTRO_NAME": "Ubuntu"}) == [str(opened.parent / "explorer.exe")]
    monkeypatch.setattr(sys, "platform", "darwin")
    assert viewer({}) == ["open"]


async def test_a_refused_file_is_left_out_by_one_key() -> None:
    refusal = RequestRefused("image exceeds 5 MB maximum", detail="bad_request")
    async with desk_with([refusal], HELLO) as desk:
        await send(desk, "What is it?", shot_png=image())
        assert "Send it without files (Alt+W)." in " ".join(screen_text(desk.app).split())
        await desk.press("alt+w")
        await desk.until(lambda: len(desk.conversation.turns) == 4)
        await desk.idle()
        prompt, reply = desk.conversation.path
        assert words(prompt) == "What is it?" and attachments(prompt) == [] and reply.text == "Hello"
        assert "Alt+W" not in screen_text(desk.app)


async def test_a_file_that_is_not_sent_stays_in_the_prompt_until_it_is_left_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = ChatService.send

    async def refusing(self: ChatService, conversation: object, text: str, files: tuple[object, ...] = ()) -> object:
        if files:
            raise AttachmentRefused("shot.png: 9,000 pixels, and at most 8,000 are taken", detail="over_limit")
        return await plain(self, conversation, text)  # type: ignore[arg-type]

    monkeypatch.setattr(ChatService, "send", refusing)
    (tmp_path / "shot.png").write_bytes(image())
    await desk.chat.actions.attach.attach_named(str(tmp_path / "shot.png"))
    await desk.until(lambda: "shot.png" in desk.chat.prompt.text and not desk.chat.prompt.reading)
    await desk.type("What is it?")
    await desk.press("enter")
    await desk.until(lambda: "at most 8,000 are taken" in notified(desk))
    await desk.until(lambda: "shot.png" in desk.chat.prompt.text)
    assert "Alt+W sends it without its files." in notified(desk) and not desk.conversation.path
    await desk.press("alt+w")
    await desk.until(lambda: desk.conversation.path)
    await desk.idle()
    assert words(desk.conversation.path[0]) == "What is it?" and not desk.chat.prompt.text


async def test_there_may_be_no_files_to_leave_out(desk: Desk) -> None:
    await desk.press("alt+w")
    await asyncio.sleep(0)
    await desk.until(lambda: "no files to leave out" in notified(desk))

"""Files of earlier prompts that a model does not take are left out with a note."""

from pathlib import Path

import pytest
from textual import events

from tests.attachments.samples import image
from tests.ui.conftest import Desk
from tests.ui.screen import screen_text
from tui_chat.core.attachment_limits import AttachmentLimits


async def attach(desk: Desk, path: Path) -> None:
    path.write_bytes(image(width=280, height=280))
    desk.app.post_message(events.Paste(str(path)))
    await desk.until(lambda: path.name in desk.chat.prompt.text and not desk.chat.prompt.reading)


async def test_an_image_that_the_model_cannot_see_is_left_out_with_a_note(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await attach(desk, tmp_path / "shot.png")
    await desk.type("Look.")
    await desk.press("enter")
    await desk.until(lambda: len(desk.conversation.path) == 2)
    await desk.idle()
    monkeypatch.setattr(desk.provider, "takes", lambda model: AttachmentLimits(sees=False))
    await desk.type("And?")
    await desk.press("enter")
    await desk.until(lambda: "shot.png was left out: demo/tour cannot see images" in screen_text(desk.app))
    await desk.until(lambda: len(desk.conversation.path) == 4)

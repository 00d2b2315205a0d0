"""Opens the files of a conversation in the system's viewer, and reads their texts to be unfolded."""

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, Popen
from threading import Thread

from tui_chat.core.error import ChatError
from tui_chat.core.file_name import valid_file_name
from tui_chat.core.part import AttachmentPart
from tui_chat.ui.attachment_labels import is_text_file
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.output_actions import can_browse

_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
}
_LONGEST_STEM = 60
_PICTURE_EDGE = 800


class OpenAttachment:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat
        self._folder: Path | None = None
        """Where copies for viewers are, until the app ends."""

    def open(self, sha256: str) -> None:
        """Open a file in the system's viewer."""
        self._chat.run_worker(partial(self._open, sha256), group="viewer", exit_on_error=False)

    def load_text(self, sha256: str) -> None:
        """Read a text file, and show it where it is unfolded."""
        self._chat.run_worker(partial(self._load_text, sha256), exit_on_error=False)

    def close(self) -> None:
        """Remove the copies."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    async def _open(self, sha256: str) -> None:
        part = self._part(sha256)
        if part is None:
            return
        command = viewer(os.environ)
        try:
            data = await self._chat.context.store.blob(sha256)
            path = await asyncio.to_thread(self._write, part, data)
            if command is None:
                self._chat.notify(f"There is no viewer here; a copy is at {path} until you quit.", timeout=10)
            else:
                await asyncio.to_thread(_start, [*command, str(path)])
        except ChatError as error:
            self._chat.notify_error(error)
        except OSError as error:
            self._chat.notify_warning(f"{part.name} could not be opened: {error.strerror}.")

    def send_picture(self, sha256: str) -> None:
        """Send an image to the terminal, which shows it in its message."""
        self._chat.run_worker(partial(self._send_picture, sha256), group="pictures", exit_on_error=False)

    async def _send_picture(self, sha256: str) -> None:
        pictures, part = self._chat.pictures, self._part(sha256)
        try:
            data = await self._chat.context.store.blob(sha256)
        except ChatError:
            data = b""
        png = None if part is None else await asyncio.to_thread(_as_png, part, data, pictures.max_bytes)
        if png:
            pictures.send(sha256, png)
            # The terminal draws an image where its characters are written after it.
            self._chat.pane.refresh()
        else:
            pictures.fail(sha256)

    async def _load_text(self, sha256: str) -> None:
        try:
            data = await self._chat.context.store.blob(sha256)
        except ChatError as error:
            self._chat.notify_error(error)
        else:
            self._chat.pane.show_file(sha256, data.decode("utf-8", "replace"))

    def _part(self, sha256: str) -> AttachmentPart | None:
        parts = (part for turn in self._chat.conversation.path for part in turn.parts)
        return next((part for part in parts if isinstance(part, AttachmentPart) and part.sha256 == sha256), None)

    def _write(self, part: AttachmentPart, data: bytes) -> Path:
        """Write a private copy, whose suffix is that of its content: a viewer must not run it."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="tui-chat-"))
        stem = valid_file_name(Path(part.name).stem)[:_LONGEST_STEM] or "file"
        suffix = ".txt" if is_text_file(part) else _SUFFIXES.get(part.media_type, ".bin")
        path = self._folder / f"{stem}-{part.sha256[:8]}{suffix}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        return path


def _as_png(part: AttachmentPart, data: bytes, most: int) -> bytes | None:
    """Return an image as PNG of a bounded size; `None` where that is not possible."""
    if part.media_type == "image/png" and len(data) <= most:
        return data
    from tui_chat.attachments.shrink import shrink

    copy = shrink(replace(part, data=data, media_type="image/png"), _PICTURE_EDGE, most)
    return copy.data if copy is not None and copy.media_type == "image/png" else None


def viewer(environ: Mapping[str, str]) -> list[str] | None:
    """Return the command that opens a file as the desktop does; `None` where there is no desktop."""
    if sys.platform == "darwin":
        return ["open"]
    names = ["wslview", "explorer.exe"] if environ.get("WSL_DISTRO_NAME") else []
    if not can_browse(environ):
        return None
    return next(([found] for name in (*names, "xdg-open") if (found := shutil.which(name))), None)


def _start(command: Sequence[str]) -> None:
    """Start a viewer that outlives this call, and writes nothing on the screen."""
    process = Popen(command, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True)
    # Some viewers only end when their window is closed, which quitting must not wait for.
    Thread(target=process.wait, daemon=True).start()

"""Attach files to the prompt that is being written: by name, pattern, address, drop and clipboard."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tui_chat.attachments.named_files import Read, read_with_reason, reads_of, reason_to_ask
from tui_chat.attachments.read_file import attachment_from_bytes
from tui_chat.core.clean import clean_line
from tui_chat.core.error import AttachmentRefused, ChatError
from tui_chat.core.estimated_tokens import part_tokens
from tui_chat.core.part import AttachmentPart
from tui_chat.core.provider import split_ref
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.picker import Picker
from tui_chat.ui.picker_rows import Choice
from tui_chat.ui.terminal.clipboard_image import NoClipboardImage, NoClipboardTool, read_image
from tui_chat.ui.terminal.clipboard_image_osc import TerminalClipboard
from tui_chat.ui.terminal.textual_private import write_to_terminal


class AttachActions:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat
        self._asking = asyncio.Lock()
        """One question at a time."""
        self._is_refused = False
        self.terminal_clipboard = TerminalClipboard(lambda sequence: write_to_terminal(chat.app, sequence))

    async def attach_named(self, text: str) -> None:
        """Attach a file, the files of a pattern, or what is at an https address."""
        if not text:
            self._chat.notify_warning("Name a file, a pattern or an https address: /attach shot.png")
            return
        self._start(partial(self._named_or_back, text))

    def attach_chosen(self, text: str, name: str) -> None:
        """Attach the file of that name in place of the text."""
        self._start(partial(self._put, [partial(_read_chosen, name)], text), is_counted=True)

    def attach_pasted(self, text: str, paths: Sequence[Path]) -> None:
        """Attach files whose paths were pasted, in place of the paths."""
        reads = [partial(read_with_reason, path) for path in paths]
        self._start(partial(self._put, reads, text), is_counted=True)

    def paste_image(self) -> None:
        self._start(self._clipboard)

    def wait(self) -> None:
        """Report why the prompt was not sent."""
        self._chat.notify("Still reading a file; press the key again when it is attached.")

    # Each way in

    async def _named_or_back(self, text: str) -> None:
        """Attach what is named; a command that was refused comes back, to be corrected."""
        self._is_refused = False
        try:
            await self._put(await asyncio.to_thread(reads_of, text, Path.cwd()))
        except ChatError:
            self._is_refused = True
            raise
        finally:
            if self._is_refused and not self._chat.prompt.draft:
                self._chat.prompt.draft = f"/attach {text}"

    async def _clipboard(self) -> None:
        try:
            data = await self._clipboard_image()
        except NoClipboardImage as error:
            self._chat.notify_warning(str(error))
        else:
            await self._put([partial(_from_bytes, "clipboard", data)])

    async def _clipboard_image(self) -> bytes:
        """Return the image that a tool reads, or else the terminal."""
        try:
            return await read_image(os.environ)
        except NoClipboardTool as no_tool:
            try:
                return await self.terminal_clipboard.read_image()
            except NoClipboardTool:
                raise no_tool from None

    # What all have in common

    def _start(self, attach: Callable[[], Awaitable[None]], *, is_counted: bool = False) -> None:
        """Run it as a worker; the prompt is not sent until it has ended."""
        prompt = self._chat.prompt
        if not is_counted:
            prompt.reading += 1

        async def run() -> None:
            try:
                await attach()
            except ChatError as error:
                self._chat.notify_error(error)
            finally:
                prompt.reading -= 1

        self._chat.run_worker(run, group="attach", exit_on_error=False)

    async def _put(self, reads: Sequence[Read], instead_of: str = "") -> None:
        conversation_id = self._chat.conversation.id
        parts = await self.stored(reads)
        if parts and conversation_id == self._chat.conversation.id:
            self._chat.prompt.insert_attachments(parts, instead_of)
        elif parts:
            self._chat.notify_warning("Nothing was attached: another conversation is open by now.")

    async def stored(self, reads: Sequence[Read]) -> list[tuple[AttachmentPart, int]]:
        """Store these files, and return them with their tokens; one that is refused or declined is left out."""
        parts: list[tuple[AttachmentPart, int]] = []
        model = split_ref(self._chat.conversation.model)[1]
        for read in reads:
            try:
                part, reason = await asyncio.to_thread(read)
            except AttachmentRefused as error:
                self._is_refused = True
                self._chat.notify_error(error)
                continue
            if reason and not await self._confirmed(reason):
                continue
            sha256 = await self._chat.context.store.put_blob(part.data)
            parts.append((replace(part, data=b"", sha256=sha256), round(part_tokens(part, model=model))))
        return parts

    async def _confirmed(self, reason: str) -> bool:
        choices = [Choice("no", "Do not attach"), Choice("yes", "Attach it")]
        async with self._asking:
            answer = self._chat.app.push_screen_wait(
                Picker(self._chat.keys, f"{clean_line(reason)} Attach it?", choices)
            )
            return await answer == "yes"


def _read_chosen(name: str) -> tuple[AttachmentPart, str]:
    path = Path(name).expanduser() if name.startswith("~/") else Path(name)
    return read_with_reason(path.absolute())


def _from_bytes(name: str, data: bytes) -> tuple[AttachmentPart, str]:
    part = attachment_from_bytes(name, data)
    if part.media_type.startswith("image/"):
        part = replace(part, name=f"{name}.{part.media_type.partition('/')[2]}")
    return part, reason_to_ask(part)

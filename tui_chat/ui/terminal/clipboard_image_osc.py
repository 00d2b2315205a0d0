"""Asks the terminal for the image in its clipboard by OSC 5522, which also works over SSH.

The driver reads the answers like keys, so that no other program races for them.
"""

import asyncio
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable

from tui_chat.ui.terminal.clipboard_image import IMAGE_TYPES, MOST_BYTES, NoClipboardImage, NoClipboardTool
from tui_chat.ui.terminal.messages import ClipboardAnswered, ClipboardSupported

PROBE = "\x1b[?5522$p"
PROBE_S = 1.0
ANSWER_S = 30.0
"""For the first answer: the terminal may ask the user."""
NEXT_S = 10.0
_FAULTS = {
    "EPERM": "The terminal did not allow reading its clipboard.",
    "ENOSYS": "The terminal cannot read its clipboard.",
    "EBUSY": "The terminal is busy with another request for its clipboard; try again.",
}


def read_request(types: str) -> str:
    """Return the sequence that asks for these types of the clipboard."""
    return f"\x1b]5522;type=read;{b64encode(types.encode()).decode()}\x1b\\"


class TerminalClipboard:
    """One question at a time, and its answers."""

    def __init__(self, write: Callable[[str], None], *, probe_s: float = PROBE_S) -> None:
        self._write = write
        self._probe_s = probe_s
        self._answers: asyncio.Queue[ClipboardAnswered | ClipboardSupported] | None = None

    def take(self, answer: ClipboardAnswered | ClipboardSupported) -> None:
        """Take an answer of the terminal; one that was not asked for is dropped."""
        if self._answers is not None:
            self._answers.put_nowait(answer)

    async def read_image(self) -> bytes:
        """Return the image; raise `NoClipboardTool` if the terminal knows no such request."""
        if self._answers is not None:
            raise NoClipboardImage(_FAULTS["EBUSY"])
        self._answers = asyncio.Queue()
        try:
            await self._probe()
            types = (await self._read(".")).decode("utf-8", "replace").split()
            wanted = next((kind for kind in IMAGE_TYPES if kind in types), None)
            if wanted is None:
                raise NoClipboardImage("The clipboard holds no image. Copy one first.")
            if data := await self._read(wanted):
                return data
            raise NoClipboardImage("The terminal sent no image.")
        finally:
            self._answers = None

    async def _probe(self) -> None:
        self._write(PROBE)
        try:
            answer = await self._next(self._probe_s)
        except NoClipboardImage:
            answer = None
        if not (isinstance(answer, ClipboardSupported) and answer.is_supported):
            raise NoClipboardTool("")

    async def _read(self, types: str) -> bytes:
        """Return all data that the terminal has for a request."""
        self._write(read_request(types))
        pieces: list[bytes] = []
        size, patience_s = 0, ANSWER_S
        while True:
            answer = await self._next(patience_s)
            patience_s = NEXT_S
            if not isinstance(answer, ClipboardAnswered):
                continue
            match answer.status:
                case "OK":
                    pass
                case "DATA":
                    # A list of types may come as one answer for each, whose type is the answer.
                    piece = _decoded(answer.payload) or (_decoded(answer.mime) if types == "." else b"")
                    pieces.append(b"" if types == "." and piece == b"." else piece)
                    size += len(piece)
                    if size > MOST_BYTES:
                        raise NoClipboardImage(
                            f"The image in the clipboard is larger than {MOST_BYTES // 1_000_000} MB."
                        )
                case "DONE":
                    return (b" " if types == "." else b"").join(pieces)
                case fault:
                    raise NoClipboardImage(_FAULTS.get(fault, "The terminal could not read its clipboard."))

    async def _next(self, patience_s: float) -> ClipboardAnswered | ClipboardSupported:
        assert self._answers is not None
        try:
            async with asyncio.timeout(patience_s):
                return await self._answers.get()
        except TimeoutError:
            raise NoClipboardImage("The terminal did not send its clipboard.") from None


def _decoded(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Error, ValueError):
        return b""

"""The images that this terminal shows: asks whether it can, and sends each one once."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from tui_chat.core.part import AttachmentPart
from tui_chat.ui.terminal import kitty_graphics
from tui_chat.ui.terminal.ssh import is_over_ssh

MAX_BYTES = 2_000_000
MAX_BYTES_OVER_SSH = 300_000
"""Of an image that is sent to the terminal; all output waits behind it."""
MAX_PICTURES = 24
"""In one conversation; others are shown by their names alone."""


@dataclass(frozen=True, slots=True)
class Picture:
    number: int
    """Its id in the terminal."""
    cells: tuple[int, int]
    """Columns and rows."""


class Pictures:
    """Off until the terminal has answered that it shows images within text."""

    def __init__(
        self,
        write: Callable[[str], None],
        load: Callable[[str], None],
        turned_on: Callable[[], None],
        *,
        can_convert: Callable[[], bool],
    ) -> None:
        """`load` gets the hash of an image that is to be sent; `turned_on` is called when images can be shown."""
        self._write = write
        self._load = load
        self._turned_on = turned_on
        self._can_convert = can_convert
        self._environ = dict(os.environ)
        self._is_asked = False
        self._has_graphics = False
        self._has_placeholders = "TMUX" in self._environ
        self._pictures: dict[str, Picture] = {}
        self._next = 0
        self._sent: set[str] = set()
        self._failed: set[str] = set()

    @property
    def is_on(self) -> bool:
        return self._has_graphics and self._has_placeholders

    @property
    def max_bytes(self) -> int:
        return MAX_BYTES_OVER_SSH if is_over_ssh(self._environ) else MAX_BYTES

    def picture(self, part: AttachmentPart, columns: int) -> Picture | None:
        """Return where to show an image; `None` where it cannot be shown. The terminal is asked the first time."""
        if part.pixels is None or not part.sha256 or min(part.pixels) < 1 or columns < 8:
            return None
        if not self.is_on:
            self._ask()
            return None
        is_ready = part.media_type == "image/png" and part.size <= self.max_bytes
        if part.sha256 in self._failed or not (is_ready or self._can_convert()):
            return None
        if part.sha256 not in self._pictures and len(self._pictures) >= MAX_PICTURES:
            return None
        cells = kitty_graphics.cells_of(part.pixels, columns)
        known = self._pictures.get(part.sha256)
        if known is None or known.cells != cells:
            number = known.number if known else kitty_graphics.image_id(self._next)
            self._next += known is None
            self._pictures[part.sha256] = known = Picture(number, cells)
            self._sent.discard(part.sha256)
        if part.sha256 not in self._sent:
            self._sent.add(part.sha256)
            self._load(part.sha256)
        return known

    def send(self, sha256: str, png: bytes) -> None:
        if (known := self._pictures.get(sha256)) is not None:
            for sequence in kitty_graphics.transmission(known.number, png, known.cells):
                self._write(kitty_graphics.wrapped(sequence, self._environ))

    def named(self, name: str) -> None:
        """Take the terminal's name."""
        self._has_placeholders = self._has_placeholders or kitty_graphics.has_placeholders(name)
        self._tell()

    def answered(self, *, is_ok: bool) -> None:
        """Take the answer whether the terminal shows images."""
        self._has_graphics = is_ok
        self._tell()

    def fail(self, sha256: str) -> None:
        """Stop showing an image that could not be sent."""
        self._failed.add(sha256)
        self._pictures.pop(sha256, None)
        self._sent.discard(sha256)
        self._turned_on()

    def send_again(self) -> None:
        """Send all images again: the terminal may have dropped them while another program had it."""
        for sha256 in self._sent:
            self._load(sha256)

    def clear(self) -> None:
        """Free the images in the terminal."""
        for sha256 in self._sent:
            self._write(kitty_graphics.wrapped(kitty_graphics.deletion(self._pictures[sha256].number), self._environ))
        self._pictures.clear()
        self._sent.clear()

    def _ask(self) -> None:
        if not self._is_asked and kitty_graphics.may_have_graphics(self._environ):
            self._is_asked = True
            if not self._has_placeholders:
                self._write(kitty_graphics.ASK_NAME)
            self._write(kitty_graphics.wrapped(kitty_graphics.ASK_GRAPHICS, self._environ))

    def _tell(self) -> None:
        if self.is_on:
            self._turned_on()

"""Keeps what is typed before the database is open, in a private file of its own. Knows no SQL."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from tui_chat.core.error import ChatError
from tui_chat.storage.private_files import make_private_directory

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

_PREFIX, _SUFFIX = "early-draft-", ".txt"


class EarlyDraft:
    """The text that this program got while it started, and the texts of programs that ended while they did.

    A file is locked while its writer lives. Where that or the file is impossible, nothing is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[Path, int] = {}
        """The files that this program has locked, with their handles."""
        self._own: int | None = None

    def save(self, text: str) -> None:
        """Keep the text in place of the last one."""
        if fcntl is None:
            return
        with suppress(OSError, ChatError):
            if self._own is None:
                make_private_directory(self._folder)
                path = self._folder / f"{_PREFIX}{os.urandom(8).hex()}{_SUFFIX}"
                flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
                self._own = self._files[path] = os.open(path, flags, 0o600)
                fcntl.flock(self._own, fcntl.LOCK_EX | fcntl.LOCK_NB)
            written = text.encode("utf-8", "replace")
            # In this order the file has the whole text or the last one at any moment.
            os.pwrite(self._own, written, 0)
            os.ftruncate(self._own, len(written))

    def left_behind(self) -> list[str]:
        """Return the texts of programs that ended before they stored them."""
        if fcntl is None:
            return []
        texts = []
        with suppress(OSError):
            for path in sorted(self._folder.glob(f"{_PREFIX}*{_SUFFIX}")):
                if path not in self._files and (text := self._take(path)).strip():
                    texts.append(text)
        return texts

    def _take(self, path: Path) -> str:
        """Lock the file and return its text; return an empty one while another program writes it."""
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return ""
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
                raise PermissionError(path)
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.lexists(path):  # another program took it meanwhile
                raise FileNotFoundError(path)
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            os.close(handle)
            return ""
        self._files[path] = handle
        return text

    def discard(self) -> None:
        """Remove the files: their texts are stored."""
        for path, handle in self._files.items():
            with suppress(OSError):
                path.unlink(missing_ok=True)
            os.close(handle)
        self._files.clear()
        self._own = None

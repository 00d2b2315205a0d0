"""The log's file handler. Apart from `log`, as only the first record needs `logging.handlers`."""

import os
import stat
from logging.handlers import RotatingFileHandler
from pathlib import Path

from tui_chat.paths import make_private


class PrivateFile(RotatingFileHandler):
    """A rotating file that only its owner may read, from its first byte."""

    def _open(self):  # type: ignore[no-untyped-def]
        make_private(Path(self.baseFilename).parent)
        return open(self.baseFilename, self.mode, encoding="utf-8", opener=_open_private)


def _open_private(path: str, flags: int) -> int:
    """Open a regular file of this user; never follow a link."""
    handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o600)
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or (hasattr(os, "geteuid") and found.st_uid != os.geteuid()):
        os.close(handle)
        raise PermissionError(f"{path} is not a file of this user")
    if found.st_mode & 0o077 and hasattr(os, "fchmod"):
        os.fchmod(handle, 0o600)
    return handle

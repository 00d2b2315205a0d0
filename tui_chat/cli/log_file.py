"""The file behind the log."""

import os
from logging.handlers import RotatingFileHandler


class PrivateFile(RotatingFileHandler):
    """A rotating file that nobody else may read, from its first byte."""

    def _open(self):  # type: ignore[no-untyped-def]
        return open(self.baseFilename, self.mode, encoding="utf-8", opener=_open_private)


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)

"""The log: a small rotating file of the user's own, without conversation text and without keys."""

import logging
import os
import re
from logging.handlers import RotatingFileHandler
from pathlib import Path

from tui_chat import paths

LARGEST_BYTES = 1_000_000
KEPT_FILES = 3
_SECRETS = re.compile(
    r"(?i)(bearer\s+|authorization['\":=\s]+|(?:x-)?api[-_]?key['\":=\s]+)[^\s'\",;]+|\b(?:sk|gsk|xai|key)-[\w-]{6,}"
)


def masked(text: str) -> str:
    """The text without what looks like a key."""
    return _SECRETS.sub(lambda found: f"{found[1] or ''}***", text)


class _Masking(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o600)


class _PrivateFile(RotatingFileHandler):
    """A rotating file that nobody else may read, from its first byte."""

    def _open(self):  # type: ignore[no-untyped-def]
        return open(self.baseFilename, self.mode, encoding="utf-8", opener=_open_private)


def start_log(*, debug: bool) -> Path | None:
    """Send all logging to the file and none to the terminal; `None` where no file can be written."""
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    # Below debug level these two libraries log whole requests, prompts included.
    for name in ("anthropic", "httpx2", "httpcore2", "openai", "markdown_it"):
        logging.getLogger(name).setLevel(logging.INFO if debug else logging.WARNING)
    logging.captureWarnings(True)
    path = paths.log_dir() / "tui-chat.log"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = _PrivateFile(path, maxBytes=LARGEST_BYTES, backupCount=KEPT_FILES, delay=True)
    except OSError:
        root.addHandler(logging.NullHandler())
        return None
    file.setFormatter(_Masking("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(file)
    logging.raiseExceptions = False
    return path

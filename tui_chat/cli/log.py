"""The log: a small rotating file of the user's own, without conversation text and without keys."""

import logging
import re
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


class _FileWhenNeeded(logging.Handler):
    """The file, made with the first line that is written: most runs write none."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._file is None:
            from tui_chat.cli.log_file import PrivateFile

            self._file = PrivateFile(self._path, maxBytes=LARGEST_BYTES, backupCount=KEPT_FILES, delay=True)
            self._file.setFormatter(self.formatter)
        self._file.emit(record)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


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
    except OSError:
        root.addHandler(logging.NullHandler())
        return None
    file = _FileWhenNeeded(path)
    file.setFormatter(_Masking("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(file)
    logging.raiseExceptions = False
    return path

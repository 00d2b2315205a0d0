"""The log: a small rotating file of the user's own, without conversation text and without keys."""

import logging
import re
import threading
import traceback
from pathlib import Path
from types import TracebackType

from tui_chat import paths

_log = logging.getLogger(__name__)

LARGEST_BYTES = 1_000_000
KEPT_FILES = 3
_SECRETS = re.compile(
    r"(?i)(bearer\s+|authorization['\":=\s]+|(?:x-)?api[-_]?key['\":=\s]+)[^\s'\",;]+|\b(?:sk|gsk|xai|key)-[\w-]{6,}"
)
_PACKAGE = "tui_chat"
_RAISED = re.compile(r"exception=(\w+)\(.*\)", re.DOTALL)
"""How asyncio logs the exception of a task that was never awaited: with the message, which may hold user text."""
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def masked(text: str) -> str:
    """Replace everything that looks like a key."""
    return _SECRETS.sub(lambda found: f"{found[1] or ''}***", text)


def trace_of(error: BaseException | None) -> str:
    """Return the traceback, oldest cause first, without messages, which may hold user text."""
    lines: list[str] = []
    while error is not None:
        reason = f": {error.strerror}" if isinstance(error, OSError) else ""
        lines[:0] = [*traceback.format_tb(error.__traceback__), f"{type(error).__qualname__}{reason}\n"]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "".join(lines).rstrip("\n")


def place_of(error: BaseException) -> str:
    """Return the error's type and where in this package it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _PACKAGE in Path(frame.filename).parts]
    name = type(error).__qualname__
    if not ours:
        return name
    parts = Path(ours[-1].filename).parts
    return f"{name} at {'/'.join(parts[len(parts) - parts[::-1].index(_PACKAGE) :])}:{ours[-1].lineno}"


class _Masking(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return masked(_RAISED.sub(r"exception=\1", super().format(record)))

    def formatException(self, ei: _ExcInfo) -> str:
        return trace_of(ei[1])


class _FileWhenNeeded(logging.Handler):
    """A handler that opens its file at the first record: most runs write none."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._file: logging.Handler | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if self._file is None:
            from tui_chat.cli.log_handler import PrivateFile

            self._file = PrivateFile(self._path, maxBytes=LARGEST_BYTES, backupCount=KEPT_FILES, delay=True)
            self._file.setFormatter(self.formatter)
        self._file.emit(record)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()


def log_path() -> Path:
    """Return the path of the log; the file is created by the first record."""
    return paths.log_dir() / "tui-chat.log"


def start_log(*, debug: bool) -> None:
    """Send all logging to the file, none to the terminal."""
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        root.removeHandler(handler)
    root.setLevel(logging.DEBUG if debug else logging.WARNING)
    # Below debug level these libraries log whole requests, prompts included.
    for name in ("httpx2", "httpcore2", "markdown_it"):
        logging.getLogger(name).setLevel(logging.INFO if debug else logging.WARNING)
    logging.captureWarnings(True)
    file = _FileWhenNeeded(log_path())
    file.setFormatter(_Masking("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(file)
    logging.raiseExceptions = False
    # Python would print the traceback into the app's screen.
    threading.excepthook = lambda args: _log.error("an exception in a thread", exc_info=args.exc_value)

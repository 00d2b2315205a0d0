"""File names that are valid on any system, from names and titles of any kind."""

import re
from contextlib import suppress
from pathlib import Path

from tui_chat.core.clean import clean_line

_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
_MAX_CHARACTERS, _MAX_BYTES = 100, 200


def valid_file_name(text: str) -> str:
    """Return the text as part of a file name; empty if no character can be used."""
    name = _NOT_IN_NAMES.sub(" ", clean_line(text))
    name = " ".join(name.replace("\ufffd", " ").split()).lstrip("-. ").rstrip(". ")
    return f"_{name}" if _DEVICES.match(name) else name


def safe_file_name(text: str) -> str:
    """Return the text as a whole file name of a bounded length that keeps its ending."""
    stem, dot, ending = (valid_file_name(text) or "file").rpartition(".")
    if not dot or len(ending) > 10:
        stem, dot, ending = f"{stem}{dot}{ending}", "", ""
    stem = stem[:_MAX_CHARACTERS].encode()[:_MAX_BYTES].decode(errors="ignore")
    return f"{stem.rstrip('. ')}{dot}{ending}"


def absolute_path(name: str) -> Path:
    """Return the absolute path; the home of an unknown user stays a plain folder name."""
    path = Path(name)
    with suppress(RuntimeError):
        path = path.expanduser()
    return path.absolute()

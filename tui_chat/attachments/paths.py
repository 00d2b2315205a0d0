"""Reads file paths out of a drop or a paste. Must not open the files.

A terminal inserts the path of a dropped file as text: raw, with backslashes, in quotes, as `file://` URL, or as a
Windows path under WSL; several are separated by spaces or line breaks.
"""

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

LONGEST_DROP = 32_000
"""Characters; a longer text is surely no list of paths."""
MOST_DROPPED = 100
_STARTS = re.compile(r"""["']?(?:/|~/|file://|[A-Za-z]:[\\/]|\\\\)""")
"""How an absolute path starts: a relative one is a word that only happens to be a file name here."""
_DRIVE = re.compile(r"([A-Za-z]):[\\/](.*)", re.DOTALL)
_WSL_SHARE = re.compile(r"\\\\(?:wsl\$|wsl\.localhost)\\[^\\]+\\(.*)", re.DOTALL | re.IGNORECASE)
_WINDOWS_WORD = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|(\S+))""")


def dropped_paths(text: str) -> list[Path]:
    """Return the files whose paths are the whole text; empty if any part of it is something else."""
    text = text.strip()
    if len(text) > LONGEST_DROP or not _STARTS.match(text):
        return []
    for words in _readings(text):
        paths = [path_of(word) for word in words]
        if 0 < len(paths) <= MOST_DROPPED and all(path is not None and is_file(path) for path in paths):
            return [path for path in paths if path is not None]
    return []


def _readings(text: str) -> Iterator[list[str]]:
    """Yield the ways to split the text, the most literal first."""
    yield [text]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        yield lines
    with suppress(ValueError):  # a quote that is not closed
        yield shlex.split(text)
    yield [next(filter(None, word), "") for word in _WINDOWS_WORD.findall(text)]


def path_of(word: str) -> Path | None:
    """Return the path that one word of a drop names; `None` if it is no absolute path."""
    if "\x00" in word:
        return None
    if word.startswith("file://"):
        with suppress(ValueError):
            address = urlsplit(word)
            if address.netloc in ("", "localhost"):
                return _local_path(unquote(address.path))
        return None
    if share := _WSL_SHARE.fullmatch(word):
        return Path("/" + share[1].replace("\\", "/"))
    if drive := _DRIVE.fullmatch(word):
        return Path(f"/mnt/{drive[1].lower()}/" + drive[2].replace("\\", "/"))
    return _local_path(word)


def _local_path(word: str) -> Path | None:
    if word.startswith("~/"):
        with suppress(RuntimeError):  # no home is known
            return Path(word).expanduser()
    return Path(word) if word.startswith("/") else None


def is_file(path: Path) -> bool:
    """Return whether it is a file; a text may be no valid file name."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False

"""Read and list files of the working folder as text for a model. Everything here blocks: call it in a thread."""

import os
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path

from tui_chat.attachments.kind import IMAGES, SNIFFED_BYTES, kind_of
from tui_chat.attachments.limits import FILE_MAX_BYTES
from tui_chat.attachments.read_file import attachment_from_bytes
from tui_chat.attachments.secret_files import has_secret_name
from tui_chat.core.error import AttachmentRefused
from tui_chat.core.part import AttachmentPart
from tui_chat.tools.folder import Location, NotReadable, WorkingFolder

MAX_CHARACTERS = 28_000
"""Of one answer: below the limit of a result, so that it ends at a line with how to read on."""
MAX_NAMES = 500
MAX_COUNT = 5_000
_MAX_LINE = 2_000
_MAX_SCANNED = 50_000_000
_MAX_FILES = 100_000
_GIT_LIMIT_S = 15.0
_HEAVY = frozenset({"node_modules", "__pycache__", "target", "venv", "dist", "build"})
_GIT = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
"""Without the file system monitor, which is a command that the repository names."""


def read_file(folder: WorkingFolder, location: Location, first: int, count: int) -> str:
    """Return numbered lines of a text file, and how to read on."""
    with folder.open(location) as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8_192)
        if b"\x00" in start:
            raise NotReadable(f"{location.shown} is a binary file of {size:,} bytes.")
        file.seek(0)
        taken: list[str] = []
        length = number = 0
        for number, raw in enumerate(_lines(file.read(_MAX_SCANNED)), 1):
            if number < first:
                continue
            text = raw.decode("utf-8", "replace").rstrip("\r\n")
            line = f"{number:>6}  {text if len(text) <= _MAX_LINE else text[:_MAX_LINE] + ' […]'}"
            if len(taken) == count or (taken and length + len(line) > MAX_CHARACTERS):
                return "\n".join(taken) + f"\n[There is more: read on with first={number}.]"
            taken.append(line)
            length += len(line) + 1
    if not taken:
        return f"[{location.shown} has {number:,} lines.]" if size else f"[{location.shown} is empty.]"
    note = "" if size <= _MAX_SCANNED else f"\n[The file is longer: only its first {_MAX_SCANNED:,} bytes were read.]"
    return "\n".join(taken) + note


def read_image(folder: WorkingFolder, location: Location) -> AttachmentPart | None:
    """Return an image that models take; `None` for any other file."""
    with folder.open(location) as file:
        start = file.read(SNIFFED_BYTES)
        if kind_of(start, location.path.name).media_type not in IMAGES:
            return None
        data = start + file.read(FILE_MAX_BYTES + 1 - len(start))
    try:
        return attachment_from_bytes(location.path.name, data)
    except AttachmentRefused as error:
        raise NotReadable(f"{error.message}.") from error


def image_words(image: AttachmentPart) -> str:
    """Return what is in a result for an image that goes with it."""
    size = f", {image.pixels[0]:,}×{image.pixels[1]:,} pixels" if image.pixels else ""
    return f"[{image.name}, {image.media_type}{size}, {image.size:,} bytes]"


def _lines(data: bytes) -> Iterator[bytes]:
    start = 0
    while start < len(data):
        end = data.find(b"\n", start)
        end = len(data) if end < 0 else end + 1
        yield data[start:end]
        start = end


def list_files(folder: WorkingFolder, location: Location, pattern: str) -> str:
    """Return the paths of files below a folder, one a line."""
    folder.check_folder(location)
    matching = (path for path in paths_below(location.path) if _matches(path, pattern))
    names = sorted(islice(matching, _MAX_FILES))
    if not names:
        return f"[No file below {location.shown} matches {pattern}.]"
    shown = [name if location.shown == "." else f"{location.shown}/{name}" for name in names[:MAX_NAMES]]
    more = len(names) - len(shown)
    return "\n".join(shown) + (f"\n[{more:,} more: narrow the pattern or the path.]" if more else "")


def paths_below(root: Path) -> Iterator[str]:
    """Yield the files that git knows or would add, or else all but hidden ones; relative, with `/`."""
    listed = _git_paths(root)
    return iter(listed) if listed is not None else _walk(root)


def _git_paths(root: Path) -> list[str] | None:
    try:
        done = subprocess.run(
            _GIT,
            cwd=root,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    return list(dict.fromkeys(os.fsdecode(name) for name in done.stdout.split(b"\0") if name))


def _walk(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _HEAVY)
        below = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in sorted(files):
            if not name.startswith("."):
                yield name if below == "." else f"{below}/{name}"


def _matches(path: str, pattern: str) -> bool:
    """Return whether a path matches; a pattern without a slash is one for the name."""
    wanted = path if "/" in pattern else path.rpartition("/")[2]
    return fnmatchcase(wanted, pattern.replace("**/", "*")) if pattern else True


def searchable(root: Path, pattern: str) -> Iterator[str]:
    """Yield the files below a folder that may be searched unasked: none that probably holds secrets."""
    for path in islice(paths_below(root), _MAX_FILES):
        if _matches(path, pattern) and not has_secret_name(path):
            yield path

"""Whether a file was written, found without opening it: cheap enough to ask every second."""

import time
from pathlib import Path

_SETTLED_S = 1.0
"""A file written more recently may be written again within the resolution of its time stamp."""


def file_stamp(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when the file is written: inode, size and time; `None` if it may be written again soon."""
    try:
        found = path.stat()
    except OSError:
        return None
    if abs(time.time() - found.st_mtime) < _SETTLED_S:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns

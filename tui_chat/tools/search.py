"""Search files with a regular expression. Runs as a process of its own, since an expression may take forever.

Reads one JSON object from stdin, and prints the result as text.
"""

import json
import re
import sys
from pathlib import Path

from tui_chat.tools.files import searchable
from tui_chat.tools.folder import NotReadable, WorkingFolder

MAX_HITS = 200
_MAX_FILE_BYTES = 2_000_000
_MAX_LINE = 300


def search(root: Path, below: str, pattern: str, regex: str) -> str:
    """Return the matching lines, each with its file and number."""
    try:
        wanted = re.compile(regex)
    except re.error as error:
        return f"[The regular expression is not valid: {error}.]"
    folder = WorkingFolder(root)
    start = folder.root / below
    hits: list[str] = []
    for path in searchable(start, pattern):
        shown = path if below == "." else f"{below}/{path}"
        for line in _hits_in(folder, start / path, shown, wanted):
            if len(hits) == MAX_HITS:
                return "\n".join(hits) + f"\n[More than {MAX_HITS} lines match: narrow the expression or the path.]"
            hits.append(line)
    return "\n".join(hits) or "[Nothing matches.]"


def _hits_in(folder: WorkingFolder, path: Path, shown: str, wanted: re.Pattern[str]) -> list[str]:
    location = folder.locate(str(path))
    if location.path != path or location.has_secrets:
        return []  # a link, or a file that needs the user's answer
    try:
        with folder.open(location) as file:
            data = file.read(_MAX_FILE_BYTES)
    except NotReadable:
        return []
    if b"\x00" in data[:8_192]:
        return []
    lines = data.decode("utf-8", "replace").split("\n")
    return [
        f"{shown}:{number}: {line.strip()[:_MAX_LINE]}" for number, line in enumerate(lines, 1) if wanted.search(line)
    ]


def main() -> None:
    """Search as the JSON on stdin asks."""
    job = json.load(sys.stdin)
    found = search(Path(job["root"]), job["below"], job["pattern"], job["regex"])
    sys.stdout.buffer.write(found.encode("utf-8", "replace"))


if __name__ == "__main__":
    main()

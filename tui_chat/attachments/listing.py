"""Lists the files that `@` completes: those git knows or would add, else a bounded walk. Must not know a screen.

Reading and searching happen in threads, and rows are there while the list still grows. A file that probably holds
secrets is never listed.
"""

import os
import re
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from heapq import nsmallest
from itertools import repeat
from pathlib import Path

from tui_chat.attachments.secret_files import has_secret_name

MOST_FILES = 200_000
_MOST_IN_FOLDER = 20_000
_DEEPEST = 16
_LONGEST_WALK_S = 20.0
_PIECE = 65536
_PAUSE_S = 0.001
"""After each piece, so that a key that is pressed meanwhile does not wait for the whole list."""
_AT_ONCE = 1000
"""Files of a walk after which the search sees them."""
_MOST_RANKED = 1000
_HEAVY = frozenset({"node_modules", "__pycache__", "target", "venv", "dist", "build"})
"""Folders that a walk does not enter where no git lists what to ignore."""
_GIT = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z", "--exclude-standard")
"""Without the file system monitor, which is a command that the repository names."""


class FileListing:
    def __init__(self, root: Path) -> None:
        self.root = root
        self._paths: list[str] = []
        self._folded: list[str] = []
        """The paths in lower case, at the same indexes."""
        self._depths: list[int] = []
        self._folders: dict[str, None] = {}
        """All folders of the paths, each with its slash."""
        self._last_hits: tuple[str, int, Sequence[int]] = ("", 0, ())
        """What was searched last, among how many files, and the indexes of those that matched."""
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def is_complete(self) -> bool:
        """Whether the list does not grow any more."""
        return self._thread is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Start to list, in a thread."""
        self._thread = threading.Thread(target=self._list, name="file-listing", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the listing; what was found stays."""
        self._stopped.set()
        for process in tuple(self._processes):
            with suppress(OSError):
                process.kill()

    # Reading

    def _list(self) -> None:
        # What git tracks is in its index and comes at once; for the rest it reads every folder.
        if not self._list_by_git("--cached"):
            self._walk()
        else:
            self._list_by_git("--others")

    def _list_by_git(self, which: str) -> bool:
        """Add the files that git lists. Return False where there is no git or no repository."""
        environ = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
        try:
            process = subprocess.Popen(
                [*_GIT, which],
                cwd=self.root,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            return False
        self._processes.append(process)
        with process:
            assert process.stdout is not None
            rest = b""
            while not self._is_full and (data := process.stdout.read1(_PIECE)):  # type: ignore[attr-defined]
                data = rest + data
                end = data.rfind(b"\0")
                rest = data[end + 1 :]
                if end >= 0:
                    self._add(os.fsdecode(data[:end]).split("\0"))
                    time.sleep(_PAUSE_S)
            if self._is_full:
                process.kill()
        return process.returncode == 0 or self._is_full

    def _walk(self) -> None:
        """Add files folder by folder, those of the nearest first."""
        until_s = time.monotonic() + _LONGEST_WALK_S
        waiting: deque[tuple[str, int]] = deque([("", 0)])
        found: list[str] = []
        while waiting and not self._is_full and time.monotonic() < until_s:
            folder, depth = waiting.popleft()
            for entry in _entries(self.root / folder):
                if entry.name.startswith("."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if depth < _DEEPEST and entry.name not in _HEAVY:
                        waiting.append((f"{folder}{entry.name}/", depth + 1))
                elif _is_file(entry):
                    found.append(folder + entry.name)
            if len(found) >= _AT_ONCE or depth == 0:
                self._add(found)
                found = []
        self._add(found)

    @property
    def _is_full(self) -> bool:
        return self._stopped.is_set() or len(self._paths) >= MOST_FILES

    def _add(self, paths: Sequence[str]) -> None:
        if not paths:
            return
        for folder in {path[: path.rfind("/") + 1] for path in paths}:
            while folder and folder not in self._folders:
                self._folders[folder] = None
                folder = folder[: folder.rfind("/", 0, -1) + 1]
        # A search in another thread counts the folded ones, so that it never finds one of the two missing.
        self._paths += paths
        self._depths += map(str.count, paths, repeat("/"))
        self._folded += map(str.lower, paths)

    # Searching

    def find(self, typed: str, most: int, is_wanted: Callable[[], bool] = lambda: True) -> list[str]:
        """Return the best matches, folders with their slash; a typed folder is listed with its ignored files.

        Takes some 10 ms for 50,000 files, so it is called in a thread. Gives up when it is not wanted any more.
        """
        raw = _in_typed_folder(self.root, typed, most) if _names_folder(typed) else []
        if typed.startswith(("~", "/", "./", "../")) or len(raw) >= most:
            return raw[:most]
        found = dict.fromkeys(raw)
        for path in self._matches(typed.lower(), most, is_wanted):
            if len(found) >= most:
                break
            if not has_secret_name(path) and (path.endswith("/") or os.path.lexists(self.root / path)):
                found[path] = None
        return list(found)

    def _matches(self, typed: str, most: int, is_wanted: Callable[[], bool]) -> Iterator[str]:
        """Yield the matching paths, the best first."""
        folders = [folder for folder in tuple(self._folders) if typed in folder.lower()]
        count = len(self._folded)
        before, before_count, hits = self._last_hits
        if typed and not (before_count == count and before and typed.startswith(before)):
            hits = range(count)
        hits = [at for at in hits if typed in self._folded[at]] if typed else range(count)
        self._last_hits = (typed, count, hits)
        ranked = [(_rank(typed, path.lower()), path) for path in folders]
        if len(hits) > _MOST_RANKED:
            # Too little is typed to rank by: those of the nearest folders come first.
            hits = nsmallest(_MOST_RANKED, hits, key=self._depths.__getitem__)
        ranked += [(_rank(typed, self._folded[at]), self._paths[at]) for at in hits]
        yield from (path for _, path in nsmallest(2 * most, ranked))
        if len(ranked) < most and len(typed) > 1 and is_wanted():
            # Each letter in turn, in one pass: no path takes long.
            letters = re.compile("".join(f"[^{re.escape(letter)}]*{re.escape(letter)}" for letter in typed))
            loose = [at for at in range(count) if letters.match(self._folded[at]) and typed not in self._folded[at]]
            yield from (self._paths[at] for at in nsmallest(most, loose, key=lambda at: len(self._folded[at])))


def _rank(typed: str, path: str) -> tuple[int, int, int, str]:
    """Return what orders matches: a name that starts with the typed text first, then one that has it."""
    name = path.rstrip("/").rpartition("/")[2]
    kind = 0 if name.startswith(typed) else 1 if typed in name else 2
    return kind, path.count("/") - path.endswith("/"), len(path), path


def _names_folder(typed: str) -> bool:
    return typed[:1] == "~" or "/" in typed


def _in_typed_folder(root: Path, typed: str, most: int) -> list[str]:
    """Return what is in the folder that is typed, whose names start with the rest, with the typed folder in front."""
    lead, slash, prefix = typed.rpartition("/")
    if not slash:
        return ["~/"] if typed == "~" else []
    folder = Path(lead + slash)
    with suppress(RuntimeError):  # the home of an unknown user stays a plain folder name
        folder = folder.expanduser()
    prefix = prefix.lower()
    names = [
        f"{entry.name}/" if _is_folder(entry) else entry.name
        for entry in _entries(root / folder)
        if entry.name.lower().startswith(prefix) and (prefix or entry.name[0] != ".")
    ]
    shown = [lead + slash + name for name in sorted(names, key=lambda name: (name[-1] != "/", name.lower()))]
    return [path for path in shown if path[-1] == "/" or not has_secret_name(path)][:most]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return some entries of a folder; none of one that cannot be read."""
    found: list[os.DirEntry[str]] = []
    with suppress(OSError, ValueError), os.scandir(folder) as entries:
        for entry in entries:
            found.append(entry)
            if len(found) >= _MOST_IN_FOLDER:
                break
    return found


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads back to itself
        return False

"""The working folder: finds out where a path leads, and opens files so that no link and no race leads elsewhere."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tui_chat.attachments.secret_files import has_secret_name
from tui_chat.core.tool import ArgumentsRefused

_FOLLOWS_NO_LINK = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_NEVER_WAITS = getattr(os, "O_NONBLOCK", 0)
_IS_FOLDER = getattr(os, "O_DIRECTORY", 0)


class NotReadable(Exception):
    """A file cannot be read; the message is a sentence for the model."""


@dataclass(frozen=True, slots=True)
class Location:
    """Where a path leads, with all links followed at the time it was looked at."""

    path: Path
    """Absolute."""
    shown: str
    """Relative to the working folder where it is inside, else absolute."""
    is_inside: bool
    has_secrets: bool
    """Whether its name, or the name that was asked for, is one of files that hold secrets."""


class WorkingFolder:
    """The folder in which tools may read unasked."""

    def __init__(self, root: Path, private: tuple[Path, ...] = ()) -> None:
        """`private` folders, such as the one of the database, are never inside."""
        self.root = root.resolve()
        self._private = tuple(path.resolve() for path in private)

    def locate(self, given: str) -> Location:
        """Return where a path leads."""
        try:
            asked = Path(given).expanduser()
            path = (self.root / asked).resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise ArgumentsRefused(f"The path {given} cannot be followed: {error}.") from None
        is_private = any(path.is_relative_to(private) for private in self._private)
        is_inside = path.is_relative_to(self.root) and not is_private
        shown = str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)
        # Folders above the working folder do not matter for a file in it.
        names = (shown if is_inside else str(path), given)
        return Location(path, shown, is_inside, is_private or any(map(has_secret_name, names)))

    @contextmanager
    def open(self, location: Location) -> Iterator[BinaryIO]:
        """Open a plain file at exactly this location; raises `NotReadable` for anything else."""
        try:
            descriptor = _open_without_links(location.path, _NEVER_WAITS)
        except OSError as error:
            raise NotReadable(_reason(location, error)) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise NotReadable(f"{location.shown} is not a plain file.")
        with os.fdopen(descriptor, "rb") as file:
            yield file

    def check_folder(self, location: Location) -> None:
        """Raise `NotReadable` unless this is a folder that can be listed."""
        try:
            os.close(_open_without_links(location.path, _IS_FOLDER))
        except OSError as error:
            raise NotReadable(_reason(location, error)) from error


def _open_without_links(path: Path, flags: int) -> int:
    """Open a resolved path name by name: a link that took the place of one of them is refused."""
    if os.open not in os.supports_dir_fd:
        return os.open(path, _FOLLOWS_NO_LINK | flags)
    anchor, *names = path.parts
    folder = os.open(anchor, _FOLLOWS_NO_LINK | _IS_FOLDER)
    try:
        for name in names[:-1]:
            inner = os.open(name, _FOLLOWS_NO_LINK | _IS_FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(names[-1] if names else ".", _FOLLOWS_NO_LINK | flags, dir_fd=folder)
    finally:
        os.close(folder)


def _reason(location: Location, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"There is no {location.shown}."
    return f"{location.shown} cannot be read: {error.strerror or error}."

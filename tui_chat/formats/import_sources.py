"""Opens the files to import: a JSON file, or those with conversations in a folder or a zip."""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from tui_chat.core.error import FormatError
from tui_chat.formats.json_stream import Readable
from tui_chat.formats.piped_import import Pipe

ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_EXPORT = re.compile(r"(^|/)conversations(-\d+)?\.json$")
_ANY_JSON = re.compile(r"\.jsonl?$", re.IGNORECASE)
_MOST_BYTES = 64 * 1024**3
_BOMB_RATIO = 300
_BOMB_BYTES = 1024**3
"""A zip member this large with this compression ratio holds no conversations."""
_ENCRYPTED = 0x1

T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Called with done and total, in bytes or, for a database, in conversations; a total of 0 is unknown."""


@dataclass(frozen=True, slots=True)
class Source:
    """One JSON file, alone or within a zip."""

    name: str
    stream: Readable


class _CountingStream:
    """A stream that reports how far it was read."""

    def __init__(self, stream: Readable, advance: Callable[[int], None], name: str) -> None:
        self._stream = stream
        self._tell = advance
        self._name = name

    def read(self, size: int, /) -> bytes:
        try:
            data = self._stream.read(size)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError) as error:
            raise FormatError(f"{self._name} cannot be read: {error}") from None
        self._tell(len(data))
        return data


def json_sources(path: Path, progress: Progress) -> Iterator[Source]:
    """Yield the JSON files in or at a path; read each before asking for the next."""
    if zipfile.is_zipfile(path):
        yield from zip_sources(path, progress)
        return
    files = _files_in(path) if path.is_dir() else [path]
    with counting_progress(progress, sum(file.stat().st_size for file in files)) as advance:
        for file in files:
            with file.open("rb") as stream:
                yield Source(file.name, _CountingStream(stream, advance, file.name))


def pipe_source(pipe: Pipe, progress: Progress) -> Iterator[Source]:
    """Yield a pipe as one JSON file of unknown length."""
    with counting_progress(progress, 0) as advance:
        yield Source(pipe.name, _CountingStream(pipe, advance, pipe.name))


def _files_in(folder: Path) -> list[Path]:
    """Return the files of an export that was unpacked already."""
    files = sorted(file for file in folder.iterdir() if file.is_file())
    return _with_conversations({file.name: file for file in files}, "folder")


def zip_sources(path: Path | BinaryIO, progress: Progress) -> Iterator[Source]:
    """Return the JSON files in a zip."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise FormatError(f"the zip cannot be read: {error}") from None
    with archive:
        files = sorted((file for file in archive.infolist() if not file.is_dir()), key=lambda file: file.filename)
        members = _with_conversations({file.filename: file for file in files}, "zip")
        with counting_progress(progress, sum(member.file_size for member in members)) as advance:
            for member in members:
                yield from _member(archive, member, advance)


def _with_conversations(files: dict[str, T], holder: str) -> list[T]:
    """Return the files to read: those named like an export, or else every JSON file."""
    for names in (_EXPORT, _ANY_JSON):
        if found := [file for name, file in files.items() if names.search(name)]:
            return found
    raise FormatError(f"there is no JSON file in this {holder}")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, advance: Callable[[int], None]) -> Iterator[Source]:
    name = member.filename
    if member.flag_bits & _ENCRYPTED:
        raise FormatError(f"{name} is encrypted; unpack the zip first")
    packed_smaller = member.file_size > _BOMB_RATIO * max(member.compress_size, 1)
    if member.file_size > _MOST_BYTES or (packed_smaller and member.file_size > _BOMB_BYTES):
        raise FormatError(f"{name} would unpack to {member.file_size:,} bytes, which no export does")
    try:
        stream = archive.open(member)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        raise FormatError(f"{name} cannot be read: {error}") from None
    with stream:
        yield Source(name, _CountingStream(stream, advance, name))


@contextmanager
def counting_progress(progress: Progress, total: int) -> Iterator[Callable[[int], None]]:
    """Yield a function that adds to the bytes read and reports the sum."""
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        progress(done, total)

    yield advance

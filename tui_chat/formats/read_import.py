"""Reads conversations from any file this program knows; the content decides the format, not the name.

`FORMATS` is the one list of import formats.
"""

import os
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from tui_chat.collector import collector_paused
from tui_chat.core.error import FormatError
from tui_chat.formats import chatgpt, claude, elia, librechat, llm, native_schema
from tui_chat.formats.foreign_database import MAGIC, ForeignDatabase, open_database
from tui_chat.formats.import_sources import (
    ZIP_STARTS,
    Progress,
    Source,
    counting_progress,
    json_sources,
    pipe_source,
    zip_sources,
)
from tui_chat.formats.import_tree import MOST_MESSAGES, TOO_MANY_MESSAGES, Imported, Skipped
from tui_chat.formats.json_access import list_of, parse_json, text_of
from tui_chat.formats.json_stream import RawValue, json_values
from tui_chat.formats.piped_import import PathKind, open_pipe, path_kind, spool
from tui_chat.formats.plugin_formats import loaded_formats


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """A format whose conversations are JSON objects."""

    name: str
    matches: Callable[[dict[str, Any]], bool]
    read: Callable[[dict[str, Any]], Imported]


@dataclass(frozen=True, slots=True)
class DatabaseFormat:
    """A format whose conversations are in a SQLite database that has at least these tables."""

    name: str
    tables: set[str]
    ids: Callable[[ForeignDatabase], Iterator[Any]]
    read: Callable[[ForeignDatabase, Any], Imported]


def _native(value: dict[str, Any]) -> Imported:
    if len(list_of(value.get("turns"))) > MOST_MESSAGES:
        raise FormatError(TOO_MANY_MESSAGES)
    return Imported(native_schema.conversation_from(value))


FORMATS: tuple[JsonFormat | DatabaseFormat, ...] = (
    JsonFormat("tui-chat", native_schema.is_conversation, _native),
    JsonFormat("ChatGPT export", chatgpt.is_conversation, chatgpt.conversation_from),
    JsonFormat("Claude.ai export", claude.is_conversation, claude.conversation_from),
    JsonFormat("LibreChat", librechat.is_conversation, librechat.conversation_from),
    DatabaseFormat("llm logs.db", llm.TABLES, llm.conversation_ids, llm.conversation),
    DatabaseFormat("elia database", elia.TABLES, elia.conversation_ids, elia.conversation),
)
"""Every format that can be imported, first match wins: a new format is a module of its own and one entry here."""
_MOST_REPORTED = 50
"""Values without a conversation that are reported if a conversation follows them in the file."""
_UNKNOWN = "it holds no conversations in a format that can be imported: " + ", ".join(known.name for known in FORMATS)


def conversations_in(path: Path, progress: Progress | None = None) -> Generator[Imported | Skipped, None, None]:
    """Return every conversation in a file, folder or pipe, one after another, or why it could not be read.

    `-` is standard input. An exception that `progress` raises ends the reading, also while a pipe is waited for.
    """
    progress = progress or _no_progress
    try:
        place = path_kind(path)
        if place is PathKind.PIPE:
            yield from _from_pipe(path, progress)
        elif place is PathKind.FILE and _is_database(path):
            with open_database(path) as database:
                yield from _from_database(database, path.name, progress)
        else:
            yield from _from_json(path.name, json_sources(path, progress))
    except OSError as error:
        raise _unreadable(path, error) from None


def _from_pipe(path: Path, progress: Progress) -> Iterator[Imported | Skipped]:
    """Read a pipe once: JSON as it comes, databases and zips from a temporary file."""
    with open_pipe(path, lambda: progress(0, 0)) as pipe:
        start = pipe.start(len(MAGIC))
        if start == MAGIC:
            with tempfile.TemporaryDirectory(prefix="tui-chat-", ignore_cleanup_errors=True) as folder:
                copy = Path(folder) / "pipe.db"
                with copy.open("wb") as file, counting_progress(progress, 0) as advance:
                    spool(pipe, file, advance)
                with open_database(copy) as database:
                    if os.name == "posix":
                        copy.unlink()  # so that it does not stay if the program is killed
                    yield from _from_database(database, pipe.name, progress)
        elif start.startswith(ZIP_STARTS):
            with tempfile.TemporaryFile() as file:
                with counting_progress(progress, 0) as advance:
                    spool(pipe, file, advance)
                yield from _from_json(pipe.name, zip_sources(file, progress))
        else:
            yield from _from_json(pipe.name, pipe_source(pipe, progress))


def _from_json(name: str, sources: Iterable[Source]) -> Iterator[Imported | Skipped]:
    found = 0
    broken: list[Skipped] = []
    try:
        for source in sources:
            try:
                for item in _in_source(source):
                    found += 1
                    yield item
            except FormatError as error:
                broken.append(Skipped(f"the rest of {source.name}", error.message))
    except FormatError as error:
        broken.append(Skipped(name, error.message))
    if not found:
        raise FormatError(broken[0].why if broken else _UNKNOWN)
    yield from broken


def _in_source(source: Source) -> Iterator[Imported | Skipped]:
    """Yield the conversations of one JSON file; nothing if it holds something else."""
    # Values without a conversation are reported only in a file with conversations: an export has other files too.
    pending: list[Skipped] = []
    is_known = False
    for raw in json_values(source.stream):
        is_known = is_known or bool(raw.why)
        for value in _values(raw):
            which = _name_of(value) or f"number {raw.number} in {source.name}"
            kind = _format_of(value)
            is_known = is_known or kind is not None
            with collector_paused():
                item = _conversation(value, kind, which)
            if is_known:
                yield from pending
                pending.clear()
                yield item
            elif isinstance(item, Skipped) and len(pending) < _MOST_REPORTED:
                pending.append(item)


def _values(raw: RawValue) -> Iterator[object]:
    """Yield the possible conversations in one value of a file, or why it has none."""
    if raw.data is None:
        yield FormatError(raw.why)
        return
    try:
        with collector_paused():
            value = parse_json(raw.take() or b"")
    except FormatError as error:
        yield error
        return
    wrapped = value.get("conversations") if isinstance(value, dict) else None
    yield from wrapped if isinstance(wrapped, list) else [value]


def _conversation(value: object, kind: JsonFormat | None, which: str) -> Imported | Skipped:
    if isinstance(value, FormatError):
        return Skipped(which, value.message)
    if kind is None or not isinstance(value, dict):
        return Skipped(which, "this is no conversation in a known format")
    try:
        return kind.read(value)
    except FormatError as error:
        return Skipped(which, error.message)


def _format_of(value: object) -> JsonFormat | None:
    if not isinstance(value, dict):
        return None
    built_in = (known for known in FORMATS if isinstance(known, JsonFormat))
    return next((known for known in chain(built_in, _plugin_formats()) if known.matches(value)), None)


@cache
def _plugin_formats() -> tuple[JsonFormat, ...]:
    """Return the formats of other packages that can be read."""
    return tuple(
        JsonFormat(plugin.name, loaded.matches, loaded.read)
        for plugin, loaded in loaded_formats()
        if hasattr(loaded, "read")
    )


def _name_of(value: object) -> str:
    names = [text_of(value.get(key)) for key in ("title", "name")] if isinstance(value, dict) else []
    return next(filter(None, names), "")


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _database_format(database: ForeignDatabase) -> DatabaseFormat:
    for known in FORMATS:
        if isinstance(known, DatabaseFormat) and database.tables >= known.tables:
            return known
    raise FormatError("this database is neither llm's nor elia's")


def _from_database(database: ForeignDatabase, name: str, progress: Progress) -> Iterator[Imported | Skipped]:
    kind = _database_format(database)
    number = sum(1 for _ in kind.ids(database))
    for done, foreign_id in enumerate(kind.ids(database), start=1):
        database.start_conversation()
        try:
            yield kind.read(database, foreign_id)
        except FormatError as error:
            yield Skipped(f"number {foreign_id} in {name}", error.message)
        progress(done, number)
    for table, column in sorted(database.computed):
        yield Skipped(f"{table}.{column}", "the column is computed and not stored, so it was not read")


def _unreadable(path: Path, error: OSError) -> FormatError:
    return FormatError(f"{path} cannot be read: {error.strerror or error}", detail="unreadable")


def _no_progress(done: int, total: int) -> None:
    pass

"""Reads conversations out of any file this program knows, whatever its name: the format is told from the content."""

import gc
import os
import tempfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any

from tui_chat.core.error import FormatError
from tui_chat.formats import chatgpt, claude, elia, librechat, llm, native_schema
from tui_chat.formats.foreign_database import MAGIC, ForeignDatabase, opened
from tui_chat.formats.import_sources import (
    ZIP_STARTS,
    Progress,
    Source,
    counting,
    json_sources,
    pipe_source,
    zip_sources,
)
from tui_chat.formats.import_tree import MOST_MESSAGES, TOO_MANY_MESSAGES, Imported, Skipped
from tui_chat.formats.json_access import list_of, parsed, text_of
from tui_chat.formats.json_stream import RawValue, json_values
from tui_chat.formats.piped_import import Place, opened_pipe, place_of, spool


class Format(StrEnum):
    """A kind of file that conversations are read from."""

    NATIVE = "tui-chat"
    CHATGPT = "ChatGPT export"
    CLAUDE = "Claude.ai export"
    LIBRECHAT = "LibreChat"
    LLM = "llm logs.db"
    ELIA = "elia database"


def _native(value: dict[str, Any]) -> Imported:
    if len(list_of(value.get("turns"))) > MOST_MESSAGES:
        raise FormatError(TOO_MANY_MESSAGES)
    return Imported(native_schema.conversation_from(value))


_JSON: dict[Format, Callable[[dict[str, Any]], Imported]] = {
    Format.NATIVE: _native,
    Format.CHATGPT: chatgpt.conversation_from,
    Format.CLAUDE: claude.conversation_from,
    Format.LIBRECHAT: librechat.conversation_from,
}
_DATABASES: dict[Format, ModuleType] = {Format.LLM: llm, Format.ELIA: elia}
_ENOUGH_TO_TELL = 50
"""Values of a file that are told of should a conversation come behind them."""
_UNKNOWN = "it holds no conversations in a format that can be imported: " + ", ".join(Format)


def conversations_in(path: Path, progress: Progress | None = None) -> Generator[Imported | Skipped, None, None]:
    """Return every conversation in a file, folder or pipe, one after another, or why it could not be read.

    `-` is standard input. An exception that `progress` raises ends the reading, also while a pipe is waited for.
    """
    progress = progress or _nobody
    try:
        place = place_of(path)
        if place is Place.PIPE:
            yield from _from_pipe(path, progress)
        elif place is Place.FILE and _is_database(path):
            with opened(path) as database:
                yield from _from_database(database, path.name, progress)
        else:
            yield from _from_json(path.name, json_sources(path, progress))
    except OSError as error:
        raise _unreadable(path, error) from None


def _from_pipe(path: Path, progress: Progress) -> Iterator[Imported | Skipped]:
    """Read a pipe once: JSON as it comes; what must be read back and forth from a temporary file."""
    with opened_pipe(path, lambda: progress(0, 0)) as pipe:
        start = pipe.start(len(MAGIC))
        if start == MAGIC:
            with tempfile.TemporaryDirectory(prefix="tui-chat-", ignore_cleanup_errors=True) as folder:
                copy = Path(folder) / "pipe.db"
                with copy.open("wb") as file, counting(progress, 0) as tell:
                    spool(pipe, file, tell)
                with opened(copy) as database:
                    if os.name == "posix":
                        copy.unlink()  # so that it does not stay if the program is killed
                    yield from _from_database(database, pipe.name, progress)
        elif start.startswith(ZIP_STARTS):
            with tempfile.TemporaryFile() as file:
                with counting(progress, 0) as tell:
                    spool(pipe, file, tell)
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
    """The conversations of one JSON file; none at all if it is about something else."""
    # What is no conversation is told of only where some are: an export has other files beside them.
    aside: list[Skipped] = []
    is_known = False
    for raw in json_values(source.stream):
        is_known = is_known or bool(raw.why)
        for value in _values(raw):
            which = _name_of(value) or f"number {raw.number} in {source.name}"
            kind = _format_of(value)
            is_known = is_known or kind is not None
            with _without_garbage_collection():
                item = _conversation(value, kind, which)
            if is_known:
                yield from aside
                aside.clear()
                yield item
            elif isinstance(item, Skipped) and len(aside) < _ENOUGH_TO_TELL:
                aside.append(item)


def _values(raw: RawValue) -> Iterator[object]:
    """What may be conversations in one value of a file, or why it is none."""
    if raw.data is None:
        yield FormatError(raw.why)
        return
    try:
        with _without_garbage_collection():
            value = parsed(raw.take() or b"")
    except FormatError as error:
        yield error
        return
    wrapped = value.get("conversations") if isinstance(value, dict) else None
    yield from wrapped if isinstance(wrapped, list) else [value]


def _conversation(value: object, kind: Format | None, which: str) -> Imported | Skipped:
    if isinstance(value, FormatError):
        return Skipped(which, value.message)
    if kind is None or not isinstance(value, dict):
        return Skipped(which, "this is no conversation in a known format")
    try:
        return _JSON[kind](value)
    except FormatError as error:
        return Skipped(which, error.message)


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Do not look for garbage while a tree of many objects is made: there is none, and each look takes longer."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _format_of(value: object) -> Format | None:
    if not isinstance(value, dict):
        return None
    if value.get("format") == native_schema.FORMAT:
        return Format.NATIVE
    if "mapping" in value or {"conversation_id", "create_time"} <= value.keys():
        return Format.CHATGPT
    if "chat_messages" in value or {"uuid", "name", "account"} <= value.keys():
        return Format.CLAUDE
    return Format.LIBRECHAT if "conversationId" in value and {"messages", "messagesTree"} & value.keys() else None


def _name_of(value: object) -> str:
    names = [text_of(value.get(key)) for key in ("title", "name")] if isinstance(value, dict) else []
    return next(filter(None, names), "")


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _database_format(database: ForeignDatabase) -> Format:
    for kind, reader in _DATABASES.items():
        if database.tables >= reader.TABLES:
            return kind
    raise FormatError("this database is neither llm's nor elia's")


def _from_database(database: ForeignDatabase, name: str, progress: Progress) -> Iterator[Imported | Skipped]:
    reader = _DATABASES[_database_format(database)]
    number = sum(1 for _ in reader.conversation_ids(database))
    for done, foreign_id in enumerate(reader.conversation_ids(database), start=1):
        database.start_conversation()
        try:
            yield reader.conversation(database, foreign_id)
        except FormatError as error:
            yield Skipped(f"number {foreign_id} in {name}", error.message)
        progress(done, number)
    for table, column in sorted(database.computed):
        yield Skipped(f"{table}.{column}", "the column is computed and not stored, so it was not read")


def _unreadable(path: Path, error: OSError) -> FormatError:
    return FormatError(f"{path} cannot be read: {error.strerror or error}", detail="unreadable")


def _nobody(done: int, total: int) -> None:
    pass

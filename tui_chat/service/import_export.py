"""Brings conversations in from files and takes them out to files. What was finished stays, however it ends."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Protocol

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError, FormatError, NotFound, StorageError
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.formats import librechat_export, markdown, native, plain_text
from tui_chat.formats.import_sources import Progress
from tui_chat.formats.import_tree import Imported, Skipped
from tui_chat.formats.read_import import conversations_in
from tui_chat.formats.transcript import Branch
from tui_chat.service.export_names import ExportFormat, file_name
from tui_chat.storage import private_files
from tui_chat.storage.store import Store

_PAGE = 500
_LONGEST_TEXT = 200
_REPORT_S = 0.5
"""After so long, progress is reported although no conversation is complete."""


@dataclass(frozen=True, slots=True)
class Note:
    """What was changed in a conversation so that it could be read."""

    which: str
    what: str


@dataclass(slots=True)
class ImportReport:
    """What an import brought."""

    added: int = 0
    """Conversations that are new here."""
    grown: int = 0
    """Conversations that were here and got new turns."""
    unchanged: int = 0
    """Conversations that were here with all their turns."""
    turns: int = 0
    """Turns that are new here."""
    in_trash: int = 0
    """Of those that were here, the ones that lie in the trash; they stay there."""
    skipped: list[Skipped] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def holds_nothing(self) -> bool:
        """Whether no conversation could be read, and some were skipped."""
        return bool(self.skipped) and not (self.added or self.grown or self.unchanged)


async def import_file(store: Store, path: Path, progress: Progress | None = None) -> ImportReport:
    """Take in every conversation of a file; one that is here already only gets the turns it lacks.

    Raises `FormatError` for a file that holds none. Stopped halfway, it is completed by doing it again.
    """
    report = ImportReport()
    async with aclosing(_read_aside(path, progress or (lambda done, total: None))) as items:
        async for item in items:
            if isinstance(item, Skipped):
                report.skipped.append(Skipped(brief(item.which), brief(item.why)))
                continue
            which = brief(item.conversation.title or item.conversation.id)
            if item.note:
                report.notes.append(Note(which, item.note))
            try:
                await _take_in(store, item.conversation, report)
            except StorageError as error:
                # Another one may well be stored, unless it is the database itself that fails.
                if error.detail != "other":
                    raise
                report.skipped.append(Skipped(which, error.message))
    return report


def brief(text: str) -> str:
    """Return text of a file, such as a title, as long as a report may hold it."""
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


async def _read_aside(path: Path, progress: Progress) -> AsyncGenerator[Imported | Skipped, None]:
    """The items of a file, read on a thread of their own so that the program stays awake."""
    read, is_stopped = (0, 0), False

    def remember(done: int, total: int) -> None:
        nonlocal read
        read = (done, total)
        if is_stopped:
            raise _Stopped

    loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, "import")
    items = conversations_in(path, remember)
    try:
        while True:
            item = loop.run_in_executor(thread, next, items, None)
            item.add_done_callback(_retrieve)
            while not (await asyncio.wait([item], timeout=_REPORT_S))[0]:
                progress(*read)
            if (found := item.result()) is None:
                break
            yield found
            progress(*read)
    finally:
        # What still reads or waits for a pipe ends when it next reports; it may be in the middle of a large value.
        is_stopped = True
        closed = asyncio.wrap_future(thread.submit(items.close))
        thread.shutdown(wait=False)
        await asyncio.wait([closed], timeout=_REPORT_S)
    progress(*read)


def _retrieve(item: "asyncio.Future[Imported | Skipped | None]") -> None:
    """Have asyncio not complain of the error of an item that is no longer waited for."""
    if not item.cancelled():
        item.exception()


class _Stopped(Exception):
    """Ends the reading on its thread."""


async def _take_in(store: Store, conversation: Conversation, report: ImportReport) -> None:
    imported = replace(conversation, turns=tuple(map(_at_rest, conversation.turns)))
    try:
        here = await store.conversation(imported.id)
    except NotFound:
        await store.save(imported)
        report.added += 1
        report.turns += len(imported.turns)
        return
    report.in_trash += here.deleted_at is not None
    new = [turn for turn in imported.turns if not here.has(turn.id)]
    side_requests = {side_request.id: side_request for side_request in (*here.side_requests, *imported.side_requests)}
    if new or len(side_requests) > len(here.side_requests):
        grown = _grown(here, new, imported) if new else here
        await store.save(replace(grown, side_requests=tuple(side_requests.values())))
        report.grown += 1
        report.turns += len(new)
    else:
        report.unchanged += 1


def _at_rest(turn: Turn) -> Turn:
    """A turn that was exported while it came in; nobody goes on with it here."""
    return replace(turn, status=TurnStatus.INTERRUPTED) if turn.is_live else turn


def _grown(here: Conversation, new: Sequence[Turn], imported: Conversation) -> Conversation:
    """What is here, with the new turns; the head goes along only if it stood where they begin."""
    turns = (*here.turns, *new)
    moves = here.head is None or here.head in {turn.id for turn in imported.path}
    return replace(
        here,
        turns=turns,
        head=imported.head if moves else here.head,
        updated_at=max(here.updated_at, imported.updated_at),
    )


class Sink(Protocol):
    """Anything that takes bytes, such as standard output."""

    def write(self, data: bytes, /) -> object:
        """Take them."""
        ...


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is to be written, and how."""

    ids: Sequence[str]
    format: ExportFormat = ExportFormat.MARKDOWN
    branch: Branch = Branch.CURRENT
    """For text and Markdown; the JSON formats always hold the whole tree."""
    unreadable: Callable[[str, ChatError], None] | None = None
    """Is called with the id and the error of a conversation that cannot be read, and the others are still written;
    `None` ends the export with the error."""


async def export(store: Store, request: ExportRequest, destination: Path | Sink) -> list[Path]:
    """Write conversations to a file, into a folder (a file for each) or to a stream; the files that were written.

    A path is a folder if it is one already, or if it is to hold several conversations and names no kind of file.
    """
    if not isinstance(destination, Path):
        return await _pour_into(destination, store, request)
    with _write_faults(destination):
        is_folder = await asyncio.to_thread(_is_folder, destination, request)
        await asyncio.to_thread(private_files.sweep, destination if is_folder else destination.parent)
    if is_folder:
        return await _export_into(destination, store, request)
    async with _new_file(destination) as file:
        async for text in _texts(store, request):
            await asyncio.to_thread(file.write, text)
    return [destination]


async def all_ids(store: Store) -> list[str]:
    """Every conversation, last used first, archived ones after the others; the trash is left out."""
    ids: list[str] = []
    for archived in (False, True):
        page = await store.summaries(limit=_PAGE, archived=archived)
        ids += [summary.id for summary in page]
        while page.end is not None:
            page = await store.summaries(limit=_PAGE, archived=archived, after=page.end)
            ids += [summary.id for summary in page]
    return ids


def _is_folder(destination: Path, request: ExportRequest) -> bool:
    in_one_file = bool(destination.suffix) and request.format is not ExportFormat.LIBRECHAT
    return destination.is_dir() or (len(request.ids) > 1 and not in_one_file)


async def _pour_into(sink: Sink, store: Store, request: ExportRequest) -> list[Path]:
    async for text in _texts(store, request):
        sink.write(text)
    return []


async def _export_into(folder: Path, store: Store, request: ExportRequest) -> list[Path]:
    with _write_faults(folder):
        await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    async for conversation in _conversations(store, request):
        name = file_name(conversation, request.format)
        if name.casefold() in written:
            name = file_name(conversation, request.format, apart=True)
        async with _new_file(folder / name) as file:
            await asyncio.to_thread(file.write, _text(conversation, request))
        written[name.casefold()] = folder / name
    return list(written.values())


async def _texts(store: Store, request: ExportRequest) -> AsyncIterator[bytes]:
    is_first = True
    async for conversation in _conversations(store, request):
        if not is_first and request.format in (ExportFormat.MARKDOWN, ExportFormat.TEXT):
            yield b"\n"
        yield await asyncio.to_thread(_text, conversation, request, one_line=len(request.ids) > 1)
        is_first = False


async def _conversations(store: Store, request: ExportRequest) -> AsyncIterator[Conversation]:
    """Each conversation that can be read; one that cannot is reported where the request asks for that."""
    for conversation_id in request.ids:
        try:
            yield await store.conversation(conversation_id)
        except (StorageError, NotFound) as error:
            of_the_row = isinstance(error, NotFound) or error.detail in ("damaged", "other")
            if request.unreadable is None or not of_the_row:
                raise
            request.unreadable(conversation_id, error)


def _text(conversation: Conversation, request: ExportRequest, *, one_line: bool = False) -> bytes:
    match request.format:
        case ExportFormat.MARKDOWN:
            text = markdown.to_markdown(conversation, request.branch)
        case ExportFormat.TEXT:
            text = plain_text.to_plain(conversation, request.branch)
        case ExportFormat.LIBRECHAT:
            text = librechat_export.dumps(conversation)
        case ExportFormat.JSON:
            text = native.dumps(conversation, one_line=one_line) + ("\n" if one_line else "")
    return text.encode()


@asynccontextmanager
async def _new_file(path: Path) -> AsyncIterator[BinaryIO]:
    """A file that appears under its name only when it is whole, and that its owner alone may read."""
    with _write_faults(path), private_files.unfinished(path.parent) as unfinished:
        with await asyncio.to_thread(unfinished.open, "wb") as file:
            yield file
        await asyncio.to_thread(private_files.replace, path, unfinished)


@contextmanager
def _write_faults(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}", detail="unwritable") from error

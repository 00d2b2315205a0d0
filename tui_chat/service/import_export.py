"""Import conversations from files and export them to files. What was finished stays, however it ends."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError, FormatError, NotFound, StorageError
from tui_chat.core.file_name import absolute_path
from tui_chat.formats import librechat_export, markdown, native, plain_text
from tui_chat.formats.import_sources import Progress
from tui_chat.formats.import_tree import Imported, Skipped
from tui_chat.formats.plugin_formats import Exporter
from tui_chat.formats.read_import import conversations_in
from tui_chat.formats.transcript import Branch
from tui_chat.service.attachment_bytes import with_bytes
from tui_chat.service.export_names import AnyFormat, ExportFormat, file_name, format_for
from tui_chat.service.import_batch import ImportBatch, ImportReport, Note, brief
from tui_chat.storage import private_files
from tui_chat.storage.store import Store

Write = Callable[[bytes], object]
"""Takes an export in pieces, such as the method of standard output."""
FILES_SUFFIX = ".files"
"""Of the folder next to a Markdown file that has its attached files."""
_PAGE_SIZE = 500
_PROGRESS_INTERVAL_S = 0.5
"""Progress is reported at least this often, even while a long conversation is read."""


async def import_file(store: Store, path: Path, progress: Progress | None = None) -> ImportReport:
    """Import every conversation of a file; an existing one only gets its missing turns.

    Raises `FormatError` for a file without conversations. An interrupted import is completed by repeating it.
    """
    report = ImportReport()
    batch = ImportBatch(store, report)
    try:
        async with aclosing(_read_in_thread(path, progress or (lambda done, total: None))) as items:
            async for item in items:
                if item is None:
                    await batch.start_storing()
                    continue
                if isinstance(item, Skipped):
                    report.skipped.append(Skipped(brief(item.which), brief(item.why)))
                    continue
                which = brief(item.conversation.title or item.conversation.id)
                if item.note:
                    report.notes.append(Note(which, item.note))
                await batch.take(which, item.conversation)
    finally:  # what was read before an error is stored as well
        await batch.finish()
    return report


async def _read_in_thread(path: Path, progress: Progress) -> AsyncGenerator[Imported | Skipped | None, None]:
    """Yield the items of a file, and `None` when the next takes long.

    They are read in a thread, so that the program stays responsive.
    """
    read, is_stopped = (0, 0), False

    def remember(done: int, total: int) -> None:
        nonlocal read
        read = (done, total)
        if is_stopped:
            raise _ReadingStopped

    loop, thread = asyncio.get_running_loop(), ThreadPoolExecutor(1, "import")
    items = conversations_in(path, remember)

    def next_item() -> "asyncio.Future[Imported | Skipped | None]":
        item = loop.run_in_executor(thread, next, items, None)
        item.add_done_callback(_ignore_error)
        return item

    try:
        item = next_item()
        while True:
            while not (await asyncio.wait([item], timeout=_PROGRESS_INTERVAL_S))[0]:
                progress(*read)
                yield None
            if (imported := item.result()) is None:
                break
            item = next_item()  # read while this one is stored
            yield imported
            progress(*read)
    finally:
        # A thread that still reads ends at its next progress report, which may be after a large value.
        is_stopped = True
        closed = asyncio.wrap_future(thread.submit(items.close))
        thread.shutdown(wait=False)
        await asyncio.wait([closed], timeout=_PROGRESS_INTERVAL_S)
    progress(*read)


def _ignore_error(item: "asyncio.Future[Imported | Skipped | None]") -> None:
    """Retrieve the error of an abandoned item, so that asyncio does not log it."""
    if not item.cancelled():
        item.exception()


class _ReadingStopped(Exception):
    """Ends the reading in its thread."""


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """Which conversations to export, and how."""

    ids: Sequence[str]
    format: AnyFormat = ExportFormat.MARKDOWN
    branch: Branch = Branch.CURRENT
    """For text, Markdown and HTML; the JSON formats always hold the whole tree."""
    unreadable: Callable[[str, ChatError], None] | None = None
    """Called with the id and the error of a conversation that cannot be read, and the others are still written;
    `None` ends the export with the error.
    """
    attachments: bool = True
    """Whether the attached files go along: within HTML and JSON, next to Markdown."""
    into_folder: bool = False
    """Whether the path is a folder, which is created if it is missing."""

    @property
    def needs_bytes(self) -> bool:
        """Whether the text itself holds attached files."""
        return self.attachments and self.format in (ExportFormat.JSON, ExportFormat.HTML)


_FORMATS = {".json": ExportFormat.JSON, ".txt": ExportFormat.TEXT, ".html": ExportFormat.HTML}


def names_folder(name: str) -> bool:
    """Return whether a path as it was typed ends with a slash, which `Path` drops."""
    return name.endswith(("/", os.sep))


async def export_conversation(store: Store, conversation: Conversation, name: str) -> Path:
    """Export to the named file, in its suffix's format, or to one named after the conversation; return its path.

    A name that ends with a slash is a folder.
    """
    into_folder = names_folder(name)
    suffix = "" if into_folder else Path(name).suffix
    form = _FORMATS.get(suffix) or (format_for(suffix) if suffix else None) or ExportFormat.MARKDOWN
    request = ExportRequest([conversation.id], form, into_folder=into_folder)
    (path,) = await export(store, request, absolute_path(name or file_name(conversation, form)))
    return path


async def export(store: Store, request: ExportRequest, destination: Path | Write) -> list[Path]:
    """Write conversations to a file, a folder (one file each) or a stream; return the files that were written.

    A path is a folder if it is one already, if the request asks for one, or if it is for several conversations
    and has no file suffix.
    """
    if not isinstance(destination, Path):
        async for text in _texts(store, request):
            destination(text)
        return []
    with _write_errors(destination):
        is_folder = await asyncio.to_thread(_is_folder, destination, request)
        await asyncio.to_thread(private_files.remove_leftovers, destination if is_folder else destination.parent)
    if is_folder:
        return await _export_to_folder(destination, store, request)
    folder = destination.with_suffix(FILES_SUFFIX)
    written: dict[str, str] = {}
    async with _created_file(destination) as file:
        async for text in _texts(store, request, folder.name, written):
            await asyncio.to_thread(file.write, text)
    await _write_files(store, folder, written)
    return [destination]


async def all_ids(store: Store) -> list[str]:
    """Return the ids of all conversations, last used first, then the archived ones; the trash is left out."""
    ids: list[str] = []
    for archived in (False, True):
        page = await store.summaries(limit=_PAGE_SIZE, archived=archived)
        ids += [summary.id for summary in page]
        while page.end is not None:
            page = await store.summaries(limit=_PAGE_SIZE, archived=archived, after=page.end)
            ids += [summary.id for summary in page]
    return ids


def _is_folder(destination: Path, request: ExportRequest) -> bool:
    is_file_name = bool(destination.suffix) and request.format is not ExportFormat.LIBRECHAT
    return request.into_folder or destination.is_dir() or (len(request.ids) > 1 and not is_file_name)


async def _export_to_folder(folder: Path, store: Store, request: ExportRequest) -> list[Path]:
    with _write_errors(folder):
        await asyncio.to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    async for conversation in _conversations(store, request):
        name = file_name(conversation, request.format)
        if name.casefold() in written:
            name = file_name(conversation, request.format, apart=True)
        files_folder = (folder / name).with_suffix(FILES_SUFFIX)
        files = _files(conversation, request, files_folder.name)
        async with _created_file(folder / name) as file:
            await asyncio.to_thread(file.write, _text(conversation, request, files))
        await _write_files(store, files_folder, files)
        written[name.casefold()] = folder / name
    return list(written.values())


async def _texts(
    store: Store, request: ExportRequest, files_folder: str = "", written: dict[str, str] | None = None
) -> AsyncIterator[bytes]:
    """Yield the text of each conversation; `written` gets the attached files that it has links to."""
    is_first = True
    async for conversation in _conversations(store, request):
        if not is_first and request.format in (ExportFormat.MARKDOWN, ExportFormat.TEXT):
            yield b"\n"
        files = _files(conversation, request, files_folder) if files_folder else {}
        if written is not None:
            files = _apart(files, written)
            written |= files
        yield await asyncio.to_thread(_text, conversation, request, files, one_line=len(request.ids) > 1)
        is_first = False


async def _conversations(store: Store, request: ExportRequest) -> AsyncIterator[Conversation]:
    """Yield each conversation that can be read; report the others where the request asks for that."""
    for conversation_id in request.ids:
        try:
            conversation = await store.conversation(conversation_id)
            if request.needs_bytes:
                turns = await with_bytes(conversation.turns, store.blob)
                conversation = replace(conversation, turns=turns)
            yield conversation
        except (StorageError, NotFound) as error:
            is_one_conversation = isinstance(error, NotFound) or error.detail in ("damaged", "other")
            if request.unreadable is None or not is_one_conversation:
                raise
            request.unreadable(conversation_id, error)


def _files(conversation: Conversation, request: ExportRequest, folder: str) -> dict[str, str]:
    """Return the attached files to write, as paths by their hash; only Markdown has links to files."""
    if request.format is not ExportFormat.MARKDOWN or not request.attachments:
        return {}
    return markdown.attached_files(conversation, request.branch, folder)


def _apart(files: dict[str, str], written: dict[str, str]) -> dict[str, str]:
    """Return paths that differ from those of other files in the same folder."""
    taken = {path.casefold() for path in written.values()}
    apart = {}
    for digest, path in files.items():
        folder, _, name = path.rpartition("/")
        is_taken = digest not in written and path.casefold() in taken
        apart[digest] = written.get(digest) or (f"{folder}/{digest[:12]}-{name}" if is_taken else path)
    return apart


async def _write_files(store: Store, folder: Path, files: dict[str, str]) -> None:
    """Write attached files, one at a time; bytes that are lost are left out."""
    for digest, path in files.items():
        try:
            data = await store.blob(digest)
        except NotFound:
            continue
        with _write_errors(folder):
            await asyncio.to_thread(folder.mkdir, 0o700, exist_ok=True)
        async with _created_file(folder.parent / path) as file:
            await asyncio.to_thread(file.write, data)


def _text(
    conversation: Conversation, request: ExportRequest, files: dict[str, str], *, one_line: bool = False
) -> bytes:
    match request.format:
        case Exporter():
            text = request.format.text(conversation)
        case ExportFormat.MARKDOWN:
            text = markdown.to_markdown(conversation, request.branch, files)
        case ExportFormat.TEXT:
            text = plain_text.to_plain(conversation, request.branch)
        case ExportFormat.HTML:
            # Its libraries take longer to import than any other export runs.
            from tui_chat.formats import html

            text = html.to_html(conversation, request.branch, attachments=request.attachments)
        case ExportFormat.LIBRECHAT:
            text = librechat_export.dumps(conversation)
        case ExportFormat.JSON:
            text = native.dumps(conversation, one_line=one_line) + ("\n" if one_line else "")
    return text.encode()


@asynccontextmanager
async def _created_file(path: Path) -> AsyncIterator[BinaryIO]:
    """Open a private temporary file that gets its name only when it is complete."""
    with _write_errors(path), private_files.temporary_file(path.parent) as temporary:
        with await asyncio.to_thread(temporary.open, "wb") as file:
            yield file
        await asyncio.to_thread(private_files.replace, path, temporary)


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}", detail="unwritable") from error

"""`export` and `import`: conversations out of the library and into it."""

import json
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tui_chat.cli.context import Context
from tui_chat.cli.exit_codes import DONE, INTERRUPTED, MISUSED, STORAGE, print_error
from tui_chat.cli.store_access import SafeStdout, choice_or_error, print_json, print_out, with_store
from tui_chat.core.clean import clean, clean_line, harmless_json
from tui_chat.core.error import ChatError, FormatError, StorageError
from tui_chat.formats.import_sources import Progress
from tui_chat.formats.transcript import Branch
from tui_chat.service.export_names import ExportFormat
from tui_chat.service.import_export import ExportRequest, ImportReport, Sink, all_ids, brief, export, import_file
from tui_chat.storage.store import Store


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How an export is to look, and where it goes; words as they were given."""

    format: str
    branch: str
    output: Path | None


def export_(ctx: Context, beginnings: Sequence[str], shape: ExportOptions) -> int:
    """Write those, or all of them; to stdout without a path.

    A conversation that cannot be read does not keep the others out; the exit code is then that of the storage.
    """
    unreadable: list[tuple[str, ChatError]] = []
    form = choice_or_error(shape.format, [str(one) for one in ExportFormat], "format")
    branch = choice_or_error(shape.branch, [str(one) for one in Branch], "branch")

    async def write(store: Store) -> list[Path]:
        ids = [await store.resolve(one) for one in beginnings] if beginnings else await all_ids(store)
        several = (lambda one, error: unreadable.append((one, error))) if len(ids) > 1 else None
        request = ExportRequest(ids, ExportFormat(form), Branch(branch), several)
        return await export(store, request, shape.output or _stdout(ExportFormat(form)))

    written = with_store(ctx, write)
    if shape.output is None:
        sys.stdout.buffer.flush()
    elif len(written) == 1:
        print_out(str(written[0]))
    else:
        print_out(f"{len(written):,} files in {shape.output}")
    for conversation_id, error in unreadable:
        print_error(
            StorageError(f"conversation {conversation_id} was not exported: {error.message}", detail="damaged")
        )
    return STORAGE if unreadable else DONE


def _stdout(form: ExportFormat) -> Sink:
    """Into a pipe everything goes as it is; on a terminal it is only shown."""
    if not sys.stdout.isatty():
        return sys.stdout.buffer
    return SafeStdout(harmless_json if form in (ExportFormat.JSON, ExportFormat.LIBRECHAT) else clean)


def import_(ctx: Context, files: Sequence[Path], *, as_json: bool) -> int:
    """Import each file; a bad one does not stop the rest."""
    reports: dict[str, ImportReport] = {}
    failed: list[ChatError] = []

    async def read(store: Store) -> None:
        for file in files:
            try:
                reports[str(file)] = await import_file(store, file, _progress(file))
            except FormatError as error:
                failed.append(_named(file, error))

    with _ending_at_once():
        with_store(ctx, read)
    if as_json:
        print_json(
            json.dumps({name: asdict(report) for name, report in reports.items()}, ensure_ascii=False, indent=2)
        )
    else:
        for name, report in reports.items():
            print_out(_told(name, report))
    for error in failed:
        print_error(error)
    return MISUSED if failed or any(report.holds_nothing for report in reports.values()) else DONE


@contextmanager
def _ending_at_once() -> Iterator[None]:
    """Let Ctrl+C end the program without waiting for a large conversation; what is not stored whole is undone."""

    def end(_number: int, _frame: object) -> None:
        # By the system's own call: the signal may have come in the middle of a print.
        os.write(2, b"\ntui-chat: stopped; what was complete is stored, and doing it again adds the rest\n")
        os._exit(INTERRUPTED)

    before = signal.signal(signal.SIGINT, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _progress(file: Path) -> Progress | None:
    """Return what shows how far it is on a line of its own, where a person looks at it."""
    if not sys.stderr.isatty():
        return None
    name, last = clean_line(file.name), ""

    def tell(done: int, total: int) -> None:
        nonlocal last
        if total:
            shown = f"{100 * done // total}%"
        elif done:
            shown = f"{done // 1_000_000:,} MB"
        else:
            shown = "waiting for something to read"
        if shown != last:
            end = "\n" if total and done >= total else ""
            print(f"\r{name}: {shown:<{len(last)}}", end=end, file=sys.stderr, flush=True)  # noqa: T201
            last = shown

    return tell


def _named(file: Path, error: FormatError) -> FormatError:
    """The error with the file that it is about."""
    message = brief(error.message)
    return FormatError(message if str(file) in message else f"{file}: {message}", detail=error.detail)


def _told(name: str, report: ImportReport) -> str:
    counts = [f"{report.added:,} new", f"{report.grown:,} grown", f"{report.unchanged:,} unchanged"]
    counts += [f"{report.turns:,} turns added"] + ([f"{report.in_trash:,} in the trash"] if report.in_trash else [])
    lines = [f"{clean_line(name)}: {', '.join(counts)}"]
    if report.unchanged and not (report.added or report.grown):
        lines.append("  all that can be read in it was here already")
    lines += [f"  skipped {clean_line(one.which)}: {clean_line(one.why)}" for one in report.skipped]
    lines += [f"  changed {clean_line(one.which)}: {clean_line(one.what)}" for one in report.notes]
    if report.holds_nothing:
        lines.append("  nothing in it could be imported")
    return "\n".join(lines)

"""`export` and `import`: conversations out of the library and into it."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tui_chat.cli.outcome import DONE, MISUSED, STORAGE, complain
from tui_chat.cli.reading import Shown, one_of, print_json, print_out, with_store
from tui_chat.cli.start import Start
from tui_chat.core.clean import clean, clean_line, harmless_json
from tui_chat.core.error import ChatError, FormatError, StorageError
from tui_chat.formats.telling import Branch
from tui_chat.service.naming import ExportFormat
from tui_chat.service.transfer import ExportRequest, ImportReport, Sink, all_ids, export, import_file
from tui_chat.storage.store import Store


@dataclass(frozen=True, slots=True)
class Shape:
    """How an export is to look, and where it goes; words as they were given."""

    format: str
    branch: str
    output: Path | None


def export_(begun: Start, beginnings: Sequence[str], shape: Shape) -> int:
    """Write those, or all of them; to stdout without a path.

    A conversation that cannot be read does not keep the others out; the exit code is then that of the storage.
    """
    unreadable: list[tuple[str, ChatError]] = []
    form = one_of(shape.format, [str(one) for one in ExportFormat], "format")
    branch = one_of(shape.branch, [str(one) for one in Branch], "branch")

    async def write(store: Store) -> list[Path]:
        ids = [await store.resolve(one) for one in beginnings] if beginnings else await all_ids(store)
        several = (lambda one, error: unreadable.append((one, error))) if len(ids) > 1 else None
        request = ExportRequest(ids, ExportFormat(form), Branch(branch), several)
        return await export(store, request, shape.output or _stdout(ExportFormat(form)))

    written = with_store(begun, write)
    if shape.output is None:
        sys.stdout.buffer.flush()
    elif len(written) == 1:
        print_out(str(written[0]))
    else:
        print_out(f"{len(written):,} files in {shape.output}")
    for conversation_id, error in unreadable:
        complain(StorageError(f"conversation {conversation_id} was not exported: {error.message}", detail="damaged"))
    return STORAGE if unreadable else DONE


def _stdout(form: ExportFormat) -> Sink:
    """Into a pipe everything goes as it is; on a terminal it is only shown."""
    if not sys.stdout.isatty():
        return sys.stdout.buffer
    return Shown(harmless_json if form in (ExportFormat.JSON, ExportFormat.LIBRECHAT) else clean)


def import_(begun: Start, files: Sequence[Path], *, as_json: bool) -> int:
    """Each file; one that cannot be read does not keep the others out."""
    reports: dict[str, ImportReport] = {}
    failed: list[ChatError] = []

    async def read(store: Store) -> None:
        for file in files:
            try:
                reports[str(file)] = await import_file(store, file, _progress(file))
            except FormatError as error:
                failed.append(_named(file, error))

    with_store(begun, read)
    if as_json:
        print_json(
            json.dumps({name: asdict(report) for name, report in reports.items()}, ensure_ascii=False, indent=2)
        )
    else:
        for name, report in reports.items():
            print_out(_told(name, report))
    for error in failed:
        complain(error)
    return MISUSED if failed else DONE


def _progress(file: Path) -> Callable[[int, int], None] | None:
    """Tells how far it is on a line of its own, where a person looks at it."""
    if not sys.stderr.isatty():
        return None
    last = -1

    def tell(done: int, total: int) -> None:
        nonlocal last
        share = 100 * done // max(total, 1)
        if share != last:
            last = share
            end = "\n" if done >= total else ""
            print(f"\r{clean_line(file.name)}: {share}%", end=end, file=sys.stderr, flush=True)  # noqa: T201

    return tell


def _named(file: Path, error: FormatError) -> FormatError:
    """The error with the file that it is about."""
    named = str(file) in error.message
    return error if named else FormatError(f"{file}: {error.message}", detail=error.detail)


def _told(name: str, report: ImportReport) -> str:
    counts = [f"{report.added:,} new", f"{report.grown:,} grown", f"{report.unchanged:,} unchanged"]
    counts += [f"{report.turns:,} turns added"] + ([f"{report.in_trash:,} in the trash"] if report.in_trash else [])
    lines = [f"{clean_line(name)}: {', '.join(counts)}"]
    lines += [
        f"  skipped {clean_line(str(skipped.which))}: {clean_line(str(skipped.why))}" for skipped in report.skipped
    ]
    return "\n".join(lines)

"""`import`: read conversations from files of this and other programs."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.exit_codes import DONE, INTERRUPTED, MISUSED
from tui_chat.cli.options import JsonFlag, with_context

if TYPE_CHECKING:
    from tui_chat.core.error import FormatError
    from tui_chat.formats.import_sources import Progress
    from tui_chat.service.import_batch import ImportReport

FilesArgument = Annotated[
    list[Path], typer.Argument(metavar="FILE", help="Files to import; - is stdin. The format is detected.")
]

_SWITCH_INTERVAL_S = 0.0005
"""The thread that stores lets the one that reads run at each of its many short statements; with Python's usual 5 ms
it would wait most of the time."""


@with_context
def run(files: FilesArgument, as_json: JsonFlag = False, *, ctx: Context) -> None:
    """Import conversations from files.

    Reads our JSON, exports of ChatGPT, Claude and LibreChat, zipped or not, and databases of llm and elia.
    Importing a file again adds only what is new.
    """
    from dataclasses import asdict

    from tui_chat.cli.output import print_error, print_json, print_text
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.error import ChatError, FormatError
    from tui_chat.service.import_batch import ImportReport
    from tui_chat.service.import_export import import_file
    from tui_chat.storage.store import Store

    reports: dict[str, ImportReport] = {}
    failed: list[ChatError] = []

    async def read(store: Store) -> None:
        for file in files:
            try:
                reports[str(file)] = await import_file(store, file, _progress(file))
            except FormatError as error:  # a bad file does not stop the import of the others
                failed.append(_error_with_name(file, error))

    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    with _exit_on_interrupt():
        with_store(ctx, read)
    if as_json:
        results = {name: asdict(report) for name, report in reports.items()}
        print_json(results)
    else:
        for name, report in reports.items():
            print_text(_format_report(name, report))
    for error in failed:
        print_error(error)
    has_failed = failed or any(report.holds_nothing for report in reports.values())
    raise typer.Exit(MISUSED if has_failed else DONE)


@contextmanager
def _exit_on_interrupt() -> Iterator[None]:
    """Exit at once on Ctrl+C; a conversation that is not stored whole is rolled back."""
    import signal

    def stop(_number: int, _frame: object) -> None:
        # By the system's own call: the signal may have come in the middle of a print.
        os.write(2, b"\ntui-chat: stopped; complete conversations are stored, importing again adds the rest\n")
        os._exit(INTERRUPTED)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _progress(file: Path) -> "Progress | None":
    """Return a function that shows the progress on stderr; `None` if stderr is not a terminal."""
    from tui_chat.core.clean import clean_line

    if not sys.stderr.isatty():
        return None
    name, last = clean_line(file.name), ""

    def show(done: int, total: int) -> None:
        nonlocal last
        if total:
            shown = f"{100 * done // total}%"
        elif done:
            shown = f"{done // 1_000_000:,} MB"
        else:
            shown = "waiting for input"
        if shown != last:
            end = "\n" if total and done >= total else ""
            print(f"\r{name}: {shown:<{len(last)}}", end=end, file=sys.stderr, flush=True)  # noqa: T201
            last = shown

    return show


def _error_with_name(file: Path, error: "FormatError") -> "FormatError":
    from tui_chat.core.error import FormatError
    from tui_chat.service.import_batch import brief

    message = brief(error.message)
    return FormatError(message if str(file) in message else f"{file}: {message}", detail=error.detail)


def _format_report(name: str, report: "ImportReport") -> str:
    from tui_chat.core.clean import clean_line

    counts = [f"{report.added:,} new", f"{report.grown:,} grown", f"{report.unchanged:,} unchanged"]
    counts += [f"{report.turns:,} turns added"] + ([f"{report.in_trash:,} in the trash"] if report.in_trash else [])
    lines = [f"{clean_line(name)}: {', '.join(counts)}"]
    if report.unchanged and not (report.added or report.grown):
        lines.append("  everything readable was imported already")
    lines += [f"  skipped {clean_line(one.which)}: {clean_line(one.why)}" for one in report.skipped]
    lines += [f"  changed {clean_line(one.which)}: {clean_line(one.what)}" for one in report.notes]
    if report.holds_nothing:
        lines.append("  nothing could be imported")
    return "\n".join(lines)

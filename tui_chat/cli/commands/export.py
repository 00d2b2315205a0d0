"""`export`: write conversations as Markdown, JSON or text."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import BranchFlag, choice_or_error, with_context
from tui_chat.cli.shell_completion import conversations as complete_conversations

if TYPE_CHECKING:
    from tui_chat.service.export_names import AnyFormat
    from tui_chat.service.import_export import Write

IdsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="ID", help="Conversations to export.", autocompletion=complete_conversations),
]
AllFlag = Annotated[bool, typer.Option("--all", help="Export every conversation that is not in the trash.")]
FormatFlag = Annotated[
    str, typer.Option("-f", "--format", metavar="FORMAT", help="md, html, json, txt, librechat, or a plug-in's.")
]
NoAttachmentsFlag = Annotated[bool, typer.Option("--no-attachments", help="Leave the attached files out.")]
OutputFlag = Annotated[
    str | None, typer.Option("-o", "--output", metavar="PATH", help="A file or a folder; stdout by default.")
]


@with_context
def run(
    conversations: IdsArgument = None,
    everything: AllFlag = False,
    form: FormatFlag = "md",
    output: OutputFlag = None,
    branch: BranchFlag = "current",
    no_attachments: NoAttachmentsFlag = False,
    *,
    ctx: Context,
) -> None:
    """Write conversations as Markdown, HTML, JSON or text.

    Writes to stdout, to a file, or one file per conversation into a folder.
    """
    from tui_chat.cli.exit_codes import DONE, STORAGE
    from tui_chat.cli.output import print_error, print_text
    from tui_chat.cli.store_access import with_store
    from tui_chat.core.error import ChatError, StorageError
    from tui_chat.formats.transcript import Branch
    from tui_chat.service.export_names import ExportFormat
    from tui_chat.service.import_export import ExportRequest, all_ids, export, names_folder
    from tui_chat.storage.store import Store

    if everything == bool(conversations):
        raise typer.BadParameter("name the conversations or pass --all, not both")
    chosen = _format(form)
    which = Branch(choice_or_error(branch, [str(one) for one in Branch], "branch"))
    into_folder = output is not None and names_folder(output)
    if chosen is ExportFormat.HTML and not into_folder and _is_one_file(conversations, output):
        raise typer.BadParameter("a page of HTML holds one conversation: name a folder with -o")
    unreadable: list[tuple[str, ChatError]] = []

    async def write(store: Store) -> list[Path]:
        ids = [await store.resolve(one) for one in conversations] if conversations else await all_ids(store)
        # A conversation that cannot be read does not stop the export of the others.
        on_error = (lambda one, error: unreadable.append((one, error))) if len(ids) > 1 else None
        wanted = ExportRequest(ids, chosen, which, on_error, not no_attachments, into_folder)
        return await export(store, wanted, Path(output) if output is not None else _stdout(chosen))

    written = with_store(ctx, write)
    if output is None:
        sys.stdout.buffer.flush()
    elif len(written) == 1:
        print_text(str(written[0]))
    else:
        print_text(f"{len(written):,} files in {output}")
    for conversation_id, error in unreadable:
        message = f"conversation {conversation_id} was not exported: {error.message}"
        print_error(StorageError(message, detail="damaged"))
    raise typer.Exit(STORAGE if unreadable else DONE)


def _format(name: str) -> "AnyFormat":
    """Return the built-in format or that of a plug-in; a usage error if it cannot be exported."""
    from tui_chat.plugins import FORMATS, plugins
    from tui_chat.service.export_names import ExportFormat, format_named

    known = [*(str(one) for one in ExportFormat), *plugins(FORMATS)]
    if (chosen := format_named(choice_or_error(name, known, "format"))) is None:
        raise typer.BadParameter(f"the format {name} can be imported, not exported")
    return chosen


def _is_one_file(conversations: list[str] | None, output: str | None) -> bool:
    """Return whether several conversations would go into one file."""
    return len(conversations or ()) != 1 and (output is None or bool(Path(output).suffix))


def _stdout(form: "AnyFormat") -> "Write":
    """Return stdout: unchanged into a pipe, without control characters on a terminal."""
    from tui_chat.cli.output import cleaning_stdout
    from tui_chat.core.clean import clean, harmless_json
    from tui_chat.service.export_names import ExportFormat

    if not sys.stdout.isatty():
        return sys.stdout.buffer.write
    return cleaning_stdout(harmless_json if form in (ExportFormat.JSON, ExportFormat.LIBRECHAT) else clean)

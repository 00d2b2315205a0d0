"""Words on their way out of the program: to the clipboard and to files. Knows no screen."""

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path

from tui_chat.core.conversation import Conversation
from tui_chat.service.export_names import ExportFormat, file_name
from tui_chat.storage.store import Store
from tui_chat.ui.terminal import clipboard

_FORMS = {".json": ExportFormat.JSON, ".txt": ExportFormat.TEXT}


async def copied(text: str, what: str, write: Callable[[str], None] | None) -> tuple[str, bool]:
    """Put it on the clipboard; what is known of that, and whether it worked. `write` writes to the terminal."""
    command = clipboard.tool(os.environ)
    by_tool = command is not None and await clipboard.run_tool(command, text)
    by_terminal = len(text.encode("utf-8", "replace")) <= clipboard.LARGEST_FOR_TERMINAL
    if by_terminal and write is not None:
        write(clipboard.sequence(text, os.environ))
    says = clipboard.sentence(what, text.count("\n") + 1, by_tool=by_tool, by_terminal=by_terminal)
    return says, by_tool or by_terminal


def can_browse(environ: Mapping[str, str]) -> bool:
    """Whether a browser would open in a window of its own; one in this terminal would take it from the app."""
    desktops = ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME")
    return sys.platform in ("darwin", "win32") or any(environ.get(name) for name in desktops)


def saved_code(source: str) -> Path:
    """A file of its own in the working folder that has it now; `OSError` when there can be none."""
    for number in count(1):
        path = Path(f"code-{number}.txt").absolute()
        # Neither over another file nor through a link that leads to one.
        with suppress(FileExistsError), open(path, "x", encoding="utf-8", opener=_open_private) as file:
            file.write(source)
            break
    return path


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


async def exported(store: Store, conversation: Conversation, name: str) -> Path:
    """The file it was written to: as Markdown, or as what the file's name says."""
    from tui_chat.service.import_export import ExportRequest, export

    form = _FORMS.get(Path(name).suffix, ExportFormat.MARKDOWN)
    request = ExportRequest([conversation.id], form)
    (written,) = await export(store, request, path_of(name or file_name(conversation, form)))
    return written


def path_of(words: str) -> Path:
    """The file that somebody names; a home that nobody has is a folder of that name."""
    path = Path(words)
    with suppress(RuntimeError):
        path = path.expanduser()
    return path.absolute()


def is_file(path: Path) -> bool:
    """Whether there is such a file; what a model calls one may be no name that a file can have."""
    try:
        return path.is_file()
    except OSError:
        return False

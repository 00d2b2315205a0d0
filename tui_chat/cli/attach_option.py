"""The files of `ask --attach` and of a pipe. Asks on the terminal before one goes that should not go unasked."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tui_chat.core.part import AttachmentPart

AttachOption = Annotated[
    list[str] | None,
    typer.Option(
        "-a", "--attach", metavar="FILE|URL|-", help="Attach a file, an https address, or stdin (-). Repeatable."
    ),
]
YesFlag = Annotated[
    bool, typer.Option("-y", "--yes", help="Attach without asking, even secrets and text over 256 kB.")
]
_STDIN = "-"


def gather(named: Sequence[str], *, yes: bool) -> tuple[str, tuple[AttachmentPart, ...]]:
    """Return the text that was piped, and the attachments in the order in which they are named; stdin comes last."""
    piped = b"" if sys.stdin is None or sys.stdin.isatty() else sys.stdin.buffer.read()
    if not named and (text := _text_of(piped)) is not None:
        return text, ()
    from tui_chat.attachments.read_file import attachment_from_bytes

    found = [part for name in named if name != _STDIN for part in _named(name, yes=yes)]
    text = "" if _STDIN in named else _text_of(piped)
    if text is None or _STDIN in named:
        part = attachment_from_bytes("stdin", piped)
        confirm(part, None, yes=yes)
        found.append(part)
    return text or "", tuple(found)


def _text_of(piped: bytes) -> str | None:
    """Return piped text, even if it is not quite UTF-8; `None` for an image, a PDF and other binary data."""
    if not piped:
        return ""
    from tui_chat.attachments.kind import NOT_UTF_8, kind_of, utf_8

    kind = kind_of(piped)
    if kind.is_text or kind == NOT_UTF_8:
        return (utf_8(piped) or piped).decode("utf-8", "replace")
    return None


def _named(name: str, *, yes: bool) -> Iterator[AttachmentPart]:
    from tui_chat.attachments.fetching import fetch_attachment, is_url
    from tui_chat.attachments.named_files import named_files
    from tui_chat.attachments.read_file import read_attachment

    if is_url(name):
        part = fetch_attachment(name)
        confirm(part, None, yes=yes)
        yield part
        return
    for path in named_files(name, Path.cwd()):
        part = read_attachment(path)
        confirm(part, path, yes=yes)
        yield part


def confirm(part: AttachmentPart, path: Path | None, *, yes: bool, reason: str = "") -> None:
    """Ask on the terminal about a file that should not go unasked; without a terminal refuse it."""
    from tui_chat.attachments.named_files import reason_to_ask
    from tui_chat.core.error import AttachmentRefused

    reason = "" if yes else reason_to_ask(part, path) or reason
    if not reason:
        return
    is_asked = sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()
    if not (is_asked and typer.confirm(f"{reason} Attach it?", default=False, err=True)):
        raise AttachmentRefused(reason, detail="not_confirmed")

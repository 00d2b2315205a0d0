"""Finds and reads the files that a user names, and why to ask before one is attached. Asks nothing."""

import shlex
from collections.abc import Callable
from functools import partial
from glob import has_magic, iglob
from itertools import islice
from pathlib import Path

from tui_chat.attachments.limits import TEXT_ASK_BYTES
from tui_chat.attachments.paths import is_file, path_of
from tui_chat.attachments.read_file import display_name, read_attachment
from tui_chat.attachments.secret_files import has_secret_name, secret_in
from tui_chat.core.clean import clean_line
from tui_chat.core.error import AttachmentRefused
from tui_chat.core.part import AttachmentPart

Read = Callable[[], tuple[AttachmentPart, str]]
"""Reads an attachment; returns with it why the user is to confirm it, empty if there is no reason."""
MOST_MATCHES = 100
_MOST_LOOKED_AT = 20_000


def reads_of(text: str, folder: Path) -> list[Read]:
    """Return what reads each file that is named by path or pattern, or the file at an https address."""
    from tui_chat.attachments.fetching import fetch_attachment, is_url  # loads OpenSSL

    def fetch() -> tuple[AttachmentPart, str]:
        part = fetch_attachment(text)
        return part, reason_to_ask(part)

    return [fetch] if is_url(text) else [partial(read_with_reason, path) for path in named_files(text, folder)]


def read_with_reason(path: Path) -> tuple[AttachmentPart, str]:
    """Return a file as an attachment, and why the user is to confirm it."""
    part = read_attachment(path)
    return part, reason_to_ask(part, path)


def named_files(text: str, folder: Path) -> list[Path]:
    """Return the file of that path, those that a pattern matches, or several, quoted as in a shell.

    Raises `AttachmentRefused` if there is none.
    """
    path = path_of(text) or folder / text
    shown = clean_line(text)
    if _exists(path):
        return [path]
    if words := _words(text, folder):
        return list(dict.fromkeys(found for word in words for found in named_files(word, folder)))
    if not has_magic(text):
        return [path]
    pattern = str(Path(text).expanduser())
    # `Path.glob` takes no absolute pattern.
    matches = islice(iglob(pattern, root_dir=folder, recursive=True), _MOST_LOOKED_AT)  # noqa: PTH207
    files = sorted(found for match in matches if is_file(found := folder / match))
    if not files:
        raise AttachmentRefused(f"no file matches {shown}", detail="missing")
    if len(files) > MOST_MATCHES:
        raise AttachmentRefused(
            f"{shown} matches {len(files):,} files; at most {MOST_MATCHES} can be attached at once", detail="too_many"
        )
    return files


def _words(text: str, folder: Path) -> list[str]:
    """Return the words of a shell in the text, if each names a file or is a pattern; else nothing."""
    try:
        words = shlex.split(text)
    except ValueError:  # a quote that is not closed
        return []
    is_named = all(has_magic(word) or _exists(path_of(word) or folder / word) for word in words)
    return words if is_named and words != [text] else []


def reason_to_ask(part: AttachmentPart, path: Path | None = None) -> str:
    """Return why the user is to confirm an attachment, as a sentence; empty if there is no reason."""
    for name in (part.name, *_names(path)):
        if has_secret_name(name):
            return f"{clean_line(name)} usually holds secrets."
    if _is_text(part):
        if secret := secret_in(part.data):
            return f"{part.name} seems to hold {secret}."
        if len(part.data) > TEXT_ASK_BYTES:
            return f"{part.name} is {len(part.data) / 1000:,.0f} kB of text."
    return ""


def _is_text(part: AttachmentPart) -> bool:
    return not part.media_type.startswith("image/") and part.media_type != "application/pdf"


def _names(path: Path | None) -> list[str]:
    """Return the names of a file that may show its kind: as it was typed, and where a link leads."""
    if path is None:
        return []
    try:
        real = path.resolve()
    except (OSError, RuntimeError):
        return [display_name(path)]
    return [display_name(path.absolute()), display_name(real)]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False

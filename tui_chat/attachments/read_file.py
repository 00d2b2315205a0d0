"""Reads a file once, by whatever path, and makes it an attachment. Never blocks on a pipe or a device."""

import errno
import os
import stat
from hashlib import sha256
from pathlib import Path
from typing import NoReturn

from tui_chat.attachments.kind import NOT_UTF_8, PDF, SNIFFED_BYTES, kind_of, utf_8
from tui_chat.attachments.limits import FILE_MAX_BYTES, TEXT_MAX_BYTES
from tui_chat.core.clean import clean_line, valid_text
from tui_chat.core.error import AttachmentRefused
from tui_chat.core.image_size import image_size
from tui_chat.core.part import AttachmentPart
from tui_chat.core.pdf_pages import pdf_pages

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
_MAX_NAME = 255
_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def read_attachment(path: Path) -> AttachmentPart:
    """Return the file as an attachment; raise `AttachmentRefused` for one that cannot be sent to a model."""
    name = display_name(path)
    try:
        # Opening alone can wait for ever at a named pipe, and do something at a device.
        _refuse_irregular(name, path.stat().st_mode)
        file = os.open(path, _FLAGS)
    except (OSError, ValueError) as error:
        _refuse_unopened(path, name, error)
    with os.fdopen(file, "rb") as opened:
        status = os.fstat(file)
        _refuse_irregular(name, status.st_mode)
        _refuse_too_large(name, status.st_size, FILE_MAX_BYTES)
        try:
            head = opened.read(SNIFFED_BYTES)
            limit = TEXT_MAX_BYTES if kind_of(head, path.name).is_text else FILE_MAX_BYTES
            _refuse_too_large(name, status.st_size, limit)
            # It may grow while it is read, and some files of the kernel do not know their size.
            data = head + opened.read(limit + 1 - len(head))
        except OSError as error:
            _refuse_unopened(path, name, error)
    return attachment_from_bytes(path.name, data)


def attachment_from_bytes(name: str, data: bytes) -> AttachmentPart:
    """Return bytes as an attachment; raise `AttachmentRefused` for what cannot be sent to a model."""
    shown = clean_line(valid_text(name))[:_MAX_NAME] or "file"
    if not data:
        raise AttachmentRefused(f"{shown} is empty", detail="empty")
    kind = kind_of(data, name)
    if kind == NOT_UTF_8:
        raise AttachmentRefused(f"{shown} is {kind.label}", detail="encoding")
    if not kind.media_type:
        raise AttachmentRefused(f"{shown} is {kind.label}", detail="binary")
    _refuse_too_large(shown, len(data), TEXT_MAX_BYTES if kind.is_text else FILE_MAX_BYTES)
    if kind.is_text:
        text = utf_8(data)
        if text is None:
            raise AttachmentRefused(f"{shown} is {NOT_UTF_8.label}", detail="encoding")
        data = text
    if kind.is_text and not data.strip():
        raise AttachmentRefused(f"{shown} is empty", detail="empty")
    return AttachmentPart(
        shown,
        kind.media_type,
        data,
        sha256=sha256(data).hexdigest(),
        pixels=None if kind.is_text else image_size(data),
        pages=pdf_pages(data) if kind.media_type == PDF else None,
    )


def display_name(path: Path) -> str:
    """Return a path as it can be shown, however hostile."""
    return clean_line(valid_text(os.fsencode(path).decode(errors="replace")))


def _refuse_irregular(name: str, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise AttachmentRefused(f"{name} is a folder", detail="folder")
    if not stat.S_ISREG(mode):
        what = next((label for is_kind, label in _SPECIAL if is_kind(mode)), "not a regular file")
        raise AttachmentRefused(f"{name} is {what}", detail="special")


def _refuse_too_large(name: str, size: int, limit: int) -> None:
    if size > limit:
        raise AttachmentRefused(f"{name} has {size:,} bytes; at most {limit:,} can be attached", detail="too_large")


def _refuse_unopened(path: Path, name: str, error: OSError | ValueError) -> NoReturn:
    code = error.errno if isinstance(error, OSError) else errno.ENOENT
    if code in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
        raise AttachmentRefused(f"no file {name}", detail="missing") from error
    if code == errno.ELOOP:
        raise AttachmentRefused(f"{name} leads back to itself", detail="loop") from error
    reason = error.strerror if isinstance(error, OSError) else str(error)
    raise AttachmentRefused(f"{name}: {reason}", detail="no_access") from error

"""Facts about an attachment from its bytes: hash, size, pixels and pages."""

from dataclasses import replace

from tui_chat.core.image_size import image_size
from tui_chat.core.part import AttachmentPart, Part, ToolResultPart
from tui_chat.core.pdf_pages import pdf_pages
from tui_chat.core.turn import Role, Turn

PDF = "application/pdf"


def is_image(part: AttachmentPart) -> bool:
    """Return whether a model is to see it; an SVG is text."""
    return part.media_type.startswith("image/") and not part.media_type.startswith("image/svg")


def measured(part: AttachmentPart) -> AttachmentPart:
    """Return an attachment that has its bytes with their hash, pixels and pages."""
    if not part.data:
        return part
    from hashlib import sha256  # loads OpenSSL, and who only asks for a kind needs no hash

    return replace(
        part,
        sha256=sha256(part.data).hexdigest(),
        pixels=part.pixels or (image_size(part.data) if is_image(part) else None),
        pages=part.pages or (pdf_pages(part.data) if part.media_type == PDF else None),
    )


def without_bytes(part: AttachmentPart) -> AttachmentPart:
    """Return an attachment as it is kept apart from its bytes, with their hash."""
    return replace(measured(part), data=b"") if part.data else part


def files_first(turn: Turn) -> tuple[Part, ...]:
    """Return the parts of a prompt as they are sent: models read a file better before the words about it.

    A file that a tool gave stays behind its result.
    """
    if turn.role is not Role.USER or any(isinstance(part, ToolResultPart) for part in turn.parts):
        return turn.parts
    return tuple(sorted(turn.parts, key=lambda part: not isinstance(part, AttachmentPart)))

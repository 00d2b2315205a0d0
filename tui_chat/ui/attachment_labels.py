"""Short descriptions of attachments, for the placeholder in the prompt and the row in a message. Pure."""

from tui_chat.core.clean import clean_line
from tui_chat.core.part import AttachmentPart

_KINDS = {"application/pdf": "PDF", "text/plain": "text"}


def kind_label(part: AttachmentPart) -> str:
    """Return `PNG 1280×800`, `PDF 12 pages`, `python`."""
    kind = _KINDS.get(part.media_type) or clean_line(part.media_type).rpartition("/")[2].removeprefix("x-")
    if part.media_type.startswith("image/"):
        kind = kind.upper()
    if part.pixels is not None:
        kind += " {}×{}".format(*part.pixels)
    if part.pages is not None:
        kind += f" {part.pages:,} {'page' if part.pages == 1 else 'pages'}"
    return kind


def file_size(count: int) -> str:
    """Return `950 B`, `24 kB` or `3.1 MB`."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def is_text_file(part: AttachmentPart) -> bool:
    return part.is_included and not part.media_type.startswith("image/") and part.media_type != "application/pdf"

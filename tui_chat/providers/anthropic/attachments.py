"""Files that go with a prompt, as blocks of this wire."""

import base64
from typing import Any

from tui_chat.core.clean import valid_text
from tui_chat.core.part import AttachmentPart

_IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}


def attachment_block(part: AttachmentPart) -> dict[str, Any]:
    """An image, a document, or a line that says why the file itself is not there."""
    name = valid_text(part.name)
    media_type = part.media_type.partition(";")[0].strip().lower()
    if not part.data:
        return _note(f"[{name}: the file itself is not here]")
    if media_type in _IMAGES:
        return {"type": "image", "source": _base64(media_type, part.data)}
    if media_type == "application/pdf":
        return {"type": "document", "source": _base64(media_type, part.data), "title": name}
    try:
        text = part.data.decode()
    except UnicodeDecodeError:
        return _note(f"[{name}: a file of type {part.media_type or 'unknown'} that cannot be sent]")
    if not text.strip():
        return _note(f"[{name}: an empty file]")
    return {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": text},
        "title": name,
    }


def _base64(media_type: str, data: bytes) -> dict[str, Any]:
    return {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}


def _note(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}

"""Files within JSON: data URLs and base64. Fetches nothing."""

import base64
import binascii
import re

from tui_chat.attachments.kind import kind_of, utf_8
from tui_chat.core.part import AttachmentPart
from tui_chat.gateway.problem import wrong_field

_TEXT = re.compile(r"text/[a-z0-9.+-]+|application/json")
_DATA_URL = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),")
_ENDINGS = {"image/jpeg": "jpg", "application/pdf": "pdf", "application/json": "json", "text/markdown": "md"}


def from_data_url(url: str, name: str, field: str) -> AttachmentPart:
    """Return the attachment that a data URL holds."""
    if (head := _DATA_URL.match(url)) is None:
        wants = "must be a data URL (data:image/png;base64,…): this server fetches no other address"
        raise wrong_field(field, wants)
    if not head[2].endswith(";base64"):
        raise wrong_field(field, "must be in base64")
    return from_base64(url[head.end() :], head[1], name, field)


def from_base64(data: str, media_type: str, name: str, field: str) -> AttachmentPart:
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise wrong_field(field, "is not base64") from None
    return attachment_of(decoded, media_type, name, field)


def attachment_of(data: bytes, media_type: str, name: str, field: str) -> AttachmentPart:
    """Return the attachment with these bytes, of the kind that they are: clients often name a wrong one."""
    if not data:
        raise wrong_field(field, "is empty")
    kind = kind_of(data, name)
    if not kind.media_type:
        raise wrong_field(field, f"is {kind.label}, which cannot be sent")
    if not kind.is_text:
        return AttachmentPart(name or _name(kind.media_type), kind.media_type, data)
    if (text := utf_8(data)) is None:
        raise wrong_field(field, "is not text in UTF-8")
    media_type = media_type if _TEXT.fullmatch(media_type) else kind.media_type
    return AttachmentPart(name or _name(media_type), media_type, text)


def _name(media_type: str) -> str:
    kind, _, subtype = media_type.partition("/")
    ending = _ENDINGS.get(media_type, "txt" if kind == "text" else subtype)
    return f"{'image' if kind == 'image' else 'file'}.{ending}"

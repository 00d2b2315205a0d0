"""Files within JSON: data URLs and base64. Fetches nothing."""

import base64
import binascii
import re

from tui_chat.core.part import AttachmentPart
from tui_chat.gateway.problem import Problem, wrong_field

_TYPES = re.compile(r"image/(png|jpeg|gif|webp)|application/pdf|text/[a-z0-9.+-]+|application/json")
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
    """Return the attachment with these bytes."""
    if _TYPES.fullmatch(media_type) is None:
        raise Problem(400, "invalid_request", f"{field}: {media_type or 'no type'} cannot be sent.", field_name=field)
    try:
        decoded = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise wrong_field(field, "is not base64") from None
    if not decoded:
        raise wrong_field(field, "is empty")
    return AttachmentPart(name or _name(media_type), media_type, decoded)


def _name(media_type: str) -> str:
    kind, _, subtype = media_type.partition("/")
    ending = _ENDINGS.get(media_type, "txt" if kind == "text" else subtype)
    return f"{'image' if kind == 'image' else 'file'}.{ending}"

"""The answer of an MCP server, as text and images. Needs no SDK: it only reads the SDK's objects."""

import base64
import binascii
import json
from typing import Any

from tui_chat.attachments.kind import IMAGES
from tui_chat.attachments.read_file import attachment_from_bytes
from tui_chat.core.error import AttachmentRefused
from tui_chat.core.part import AttachmentPart
from tui_chat.tools.files import image_words

MAX_IMAGES = 8
"""Of one result."""


def read_result(result: Any, tool: str) -> tuple[str, tuple[AttachmentPart, ...]]:
    """Return the texts of a result and its images; anything else is named with its kind and size."""
    pieces: list[str] = []
    images: list[AttachmentPart] = []
    for block in result.content:
        match block.type:
            case "text":
                pieces.append(block.text)
            case "image" if len(images) < MAX_IMAGES and (image := _image(block, f"{tool}-{len(images) + 1}")):
                images.append(image)
                pieces.append(image_words(image))
            case "image" | "audio":
                pieces.append(f"[{block.type}, {block.mime_type}, {len(block.data) * 3 // 4:,} bytes: not passed on]")
            case "resource" if getattr(block.resource, "text", None) is not None:
                pieces.append(block.resource.text)
            case "resource_link" | "resource":
                pieces.append(f"[resource {getattr(block, 'uri', None) or block.resource.uri}]")
            case kind:
                pieces.append(f"[{kind}]")
    if not pieces and result.structured_content is not None:
        pieces.append(json.dumps(result.structured_content, ensure_ascii=False))
    return "\n".join(pieces), tuple(images)


def _image(block: Any, name: str) -> AttachmentPart | None:
    """Return an image whose bytes are what a model takes, whatever its server calls them."""
    try:
        found = attachment_from_bytes(name, base64.b64decode(block.data, validate=True))
    except (AttachmentRefused, binascii.Error, ValueError):
        return None
    return found if found.media_type in IMAGES else None

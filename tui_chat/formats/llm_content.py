"""What llm's two sets of tables have in common: the figures of a response, and attachments."""

from pathlib import PurePath
from typing import Any

from tui_chat.core.bounds import count_in_bounds
from tui_chat.core.part import AttachmentPart
from tui_chat.core.usage import UNKNOWN_USAGE, Usage
from tui_chat.formats.foreign_database import json_in
from tui_chat.formats.json_access import count_of, dict_of, text_of


def usage_of(row: dict[str, Any]) -> Usage | None:
    """The tokens of a response, as far as they were told; unknown where a count of them cannot be believed."""
    told = [row[name] for name in ("input_tokens", "output_tokens") if row.get(name) is not None]
    if not told:
        return None
    if any(isinstance(count, int) and count_in_bounds(count) is None for count in told):
        return UNKNOWN_USAGE
    details = dict_of(json_in(row.get("token_details")))
    cached = count_of(dict_of(details.get("prompt_tokens_details")).get("cached_tokens"))
    thought = count_of(dict_of(details.get("completion_tokens_details")).get("reasoning_tokens"))
    total = count_of(row.get("input_tokens"))
    cached = min(cached, total)
    return Usage(
        input_tokens=total - cached,
        cache_read_tokens=cached,
        output_tokens=count_of(row.get("output_tokens")),
        thinking_tokens=thought,
    )


def attachment_of(row: dict[str, Any]) -> AttachmentPart:
    """An attachment with its bytes if the database has them; files and addresses it names are not opened."""
    place = text_of(row.get("path")) or text_of(row.get("url"))
    name = PurePath(place).name or place or text_of(row.get("id"))[:12]
    data = row.get("content")
    media_type = text_of(row.get("type")) or "application/octet-stream"
    return AttachmentPart(name, media_type, data if isinstance(data, bytes) else b"")

"""Fill in the bytes of attachments, which the store keeps apart from the turns. Knows no SQL and no provider."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace

from tui_chat.core.attachment import measured
from tui_chat.core.error import NotFound
from tui_chat.core.part import AttachmentPart, Part
from tui_chat.core.turn import Turn

ReadBytes = Callable[[str], Awaitable[bytes]]
"""The SHA-256 of a file → its bytes; raises `NotFound`."""


async def with_bytes(turns: Iterable[Turn], read: ReadBytes) -> tuple[Turn, ...]:
    """Return turns whose attachments have their bytes, each file read once; one that is lost stays without."""
    loaded: dict[str, bytes] = {}
    return tuple([await _turn_with_bytes(turn, read, loaded) for turn in turns])


async def measured_files(attachments: Iterable[AttachmentPart]) -> tuple[AttachmentPart, ...]:
    """Return attachments with their hash, pixels and pages, which a caller may have left to the service."""
    return tuple(
        [await asyncio.to_thread(measured, part) if part.data and not part.sha256 else part for part in attachments]
    )


async def part_with_bytes(part: AttachmentPart, read: ReadBytes) -> AttachmentPart:
    """Return an attachment with its bytes, or as it is where they are lost."""
    if part.data or not part.sha256:
        return part
    try:
        return replace(part, data=await read(part.sha256))
    except NotFound:
        return part


async def _turn_with_bytes(turn: Turn, read: ReadBytes, loaded: dict[str, bytes]) -> Turn:
    if not any(isinstance(part, AttachmentPart) and part.sha256 and not part.data for part in turn.parts):
        return turn
    parts: list[Part] = []
    for part in turn.parts:
        if isinstance(part, AttachmentPart):
            known = loaded.get(part.sha256)
            part = replace(part, data=known) if known else await part_with_bytes(part, read)
            if part.sha256 and part.data:
                loaded[part.sha256] = part.data
        parts.append(part)
    return replace(turn, parts=tuple(parts))

"""What conversations are written as, and what their files are called. Reads and writes none."""

import re
from enum import StrEnum
from hashlib import sha256

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation

_LONGEST_NAME = 100
_LONGEST_NAME_BYTES = 240
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


class ExportFormat(StrEnum):
    """What conversations are written as."""

    MARKDOWN = "md"
    JSON = "json"
    TEXT = "txt"
    LIBRECHAT = "librechat"


_ENDINGS = {ExportFormat.LIBRECHAT: ".json"}


def file_name(conversation: Conversation, kind: ExportFormat, *, apart: bool = False) -> str:
    """A name for a conversation's file that any system takes: its title, and of its id so much that it is its own."""
    title = _NOT_IN_NAMES.sub(" ", clean_line(conversation.title))
    title = " ".join(title.replace("\ufffd", " ").split()).lstrip("-. ").rstrip(". ") or "untitled"
    digest = sha256(conversation.id.encode()).hexdigest()
    plain_id = re.sub("[^0-9A-Za-z]", "", conversation.id)[:8]
    end = f"-{digest[:16] if apart or len(plain_id) < 8 else plain_id}{_ENDINGS.get(kind, f'.{kind.value}')}"
    if _DEVICES.match(title):
        title = f"_{title}"
    title = title[: _LONGEST_NAME - len(end)]
    # Counted in bytes, too: there most file systems draw the line.
    title = title.encode()[: _LONGEST_NAME_BYTES - len(end)].decode(errors="ignore")
    return title.rstrip(". ") + end

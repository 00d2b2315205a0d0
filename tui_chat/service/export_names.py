"""Export formats and the file names of exported conversations. Reads and writes no file."""

import re
from enum import StrEnum
from hashlib import sha256

from tui_chat.core.conversation import Conversation
from tui_chat.core.file_name import valid_file_name

_LONGEST_NAME = 100
_LONGEST_NAME_BYTES = 240


class ExportFormat(StrEnum):
    MARKDOWN = "md"
    JSON = "json"
    TEXT = "txt"
    HTML = "html"
    LIBRECHAT = "librechat"


_ENDINGS = {ExportFormat.LIBRECHAT: ".json"}


def file_name(conversation: Conversation, kind: ExportFormat, *, apart: bool = False) -> str:
    """Return a file name valid on any system: the title and part of the id, or with `apart` a longer hash of it."""
    title = valid_file_name(conversation.title) or "untitled"
    digest = sha256(conversation.id.encode()).hexdigest()
    plain_id = re.sub("[^0-9A-Za-z]", "", conversation.id)[:8]
    end = f"-{digest[:16] if apart or len(plain_id) < 8 else plain_id}{_ENDINGS.get(kind, f'.{kind.value}')}"
    title = title[: _LONGEST_NAME - len(end)]
    # Also limited in bytes, as most file systems do.
    title = title.encode()[: _LONGEST_NAME_BYTES - len(end)].decode(errors="ignore")
    return title.rstrip(". ") + end

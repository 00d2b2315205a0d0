"""Export formats and the file names of exported conversations. Reads and writes no file."""

import re
from enum import StrEnum
from hashlib import sha256
from unicodedata import category

from tui_chat.core.conversation import Conversation
from tui_chat.core.file_name import valid_file_name
from tui_chat.formats.plugin_formats import Exporter, exporter_named, exporters

_LONGEST_NAME = 100
_LONGEST_NAME_BYTES = 240


class ExportFormat(StrEnum):
    MARKDOWN = "md"
    JSON = "json"
    TEXT = "txt"
    HTML = "html"
    LIBRECHAT = "librechat"


AnyFormat = ExportFormat | Exporter
"""A format of this program or of a plug-in."""


def format_named(name: str) -> AnyFormat | None:
    """Return the format with that name; `None` if there is none. Raises `SettingsError` for a broken plug-in."""
    return ExportFormat(name) if name in set(ExportFormat) else exporter_named(name)


def plugin_formats() -> tuple[Exporter, ...]:
    """Return the formats of plug-ins that can be used; loads them."""
    return exporters()


def format_for(suffix: str) -> AnyFormat | None:
    """Return the format of a plug-in whose files have that suffix."""
    return next((exporter for exporter in plugin_formats() if f".{exporter.suffix}" == suffix), None)


def _ending(kind: AnyFormat) -> str:
    if isinstance(kind, Exporter):
        return f".{kind.suffix}"
    return ".json" if kind is ExportFormat.LIBRECHAT else f".{kind.value}"


def _slug(title: str) -> str:
    """Return the words of a title, joined by hyphens: letters and digits of any script, no blanks, signs or emoji."""
    kept = (letter if category(letter)[0] in "LMN" or letter in "_." else " " for letter in title)
    return "-".join(filter(None, (word.strip(".") for word in "".join(kept).split())))


def file_name(conversation: Conversation, kind: AnyFormat, *, apart: bool = False) -> str:
    """Return a file name valid on any system: the title and part of the id, or with `apart` a longer hash of it."""
    title = valid_file_name(_slug(conversation.title)) or "untitled"
    digest = sha256(conversation.id.encode()).hexdigest()
    plain_id = re.sub("[^0-9A-Za-z]", "", conversation.id)[:8]
    end = f"-{digest[:16] if apart or len(plain_id) < 8 else plain_id}{_ending(kind)}"
    title = title[: _LONGEST_NAME - len(end)]
    # Also limited in bytes, as most file systems do.
    title = title.encode()[: _LONGEST_NAME_BYTES - len(end)].decode(errors="ignore")
    return title.rstrip(".-") + end

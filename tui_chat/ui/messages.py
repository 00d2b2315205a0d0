"""Messages from widgets to their screen: what the user wants. They carry only core values and text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from tui_chat.core.tool import Decision


@dataclass
class CopyRequested(Message):
    """Copy this text to the clipboard."""

    text: str
    what: str
    """What it is, for the notification: `message`, `code block`, `selection`."""


@dataclass
class LinkChosen(Message):
    """Open this link; it is one of http, https or mailto."""

    url: str
    shown: str
    """The address to show: cleaned, with the host's real name."""


@dataclass
class FileChosen(Message):
    """Open a file that a turn names; it may not exist."""

    path: str
    line: int | None


@dataclass
class AttachmentChosen(Message):
    """Open the attachment with this hash."""

    sha256: str


@dataclass
class AttachmentTextRequested(Message):
    """Show the text of this attachment, which is unfolded."""

    sha256: str


@dataclass
class FindChanged(Message):
    """Another match is selected; `total` is 0 if there is none."""

    current: int
    total: int


@dataclass
class PromptSubmitted(Message):
    text: str


@dataclass
class PathsPasted(Message):
    """The pasted text is the paths of files, which are to be attached in its place."""

    text: str
    paths: Sequence[Path]


@dataclass
class FileNamed(Message):
    """Attach this file in place of the text that names it."""

    text: str
    name: str


@dataclass
class FilesTyped(Message):
    """An `@` with the start of a file name is typed; `None` where there is none any more."""

    typed: str | None


@dataclass
class DraftChanged(Message):
    """The draft changed."""

    read: Callable[[], str]
    """Returns the text as it was then; built only when needed, as it may be large."""


class ConversationScrolled(Message):
    """Another row of the conversation is the first visible one, or its end became visible."""


class SuggestionsChanged(Message):
    """The completions of the slash command changed."""


@dataclass
class QueuedPromptRequested(Message):
    """Edit a queued prompt, or with `now` send it at once."""

    now: bool = False
    at: int | None = None
    """Its index in the queue; by default the last one to edit, the first one to send."""


@dataclass
class ApprovalAnswered(Message):
    """A tool call was answered in the approval bar."""

    call_id: str
    decision: "Decision"
    with_reason: bool = False
    """The text in the prompt box is the reason of the denial."""


@dataclass
class ActionRequested(Message):
    """Run an action of the screen or the app; as a message it comes after a prompt that was sent before it."""

    action: str


class PromptModeChanged(Message):
    """The keys of the prompt have another meaning now, as in the normal mode of vi."""


@dataclass
class ThemeChosen(Message):
    """The app is to use a theme; `auto` follows the terminal."""

    name: str


class ChatOpened(Message):
    """The chat screen is open and takes input."""


@dataclass
class AttentionRequested(Message):
    """Something finished that took so long that the user may look at another window."""

    sentence: str

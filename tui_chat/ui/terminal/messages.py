"""Messages from the terminal to the app: what it reports about itself, and what it sends."""

from dataclasses import dataclass

from textual.message import Message


@dataclass
class BackgroundReported(Message):
    is_light: bool


@dataclass
class ClipboardSupported(Message):
    """The terminal reported whether it can send its clipboard."""

    is_supported: bool


@dataclass
class ClipboardAnswered(Message):
    """The terminal sent a piece of its clipboard."""

    status: str
    """`OK`, `DATA`, `DONE`, or the name of an error."""
    mime: str
    """In base64."""
    payload: str
    """In base64."""


@dataclass
class TerminalNamed(Message):
    name: str


@dataclass
class GraphicsAnswered(Message):
    """The terminal answered whether it shows images."""

    is_ok: bool


class PasteShortened(Message):
    """A paste was too long and was truncated."""

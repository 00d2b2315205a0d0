"""The parts of a turn. A part may carry the provider's own block, to be sent back unchanged."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Opaque:
    """A block exactly as its provider sent it: only that wire's adapter reads it."""

    wire: str
    """Which adapter made it: `anthropic`, `openai` …"""
    json: str


@dataclass(frozen=True, slots=True)
class TextPart:
    """Prose, mostly Markdown."""

    text: str
    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class ThinkingPart:
    """The model's thinking; empty where the provider keeps it to itself."""

    text: str
    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A tool call by the model."""

    call_id: str
    name: str
    input_json: str
    """The arguments as they came; may be broken JSON when the reply was cut."""
    on_server: bool = False
    """True where the provider runs the tool itself."""
    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    """The result of a tool call."""

    call_id: str
    text: str
    is_error: bool = False
    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class AttachmentPart:
    """A file that goes with a prompt; its bytes may be absent when only its name was imported."""

    name: str
    media_type: str
    data: bytes = b""
    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class OtherPart:
    """A block of unknown kind; kept, shown by its kind, sent back unchanged."""

    kind: str
    opaque: Opaque | None = None


Part = TextPart | ThinkingPart | ToolCallPart | ToolResultPart | AttachmentPart | OtherPart

"""The parts of a turn. A part may carry the provider's own block, to be sent back unchanged."""

from dataclasses import dataclass, field
from enum import StrEnum

from tui_chat.core.usage import Cost, Usage


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
    call_id: str
    name: str
    input_json: str
    """The arguments as they came; may be broken JSON when the reply was cut."""
    on_server: bool = False
    """True where the provider runs the tool itself."""
    opaque: Opaque | None = None


class ToolStatus(StrEnum):
    DONE = "done"
    FAILED = "failed"
    DENIED = "denied"
    """The user or a rule did not allow it."""
    NOT_RUN = "not_run"
    """It never started."""
    CANCELLED = "cancelled"
    """It was stopped while it ran; part of it may have happened."""
    TIMED_OUT = "timed_out"
    UNKNOWN = "unknown"
    """It had started when the program ended; how far it came is unknown."""


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    """The result of a tool call, exactly as the model gets it."""

    call_id: str
    text: str
    is_error: bool = False
    opaque: Opaque | None = None
    status: ToolStatus = ToolStatus.DONE
    """Known for the tools of this program; a provider's own tools are done or failed."""
    duration_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RoundPart:
    """The end of one request of a reply that took several, with its figures; what a tool answered follows it."""

    usage: Usage | None = None
    """`None` where nothing is known, and in a copy, whose original was paid for."""
    cost: Cost | None = None
    ttft_ms: int | None = None
    duration_ms: int | None = None
    opaque: Opaque | None = None


@dataclass(frozen=True, slots=True)
class AttachmentPart:
    """A file that goes with a prompt.

    The store keeps the bytes apart and returns the part without them: then `sha256` names them. A file of which only
    the name was imported has neither.
    """

    name: str
    media_type: str
    data: bytes = field(default=b"", repr=False)
    opaque: Opaque | None = None
    sha256: str = ""
    """Of the bytes, in hexadecimal; empty until something needed it."""
    size: int = 0
    """Bytes, whether or not they are loaded."""
    pixels: tuple[int, int] | None = None
    """Width and height of an image, where its header gives them."""
    pages: int | None = None
    """Of a PDF, where they could be counted."""

    def __post_init__(self) -> None:
        if self.data:
            object.__setattr__(self, "size", len(self.data))

    @property
    def is_included(self) -> bool:
        """Whether the bytes are here or in the store, and not only the name of the file."""
        return bool(self.data or self.sha256)


@dataclass(frozen=True, slots=True)
class OtherPart:
    """A block of unknown kind; kept, shown by its kind, sent back unchanged."""

    kind: str
    opaque: Opaque | None = None


Part = TextPart | ThinkingPart | ToolCallPart | ToolResultPart | RoundPart | AttachmentPart | OtherPart

"""Events of a reply: deltas from the provider, and changes of its state from the service."""

from dataclasses import dataclass
from enum import StrEnum

from tui_chat.core.error import ChatError, StorageError
from tui_chat.core.form import Form
from tui_chat.core.part import Opaque, Part
from tui_chat.core.tool import Approval, Verdict
from tui_chat.core.turn import Turn
from tui_chat.core.usage import Cost, Usage


@dataclass(frozen=True, slots=True)
class TextDelta:
    """More prose. Always valid Unicode; never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """More thinking. Empty when hidden thinking starts."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """The start of a tool call, or more of its arguments. Several may be open at once, each with its id."""

    call_id: str
    name: str
    """In the first delta of a call; may be empty after."""
    input_json: str
    on_server: bool = False


@dataclass(frozen=True, slots=True)
class PartDelta:
    """A part that arrives whole: a tool's result, hidden thinking, a block of unknown kind."""

    part: Part


@dataclass(frozen=True, slots=True)
class PartEnd:
    """The last started part is finished (or the named tool call); what follows is another part."""

    opaque: Opaque | None = None
    """The finished block, where the provider must get it back unchanged."""
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class ToolStarted:
    """A tool starts now. Stored before that, so that a call cut short by a crash is never taken for one not run."""

    call_id: str


Delta = TextDelta | ThinkingDelta | ToolCallDelta | PartDelta | PartEnd | ToolStarted


@dataclass(frozen=True, slots=True)
class ReplyOpened:
    """The provider has accepted the request."""

    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class UsageReported:
    """Tokens so far, all of them: it replaces what was reported before."""

    usage: Usage
    is_final: bool = False
    """The model has stopped or failed, so nothing will be added; true also where the stream then ends in an error."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The model has stopped by itself; a stream that ends without this event was cut."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SignOfLife:
    """Keep-alive bytes without content: pings, comments."""


ProviderEvent = Delta | ReplyOpened | UsageReported | Stopped | SignOfLife


class Health(StrEnum):
    """How a reply in flight is doing."""

    WAITING = "waiting"
    """Nothing has arrived yet; models may think for long."""
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class TurnStarted:
    """A reply is in flight; `turn` holds what has arrived so far, so late readers start here too."""

    conversation_id: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class UsageChanged:
    """Tokens so far with what they cost."""

    usage: Usage
    cost: Cost | None


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """The request failed before anything arrived and will be made again."""

    attempt: int
    """The attempt that comes next; the first one was 1."""
    delay_s: float
    error: ChatError


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """The reply's health has changed."""

    health: Health
    silent_s: float
    """Since the last sign of life."""


@dataclass(frozen=True, slots=True)
class SavingChanged:
    """Saving has failed, or works again (`None`)."""

    error: StorageError | None


@dataclass(frozen=True, slots=True)
class ToolsUnsupported:
    """The model cannot use tools: it is asked again without any."""

    model: str


@dataclass(frozen=True, slots=True)
class ToolProgress:
    """The last lines that a running tool has printed."""

    call_id: str
    tail: str


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """A tool call waits for the user's answer."""

    approval: Approval


@dataclass(frozen=True, slots=True)
class ApprovalGiven:
    """A tool call has been answered."""

    call_id: str
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class FormAsked:
    """A running tool asks the user to fill in a form."""

    form: Form


@dataclass(frozen=True, slots=True)
class FormAnswered:
    """A form has been answered, or its tool has ended."""

    form: Form


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The end of a reply, sent only after `turn` was stored (or storing it failed: `save_error`)."""

    turn: Turn
    error: ChatError | None = None
    save_error: StorageError | None = None


ReplyEvent = (
    Delta
    | TurnStarted
    | UsageChanged
    | RetryScheduled
    | HealthChanged
    | SavingChanged
    | ToolsUnsupported
    | ToolProgress
    | ApprovalAsked
    | ApprovalGiven
    | FormAsked
    | FormAnswered
    | TurnEnded
)

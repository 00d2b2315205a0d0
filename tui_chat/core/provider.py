"""The protocol of a provider of models, with its request. Adapters live in `providers`."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from tui_chat.core.attachment_limits import AttachmentLimits
from tui_chat.core.conversation import Options
from tui_chat.core.event import ProviderEvent
from tui_chat.core.tool import Tool
from tui_chat.core.turn import Turn

CONTINUE_PROMPT = "Please continue exactly where your last reply stopped, without repeating anything."
"""Sent as a visible prompt where a model cannot continue its own unfinished reply."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model as its provider describes it; `None` is unknown."""

    ref: str
    """`provider/model`."""
    name: str = ""
    context_window: int | None = None
    max_output_tokens: int | None = None
    can_think: bool | None = None
    efforts: tuple[str, ...] = ()
    can_see: bool | None = None
    can_use_tools: bool | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """Everything a provider needs to answer: the branch so far, ending with what is to be answered."""

    model: str
    """The model's name without its provider."""
    turns: tuple[Turn, ...]
    """From the root. Ends with a user's turn, or with a reply to be continued where `can_continue` allows it."""
    system: str = ""
    options: Options = field(default_factory=Options)
    tools: tuple[Tool, ...] = ()
    """What the model may call; none is sent where it is empty."""
    is_paused: bool = False
    """The last turn is a reply that the provider paused; it is sent back as it is, and continued."""


class Provider(Protocol):
    """One wire to models. Raises the errors of `core.error` and no others."""

    @property
    def name(self) -> str:
        """The first half of its models' references."""
        ...

    def stream(self, request: Request) -> AsyncGenerator[ProviderEvent, None]:
        """Send the request and yield its events. Ends after `Stopped` or raises; closing it closes the connection."""
        ...

    def can_continue(self, model: str) -> bool:
        """Return whether a request may end with a partial reply that the model then continues."""
        ...

    def takes(self, model: str) -> AttachmentLimits:
        """Return the attachments that a model takes, as far as its wire and its name show."""
        ...

    async def count_tokens(self, request: Request) -> int | None:
        """Return input tokens of a request as the provider counts them; `None` where it cannot count."""
        ...

    async def models(self) -> tuple[Model, ...]:
        """Return the models it offers now; needs the network."""
        ...

    async def aclose(self) -> None: ...


def split_ref(ref: str) -> tuple[str, str]:
    """Split `provider/model`; the provider is empty if there is none."""
    provider, slash, model = ref.partition("/")
    return (provider, model) if slash else ("", ref)

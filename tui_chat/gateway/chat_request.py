"""A request of a client that keeps no state here: it sends the whole history each time. Knows no wire format."""

from dataclasses import dataclass, field

from tui_chat.core.conversation import Options
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Role
from tui_chat.gateway.problem import wrong_field


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the history."""

    role: Role
    text: str
    attachments: tuple[AttachmentPart, ...] = ()


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A history that ends with a prompt."""

    messages: tuple[Message, ...]
    model: str
    """As the client names it."""
    system: str | None = None
    options: Options = field(default_factory=Options)
    stream: bool = False
    include_usage: bool = False
    """Whether a stream of OpenAI's ends with the usage."""
    store: bool | None = None
    """False where the client asks to keep nothing."""
    key: str = ""
    """The client's own name for the conversation."""
    ignored: tuple[str, ...] = ()
    """Fields of the body that have no effect here."""

    @property
    def prompt(self) -> Message:
        """Return the message to answer."""
        return self.messages[-1]


def joined(messages: list[Message]) -> tuple[Message, ...]:
    """Return the messages with neighbours of one role made one, ending with a prompt."""
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role is message.role:
            before = merged.pop()
            text = "\n\n".join(filter(None, (before.text, message.text)))
            message = Message(message.role, text, before.attachments + message.attachments)
        merged.append(message)
    if not merged or merged[-1].role is not Role.USER:
        raise wrong_field("messages", "must end with a message of the user")
    return tuple(merged)

"""A request of a client that keeps no state here: it sends the whole history each time. Knows no wire format."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tui_chat.core.conversation import Options
from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Role
from tui_chat.gateway.body import Body
from tui_chat.gateway.problem import wrong_field

_ROLES = {"user": Role.USER, "assistant": Role.ASSISTANT}


@dataclass(frozen=True, slots=True)
class Message:
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
        return self.messages[-1]


def read_messages(
    body: Body, read: Callable[[Body, Role], Message], *, system_roles: tuple[str, ...] = ()
) -> tuple[tuple[Message, ...], str | None]:
    """Return the messages of a body and, of those with another role, the system prompt; `read` reads one."""
    system: list[str] = []
    messages: list[Message] = []
    for item in body.objects("messages"):
        role = item.text("role")
        if role in system_roles:
            system.append(read(item, Role.USER).text)
        elif role in _ROLES:
            messages.append(read(item, _ROLES[role]))
        else:
            raise wrong_field(item.name("role"), f"must be one of {', '.join((*system_roles, *_ROLES))}")
    return joined(messages), "\n\n".join(system) if system else None


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

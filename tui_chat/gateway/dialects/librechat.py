"""LibreChat's older `ask` and `edit` streams: created, the text so far, and a final message."""

from tui_chat.core.conversation import Conversation
from tui_chat.core.event import ReplyEvent, TextDelta, TurnEnded, TurnStarted
from tui_chat.core.provider import split_ref
from tui_chat.core.text_buffer import TextBuffer
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.gateway.dialects.dialect import Dialect, sse
from tui_chat.gateway.json_values import Json, moment
from tui_chat.gateway.problem import failure_of

ROOT = "00000000-0000-0000-0000-000000000000"
"""The parent of a first message."""
PACE_S = 0.05
"""Each event holds the whole text so far: more of them than this would be quadratic in earnest."""


class LibreChatStream(Dialect):
    keep_alive = b": heartbeat\n\n"

    def __init__(self, conversation: Conversation, prompt: Turn) -> None:
        self._conversation = conversation
        self._prompt = prompt
        self._text = TextBuffer()
        self._reply: Turn | None = None

    def encode(self, event: ReplyEvent) -> bytes:
        match event:
            case TurnStarted(_, turn):
                self._reply, self._text = turn, TextBuffer(turn.text)
                prompt = message_json(self._prompt, self._conversation)
                created = _event({"created": True, "message": prompt, "conversationId": self._conversation.id})
                return created + (self._progress() if turn.text else b"")
            case TextDelta(text):
                self._text.add(text)
                return self._progress()
            case TurnEnded(turn):
                return self._end(turn)
        return b""

    def _progress(self) -> bytes:
        assert self._reply is not None
        about = message_json(self._reply, self._conversation)
        return _event({**about, "text": self._text.text, "message": True, "initial": False})

    def _end(self, turn: Turn) -> bytes:
        if (failure := failure_of(turn)) is None:
            return _event(final_json(self._conversation, self._prompt, turn))
        message = message_json(turn, self._conversation)
        return sse({**message, "text": str(failure), "error": True}, event="error")


def _event(data: Json) -> bytes:
    return sse(data, event="message")


def final_json(conversation: Conversation, prompt: Turn, reply: Turn) -> Json:
    """Return the last event of a reply, which is also the answer to stopping it."""
    return {
        "final": True,
        "title": conversation.title,
        "conversation": {
            "conversationId": conversation.id,
            "title": conversation.title,
            "endpoint": split_ref(reply.model)[0],
            "model": reply.model,
            "createdAt": moment(conversation.created_at),
            "updatedAt": moment(conversation.updated_at),
        },
        "requestMessage": message_json(prompt, conversation),
        "responseMessage": message_json(reply, conversation),
    }


def message_json(turn: Turn, conversation: Conversation) -> Json:
    """Return a turn as LibreChat's message."""
    is_prompt = turn.role is Role.USER
    message: Json = {
        "messageId": turn.id,
        "parentMessageId": turn.parent_id or ROOT,
        "conversationId": conversation.id,
        "text": turn.text,
        "isCreatedByUser": is_prompt,
        "sender": "User" if is_prompt else split_ref(turn.model)[1],
        "model": turn.model or None,
        "endpoint": split_ref(turn.model or conversation.model)[0],
        "error": turn.status is TurnStatus.FAILED,
        "unfinished": turn.status in (TurnStatus.CANCELLED, TurnStatus.INTERRUPTED),
        "createdAt": moment(turn.created_at),
    }
    return message | ({"cancelled": True} if turn.status is TurnStatus.CANCELLED else {})

"""Matches a whole history to the conversation it comes from, so that each request adds only what is new.

The longest known prefix wins: the same history with a new prompt continues it, a changed one makes a branch, and the
history again makes a sibling of the reply. Knows no wire format.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.error import NotFound
from tui_chat.core.part import AttachmentPart, Part, TextPart
from tui_chat.core.title import title_from
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.gateway.backend import Backend
from tui_chat.gateway.chat_request import ChatRequest, Message
from tui_chat.gateway.tokens import Client
from tui_chat.service.chat import ChatService
from tui_chat.service.reply import Reply

_MOST_CANDIDATES = 20
_REGENERATED_WITHIN = timedelta(minutes=10)
"""A first prompt that comes again later starts a new conversation."""


class History:
    """The messages of one request, and where they are in the library."""

    def __init__(self, backend: Backend, client: Client, chat: ChatRequest) -> None:
        self._backend = backend
        self._client = client
        self._chat = chat
        self._service: ChatService = backend.service

    async def send(self, model: str) -> Reply:
        """Add what is new and start the reply."""
        conversation, known = await self._match()
        messages = self._chat.messages
        if conversation is None:
            return await self.send_new(self._service, model)
        if len(known) == len(messages):
            return await self._service.retry(conversation.id, known[-1].id, model=model, with_tools=False)
        parent_id = known[-1].id if known else None
        if missing := messages[len(known) : -1]:
            turns = self._turns(missing, parent_id)
            await self._backend.store.append(conversation.id, turns, head=turns[-1].id)
            conversation = await self._service.open(conversation.id)
            parent_id = turns[-1].id
        changed = self._with_request(conversation.with_head(parent_id), model)
        return await self._service.send(changed, self._chat.prompt.text, self._chat.prompt.attachments)

    async def send_new(self, service: ChatService, model: str) -> Reply:
        """Start the reply in a new conversation of that service."""
        chat = self._chat
        conversation = self._backend.new_conversation(
            self._client, model, system=chat.system, options=chat.options, key=self._key
        )
        if history := self._turns(chat.messages[:-1], None):
            title = title_from(next((turn.text for turn in history if turn.role is Role.USER), ""))
            conversation = replace(conversation, turns=tuple(history), head=history[-1].id, title=title)
        return await service.send(conversation, chat.prompt.text, chat.prompt.attachments)

    def as_conversation(self, model: str) -> Conversation:
        conversation = self._service.new_conversation(
            model, system=self._chat.system or "", options=self._chat.options
        )
        turns = self._turns(self._chat.messages, None)
        return replace(conversation, turns=tuple(turns), head=turns[-1].id)

    @property
    def _key(self) -> str:
        if self._chat.key:
            return f"id:{self._chat.key}"
        return f"chat:{_digest(self._chat.messages[0])}"

    async def _match(self) -> tuple[Conversation | None, list[Turn]]:
        """Return the conversation, if there is one, and the turns of the known part of the history."""
        if self._chat.key and (named := await self._named()) is not None:
            return named, known_turns(named, self._chat.messages)
        best: tuple[Conversation | None, list[Turn]] = (None, [])
        limit = 1 if self._chat.key else _MOST_CANDIDATES
        for conversation_id in await self._backend.by_key(self._client, self._key, limit=limit):
            conversation = await self._service.open(conversation_id)
            known = known_turns(conversation, self._chat.messages)
            if self._chat.key or (len(known) > len(best[1]) and self._may_continue(conversation, known)):
                best = conversation, known
        return best

    async def _named(self) -> Conversation | None:
        """Return the conversation whose own id the client gives."""
        try:
            await self._backend.store.summary(self._chat.key)
        except NotFound:
            return None
        return await self._backend.conversation(self._client, self._chat.key)

    def _may_continue(self, conversation: Conversation, known: list[Turn]) -> bool:
        """Return whether a history without a name is taken for that conversation's."""
        if len(self._chat.messages) > 1:
            return len(known) > 1
        if self._service.reply_in(conversation.id) is not None:
            return False
        return datetime.now(UTC) - conversation.updated_at < _REGENERATED_WITHIN

    def _with_request(self, conversation: Conversation, model: str) -> Conversation:
        chat = self._chat
        system = conversation.system if chat.system is None else chat.system
        options = chat.options if chat.options != Options() else conversation.options
        return replace(conversation, model=model, system=system, options=replace(options, tools=()))

    def _turns(self, messages: tuple[Message, ...], parent_id: str | None) -> list[Turn]:
        """Return messages that are not known here as turns, each below the one before."""
        made: list[Turn] = []
        for message in messages:
            parts: tuple[Part, ...] = (TextPart(message.text), *message.attachments)
            # A new conversation has a new id; nothing else in it is used.
            turn_id = self._service.new_conversation("").id
            now = datetime.now(UTC)
            made.append(Turn(turn_id, parent_id, message.role, parts, TurnStatus.COMPLETE, now))
            parent_id = turn_id
        return made


def known_turns(conversation: Conversation, messages: tuple[Message, ...]) -> list[Turn]:
    """Return the turns of the longest part of the history that the conversation has, from its root."""
    best: list[Turn] = []
    pending: list[list[Turn]] = [[turn] for turn in conversation.children_of(None) if _is_same(turn, messages[0])]
    while pending:
        path = pending.pop()
        if len(path) > len(best):
            best = path
        if len(path) < len(messages):
            following = messages[len(path)]
            pending += [[*path, turn] for turn in conversation.children_of(path[-1].id) if _is_same(turn, following)]
    return best


def _is_same(turn: Turn, message: Message) -> bool:
    if turn.role is not message.role or turn.is_live or turn.text.strip() != message.text.strip():
        return False
    return [_fingerprint(part) for part in turn.parts if isinstance(part, AttachmentPart)] == [
        _fingerprint(part) for part in message.attachments
    ]


def _fingerprint(part: AttachmentPart) -> str:
    return part.sha256 or hashlib.sha256(part.data).hexdigest()


def _digest(message: Message) -> str:
    hashed = hashlib.sha256(message.text.strip().encode("utf-8", "replace"))
    for part in message.attachments:
        hashed.update(_fingerprint(part).encode())
    return hashed.hexdigest()

"""Converts another program's tree of messages to a conversation with turns; every import format uses it.

Ids are made from the other program's ids, so that the same file gives the same conversation every time.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha1
from json.encoder import encode_basestring_ascii

from tui_chat.core.bounds import UNKNOWN_MOMENT
from tui_chat.core.conversation import Conversation, Origin, TitleSource
from tui_chat.core.error import Fault, FormatError
from tui_chat.core.part import Part, TextPart
from tui_chat.core.title import title_from
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import UNKNOWN_USAGE, Usage

MOST_MESSAGES = 250_000
"""In one conversation; each takes 2 kB of memory and 0.1 ms until the conversation is stored."""
TOO_MANY_MESSAGES = f"it has more than {MOST_MESSAGES:,} messages"
CIRCLE_CUT = "its messages answered each other in a circle, which was cut open; all of their text was kept"
_NAMESPACE = uuid.UUID("0f1c8a52-6f0d-5e0b-9a67-3f4f7a1c2d9e")


@dataclass(frozen=True, slots=True)
class Imported:
    conversation: Conversation
    note: str = ""
    """What had to be changed in it to import it."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """A conversation that could not be read."""

    which: str
    """Its title or its number in the file."""
    why: str


@dataclass(frozen=True, slots=True)
class Message:
    """One of the other program's messages."""

    id: str
    parent_id: str | None
    role: Role | None
    """`None`: a message that is not shown; its children follow its parent."""
    parts: Sequence[Part] = ()
    created_at: datetime | None = None
    model: str = ""
    continues: bool = False
    """It belongs to the reply before it, as a tool's result and the text after that do."""
    status: TurnStatus = TurnStatus.COMPLETE
    stop_reason: str | None = None
    fault: Fault | None = None
    usage: Usage | None = None
    duration_ms: int | None = None


@dataclass(slots=True)
class ForeignConversation:
    source: str
    id: str
    messages: Sequence[Message]
    title: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    model: str = ""
    system: str = ""
    head: str | None = None
    """The last message of the branch that was shown there."""
    is_archived: bool = False


def newest_message_id(messages: Sequence[Message]) -> str | None:
    """Return the id of the newest message, for a program that does not store which branch was shown."""
    shown = [message for message in reversed(messages) if message.role is not None]
    return max(shown, key=lambda message: message.created_at or UNKNOWN_MOMENT).id if shown else None


def to_conversation(foreign: ForeignConversation) -> Imported:
    """Return the conversation as one of this program; `FormatError` if it has no text."""
    if len(foreign.messages) > MOST_MESSAGES:
        raise FormatError(TOO_MANY_MESSAGES)
    known = [message.created_at for message in foreign.messages if message.created_at is not None]
    created = foreign.created_at or min(known, default=foreign.updated_at or UNKNOWN_MOMENT)
    updated = foreign.updated_at or max(known, default=created)
    tree = _Tree(foreign, created)
    if not tree.turns:
        raise FormatError("it has no messages with text")
    conversation = Conversation(
        id=_our_id(foreign.source, foreign.id),
        created_at=created,
        updated_at=updated,
        title=foreign.title or _title_from(tree.turns),
        title_source=TitleSource.MODEL if foreign.title else TitleSource.PROMPT,
        system=foreign.system,
        turns=tree.turns,
        archived_at=updated if foreign.is_archived else None,
        origin=Origin(source=foreign.source, foreign_id=foreign.id),
    )
    head = tree.turn_ids.get(foreign.head or "") or conversation.leaf_under(conversation.children_of(None)[-1].id)
    last_models = [turn.model for turn in conversation.path_to(head) if turn.model]
    conversation = replace(conversation, head=head, model=foreign.model or (last_models or [""])[-1])
    return Imported(conversation, CIRCLE_CUT if tree.has_circle else "")


class _Tree:
    """Converts messages to turns: hidden messages are left out, messages of one reply become one turn."""

    def __init__(self, foreign: ForeignConversation, start: datetime) -> None:
        self._source = (foreign.source, foreign.id)
        self.turn_ids: dict[str, str] = {}
        """Message id to the id of the turn that it became, or of the nearest turn above."""
        self._messages = _by_id(foreign.messages)
        self.has_circle = False
        self._shown_parent: dict[str, str | None] = {}
        self._shown_children: dict[str | None, int] = {}
        walk = self._walk()
        for message in walk:
            if message.role is not None:
                parent = self._shown_parent[message.id]
                self._shown_children[parent] = self._shown_children.get(parent, 0) + 1
        self._turns: dict[str, Turn] = {}
        self._joined: dict[str, list[Part]] = {}
        """The parts of turns that consist of several messages."""
        self._order: dict[str, tuple[datetime, int]] = {}
        self._newest_child: dict[str | None, datetime] = {}
        for message in walk:
            self._place(message, start)
        for turn_id, parts in self._joined.items():
            self._turns[turn_id] = replace(self._turns[turn_id], parts=tuple(parts))
        self.turns = tuple(sorted(self._turns.values(), key=lambda turn: self._order[turn.id]))

    def _walk(self) -> list[Message]:
        """Return parents before children, siblings in order; a circle is cut open at its first message."""
        children: dict[str | None, list[Message]] = {}
        for message in self._messages.values():
            parent = message.parent_id if message.parent_id in self._messages else None
            children.setdefault(parent, []).append(message)
        walked: dict[str, Message] = {}
        for start in (*children.get(None, ()), *self._messages.values()):
            self.has_circle = self.has_circle or (start.id not in walked and start.parent_id in self._messages)
            stack: list[tuple[Message, str | None]] = [(start, None)]
            while stack:
                message, shown = stack.pop()
                if message.id not in walked:
                    walked[message.id] = message
                    self._shown_parent[message.id] = shown
                    here = shown if message.role is None else message.id
                    stack += [(child, here) for child in reversed(children.get(message.id, ()))]
        return list(walked.values())

    def _place(self, message: Message, start: datetime) -> None:
        parent = self._shown_parent[message.id]
        before = self._turns.get(self.turn_ids[parent]) if parent is not None else None
        if message.role is None:
            if before is not None:
                self.turn_ids[message.id] = before.id
        elif message.continues and before is not None and self._is_only_reply(message, before, parent):
            self.turn_ids[message.id] = before.id
            self._turns[before.id] = _joined(before, message)
            parts = self._joined.setdefault(before.id, [*before.parts])
            parts += [TextPart("\n\n")] if _wants_break(parts, message.parts) else []
            parts += message.parts
        else:
            self._add(message, before, start)

    def _is_only_reply(self, message: Message, before: Turn, parent: str | None) -> bool:
        return before.role is message.role is Role.ASSISTANT and self._shown_children[parent] == 1

    def _add(self, message: Message, before: Turn | None, start: datetime) -> None:
        assert message.role is not None
        parent_id = before.id if before else None
        turn = Turn(
            id=_our_id(*self._source, message.id),
            parent_id=parent_id,
            role=message.role,
            parts=tuple(message.parts),
            status=message.status,
            created_at=message.created_at or (before.created_at if before else start),
            model=message.model if message.role is Role.ASSISTANT else "",
            usage=message.usage,
            stop_reason=message.stop_reason,
            fault=message.fault,
            duration_ms=message.duration_ms,
        )
        # Oldest first, yet never a reply before its prompt nor siblings in another order than theirs,
        # whatever their dates are.
        not_before = [turn.created_at, self._newest_child.get(parent_id, turn.created_at)]
        if before is not None:
            not_before.append(self._order[before.id][0])
        self._newest_child[parent_id] = max(not_before)
        self._order[turn.id] = (max(not_before), len(self._order))
        self._turns[turn.id] = turn
        self.turn_ids[message.id] = turn.id


def _by_id(messages: Sequence[Message]) -> dict[str, Message]:
    """Return the messages by their ids; one that has the id of another, but other text, gets an id of its own."""
    found: dict[str, Message] = {}
    copies: dict[str, int] = {}
    for message in messages:
        unique = message
        if (other := found.get(message.id)) is not None:
            if (other.role, other.parts) == (message.role, message.parts):
                continue
            while unique.id in found:
                copies[message.id] = copies.get(message.id, 1) + 1
                unique = replace(message, id=f"{message.id} ({copies[message.id]})")
        found[unique.id] = unique
    return found


def _wants_break(parts: Sequence[Part], more: Sequence[Part]) -> bool:
    """Return whether text would follow text that does not end its line."""
    if not any(isinstance(part, TextPart) for part in more):
        return False
    last = next((part.text for part in reversed(parts) if isinstance(part, TextPart) and part.text), "\n")
    return not last.endswith("\n")


def _joined(turn: Turn, message: Message) -> Turn:
    """Return a reply with the facts of one more of its messages; the parts are added at the end."""
    return replace(
        turn,
        model=message.model or turn.model,
        status=message.status,
        stop_reason=message.stop_reason or turn.stop_reason,
        fault=message.fault or turn.fault,
        usage=_sum(turn.usage, message.usage),
        duration_ms=(turn.duration_ms or 0) + (message.duration_ms or 0) or None,
    )


def _sum(first: Usage | None, second: Usage | None) -> Usage | None:
    """Return what both used together; unknown where one of them is, as it is stored."""
    if first is None or second is None:
        return first or second
    return UNKNOWN_USAGE if first.unknown or second.unknown else first + second


def _our_id(*names: str) -> str:
    """Return the UUID of version 5 for a list of names, as `uuid.uuid5` does in five times the time."""
    # As JSON, so that no two lists of names look the same; in ASCII, so that any text will do.
    text = f"[{', '.join(map(encode_basestring_ascii, names))}]"
    digest = sha1(_NAMESPACE.bytes + text.encode(), usedforsecurity=False).digest()
    number = int.from_bytes(digest[:16]) & ~(0xF000 << 64) & ~(0xC000 << 48) | 5 << 76 | 0x8000 << 48
    found = f"{number:032x}"
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"


def _title_from(turns: Iterable[Turn]) -> str:
    return title_from(next((turn.text for turn in turns if turn.role is Role.USER and turn.text.strip()), ""))

"""Conversations and turns for the tests, written down shortly."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tui_chat.core.conversation import TITLE, Conversation, SideRequest
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Cost, Price, Usage
from tui_chat.storage import blobs
from tui_chat.storage.process_owner import Owner
from tui_chat.storage.sync_schema import SYNC

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
PRICE = Price(Decimal(3), Decimal(15), Decimal("0.3"), Decimal("3.75"), Decimal(6), source="test")
HERE = Owner.current()
DEAD = replace(HERE, pid=2**22 + 1, started="long ago")
NEIGHBOUR = replace(HERE, pid=1, started="")
"""Stands for another process; whether it is alive depends on the test."""


TO_FOURTH_VERSION = (
    "".join(
        f"DROP {kind} {name};" for kind, name in reversed(re.findall(r"^CREATE (TRIGGER|TABLE) (\w+)", SYNC, re.M))
    )
    + "ALTER TABLE conversation DROP COLUMN kept_here; PRAGMA user_version = 4;"
)
"""Makes of a new file one from before conversations could be synced."""
TO_THIRD_VERSION = TO_FOURTH_VERSION + "DROP TABLE attachment; DROP TABLE blob; PRAGMA user_version = 3;"
"""Makes of a new file without attachments one from before they were kept apart."""
TO_FIRST_VERSION = TO_THIRD_VERSION + "DROP VIEW tree; DROP TABLE errand; PRAGMA user_version = 1;"
"""Makes of a new file without attachments one of the first version."""


class Clock:
    """A clock that a test sets; it ticks a second with each look."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def conversation(conversation_id: str = "c1", *turns: Turn, **fields: Any) -> Conversation:
    """A conversation whose head is its last turn."""
    head = turns[-1].id if turns else None
    fields = {"title": "Hello", "model": "demo/tour", "head": head, "turns": turns} | fields
    return Conversation(conversation_id, NOON, NOON, **fields)


def as_stored(whole: Conversation) -> Conversation:
    """The same as the store returns it: without the bytes of attachments, which it keeps apart."""
    return replace(whole, turns=tuple(map(blobs.stripped, whole.turns)))


def prompt(turn_id: str, parent: str | None = None, text: str = "Why?", **fields: Any) -> Turn:
    """A user's turn."""
    return Turn(turn_id, parent, Role.USER, (TextPart(text),), TurnStatus.COMPLETE, NOON, **fields)


def reply(turn_id: str, parent: str | None, text: str = "Because.", **fields: Any) -> Turn:
    """A reply that is complete."""
    fields = {"model": "demo/tour", "status": TurnStatus.COMPLETE} | fields
    return Turn(turn_id, parent, Role.ASSISTANT, (TextPart(text),), fields.pop("status"), NOON, **fields)


def live(turn_id: str, parent: str | None, **fields: Any) -> Turn:
    """A reply of which nothing has arrived yet."""
    return replace(reply(turn_id, parent, status=TurnStatus.STREAMING, **fields), parts=())


def priced(turn: Turn, usd: str | None, *, estimated: bool = False) -> Turn:
    """The same with usage, and with what it cost."""
    cost = None if usd is None else Cost(Decimal(usd), estimated, PRICE)
    return replace(turn, usage=Usage(input_tokens=10, output_tokens=20, estimated=estimated), cost=cost)


def side_request(errand_id: str, usd: str | None) -> SideRequest:
    """What asking for a title used, and what it cost."""
    cost = None if usd is None else Cost(Decimal(usd), price=PRICE)
    return SideRequest(errand_id, TITLE, "demo/tour", NOON, Usage(input_tokens=30, output_tokens=4), cost)

"""Conversations to show in tests of the screen."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tui_chat.core.conversation import Conversation
from tui_chat.core.part import Part, TextPart, ThinkingPart
from tui_chat.core.turn import Role, Turn, TurnStatus

BEGAN = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def prompt(number: int, text: str, parent: str | None = None, **more: Any) -> Turn:
    """A user's turn."""
    at = BEGAN + timedelta(minutes=number)
    return Turn(f"turn-{number}", parent, Role.USER, (TextPart(text),), TurnStatus.COMPLETE, at, **more)


def reply(number: int, *parts: Part | str, status: TurnStatus = TurnStatus.COMPLETE, **more: Any) -> Turn:
    """A reply to turn `number - 1`."""
    made = tuple(TextPart(part) if isinstance(part, str) else part for part in parts)
    at = BEGAN + timedelta(minutes=number)
    more = {"model": "demo/model-one", "parent_id": f"turn-{number - 1}", **more}
    return Turn(f"turn-{number}", role=Role.ASSISTANT, parts=made, status=status, created_at=at, **more)


def conversation(*turns: Turn, head: str | None = None) -> Conversation:
    """A conversation of these turns, showing the branch of the last one."""
    return Conversation("c", BEGAN, BEGAN, turns=turns, head=head or (turns[-1].id if turns else None))


def exchanges(count: int, lines: int = 6) -> Conversation:
    """So many prompts and replies, every line distinguished by its number."""
    turns: list[Turn] = []
    for number in range(0, 2 * count, 2):
        turns.append(prompt(number, f"prompt {number}", turns[-1].id if turns else None))
        text = "\n\n".join(f"reply {number + 1} line {line}" for line in range(lines))
        turns.append(reply(number + 1, text))
    return conversation(*turns)


def thinking(lines: int = 3) -> ThinkingPart:
    """Some thinking."""
    return ThinkingPart("\n".join(f"thought {line}" for line in range(lines)))

"""Shared by the Markdown and plain-text exports: the turns in their order, and the facts about each."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from itertools import groupby

from tui_chat.core.compaction import is_left_out
from tui_chat.core.conversation import Conversation
from tui_chat.core.format_numbers import UNKNOWN, date_text, dollars, full_tokens
from tui_chat.core.part import (
    AttachmentPart,
    OtherPart,
    RoundPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.turn import EDITED, Role, Turn, TurnStatus

_USUAL_STOPS = (None, "", "end_turn", "stop", "completed")


class Branch(StrEnum):
    CURRENT = "current"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class TranscriptTurn:
    """A turn with its position in the export."""

    turn: Turn
    number: int
    """Counted from 1 in the order of the export."""
    follows: int | None
    """The number of its parent, where that is not the turn just before."""
    place: int
    """Among its siblings, from 1."""
    siblings: int
    is_shown: bool
    is_left_out: bool = False

    @property
    def speaker(self) -> str:
        return "User" if self.turn.role is Role.USER else "Assistant"

    def position_notes(self, branch: Branch) -> list[str]:
        """Return notes on its position in the tree, where the order does not show it, and that it is left out."""
        words = []
        if self.siblings > 1:
            words.append(f"{self.place} of {self.siblings}")
        if self.follows is not None:
            words.append(f"after {self.follows}" if self.follows else "from the start")
        if branch is Branch.ALL and self.siblings > 1 and self.is_shown:
            words.append("shown")
        if self.is_left_out:
            words.append("left out of requests")
        return words

    def numbered(self, who: str, branch: Branch) -> str:
        """Return the speaker, with the turn's number where others refer to it."""
        return f"{self.number}. {who}" if branch is Branch.ALL else who

    @property
    def facts(self) -> list[str]:
        """Model, date, tokens, cost and how it ended, as far as they are known."""
        turn = self.turn
        facts = [turn.model, moment(turn.created_at)]
        if turn.usage is not None:
            total = full_tokens(turn.usage.total_tokens, estimated=turn.usage.estimated)
            facts.append(f"{UNKNOWN if turn.usage.unknown else total} tokens")
            cost = turn.cost
            facts.append(dollars(cost.total_usd, estimated=cost.estimated) if cost else "cost unknown")
        if turn.status is not TurnStatus.COMPLETE:
            facts.append(turn.status.value)
        elif turn.stop_reason == EDITED:
            facts.append("edited")
        elif turn.stop_reason not in _USUAL_STOPS:
            facts.append(f"stopped: {turn.stop_reason}")
        return [one_line(fact) for fact in facts if fact]

    @property
    def fault(self) -> str:
        """What went wrong, in one line; empty where nothing did."""
        fault = self.turn.fault
        return one_line(f"{fault.kind}: {fault.message}" if fault.message else fault.kind) if fault else ""


def transcript_turns(conversation: Conversation, branch: Branch) -> list[TranscriptTurn]:
    """Return the current branch, or the whole tree with each turn right after its parent where possible."""
    shown = {turn.id for turn in conversation.path}
    turns = conversation.path if branch is Branch.CURRENT else _depth_first(conversation)
    numbers: dict[str | None, int] = {None: 0}
    places: dict[str | None, dict[str, int]] = {}
    result = []
    for number, turn in enumerate(turns, start=1):
        numbers[turn.id] = number
        above = numbers[turn.parent_id]
        siblings = conversation.children_of(turn.parent_id)
        if turn.parent_id not in places:
            places[turn.parent_id] = {sibling.id: place for place, sibling in enumerate(siblings, start=1)}
        result.append(
            TranscriptTurn(
                turn=turn,
                number=number,
                follows=above if above != number - 1 else None,
                place=places[turn.parent_id][turn.id],
                siblings=len(siblings),
                is_shown=turn.id in shown,
                is_left_out=is_left_out(conversation, turn),
            )
        )
    return result


def _depth_first(conversation: Conversation) -> list[Turn]:
    turns: list[Turn] = []
    stack = list(reversed(conversation.children_of(None)))
    while stack:
        turn = stack.pop()
        turns.append(turn)
        stack += reversed(conversation.children_of(turn.id))
    return turns


ShownPart = TextPart | ThinkingPart | ToolCallPart | ToolResultPart | AttachmentPart | OtherPart


def whole_parts(turn: Turn) -> list[ShownPart]:
    """Return a turn's parts, where text and thinking that came in several pieces are one piece each."""
    parts: list[ShownPart] = []
    shown = (part for part in turn.parts if not isinstance(part, RoundPart))
    for kind, pieces in groupby((part for part in shown if not isinstance(part, TextPart) or part.text), type):
        if kind is TextPart:
            parts.append(TextPart("".join(part.text for part in pieces if isinstance(part, TextPart))))
        elif kind is ThinkingPart:
            texts = [part.text for part in pieces if isinstance(part, ThinkingPart)]
            parts.append(ThinkingPart("\n\n".join(text for text in texts if text)))
        else:
            parts += pieces
    return parts


def attachment_line(part: AttachmentPart) -> str:
    """Return an attachment's name, kind and size."""
    size = f"{part.size:,} bytes" if part.is_included else "not included"
    return one_line(f"{part.name} ({part.media_type}, {size})")


def moment(date: datetime) -> str:
    """Return a date for people."""
    return date_text(date, "%Y-%m-%d %H:%M UTC", UTC)


def one_line(text: str) -> str:
    return " ".join(text.split())

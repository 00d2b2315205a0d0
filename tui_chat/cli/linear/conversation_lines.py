"""The lines of linear mode about a conversation as a whole: its tree, and where words are found. Prints nothing."""

from collections.abc import Iterator

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.formats.transcript import Branch, transcript_turns

_MOST_CHARACTERS = 60
_BEFORE = 20
"""Characters shown before a match."""


def tree_lines(conversation: Conversation) -> list[tuple[Turn, str]]:
    """Return every message with its line: number, speaker, first words, and its place in the tree in words."""
    return [
        (
            entry.turn,
            f"{_start(entry.turn, entry.number)}{_excerpt(entry.turn.text)}"
            f"{''.join(f', {note}' for note in entry.position_notes(Branch.ALL))}",
        )
        for entry in transcript_turns(conversation, Branch.ALL)
    ]


def matches(conversation: Conversation, words: str) -> list[tuple[Turn, str]]:
    """Return the messages of the current branch that contain these words, each with a line that shows them."""
    return list(_matches(conversation, words.casefold()))


def _matches(conversation: Conversation, words: str) -> Iterator[tuple[Turn, str]]:
    for number, turn in enumerate(conversation.path, start=1):
        text = clean_line(turn.text)
        at = text.casefold().find(words)
        if at >= 0:
            start = max(0, at - _BEFORE)
            yield turn, f"{_start(turn, number)}{'…' if start else ''}{_excerpt(text[start:])}"


def _start(turn: Turn, number: int) -> str:
    who = "You" if turn.role is Role.USER else clean_line(turn.model) or "Reply"
    ended = "" if turn.status is TurnStatus.COMPLETE else f" ({turn.status.value})"
    return f"{number}. {who}{ended}: "


def _excerpt(text: str) -> str:
    line = clean_line(text)
    return f"{line[:_MOST_CHARACTERS]}…" if len(line) > _MOST_CHARACTERS else line or "(empty)"

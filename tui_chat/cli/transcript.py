"""A conversation's shown branch as text for a terminal or a pipe."""

from tui_chat.core.clean import clean
from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, Turn
from tui_chat.wording import ending


def transcript(conversation: Conversation, *, for_people: bool) -> str:
    """Who said what, in order; made harmless when it goes to a terminal."""
    text = "\n\n".join(_said(turn) for turn in conversation.path)
    return clean(text) if for_people else text


def _said(turn: Turn) -> str:
    who = "You" if turn.role is Role.USER else turn.model or "Reply"
    words = ending(turn)
    note = f"\n\n({words.sentence})" if words else ""
    return f"{who}:\n\n{turn.text.strip()}{note}"

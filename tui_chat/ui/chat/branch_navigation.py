"""Which branch comes next, and which turn an action is about. Knows no widget and no service."""

from collections.abc import Sequence

from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, Turn


class Trail:
    """The end that was last seen of each branch, so that going back to a branch goes back there."""

    def __init__(self) -> None:
        self._left_at: dict[str, str] = {}

    def leave(self, conversation: Conversation) -> None:
        """Remember the end of the branch that is shown."""
        if conversation.head is not None:
            self._left_at |= {turn.id: conversation.head for turn in conversation.path}

    def end_of(self, conversation: Conversation, turn_id: str) -> str:
        """Return the end of the branch through that turn: the one that was last seen, else the newest."""
        left_at = self._left_at.get(turn_id, turn_id)
        return conversation.leaf_under(left_at if conversation.has(left_at) else turn_id)


def sibling_of(conversation: Conversation, turn: Turn | None, by: int) -> str | None:
    """Return the sibling that many places after a turn; `None` if there is none.

    Without a turn, take the last one of the shown branch that has siblings.
    """
    if turn is None:
        forks = [each for each in conversation.path if len(conversation.siblings_of(each.id)) > 1]
        if not forks:
            return None
        turn = forks[-1]
    siblings = conversation.siblings_of(turn.id)
    at = [sibling.id for sibling in siblings].index(turn.id) + by
    if not 0 <= at < len(siblings):
        return None
    return siblings[at].id


def last(path: Sequence[Turn], role: Role) -> Turn | None:
    return next((turn for turn in reversed(path) if turn.role is role), None)


def prompt_of(conversation: Conversation, turn: Turn | None) -> Turn | None:
    """Return the prompt that belongs to a turn: itself, or the one it answers; without a turn, the last prompt."""
    if turn is None:
        return last(conversation.path, Role.USER)
    if turn.role is Role.USER:
        return turn
    return conversation.turn(turn.parent_id) if turn.parent_id is not None else None


def reply_of(conversation: Conversation, turn: Turn | None) -> Turn | None:
    """Return the reply that belongs to a turn: itself, or the one to it; without a turn, the last reply."""
    if turn is None:
        return last(conversation.path, Role.ASSISTANT)
    if turn.role is Role.ASSISTANT:
        return turn
    return next((each for each in conversation.path if each.parent_id == turn.id), None)

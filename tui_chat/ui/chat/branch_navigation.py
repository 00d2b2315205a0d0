"""Which branch comes next, and which turn an action is about. Pure; knows no widget and no service."""

from collections.abc import Sequence

from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, Turn


class Trail:
    """Where somebody was in each branch, so that coming back to it is coming back there."""

    def __init__(self) -> None:
        self._left_at: dict[str, str] = {}

    def leave(self, conversation: Conversation) -> None:
        """The branch that is shown is about to be left."""
        if conversation.head is not None:
            self._left_at |= {turn.id: conversation.head for turn in conversation.path}

    def end_of(self, conversation: Conversation, turn_id: str) -> str:
        """The end of the branch through that turn: the one last seen, else the newest."""
        left_at = self._left_at.get(turn_id, turn_id)
        return conversation.leaf_under(left_at if conversation.has(left_at) else turn_id)


def beside(conversation: Conversation, turn: Turn | None, by: int) -> str | None:
    """The sibling so many places on; `None` where there is none.

    Without a turn, that of the last place in the shown branch where there is more than one way.
    """
    if turn is None:
        forks = [one for one in conversation.path if len(conversation.siblings_of(one.id)) > 1]
        if not forks:
            return None
        turn = forks[-1]
    siblings = conversation.siblings_of(turn.id)
    at = [one.id for one in siblings].index(turn.id) + by
    if not 0 <= at < len(siblings):
        return None
    return siblings[at].id


def last(path: Sequence[Turn], role: Role) -> Turn | None:
    """The last turn of that side."""
    return next((turn for turn in reversed(path) if turn.role is role), None)


def prompt_of(conversation: Conversation, turn: Turn | None) -> Turn | None:
    """The prompt that is meant: the turn itself, the one a reply answers, or the last one."""
    if turn is None:
        return last(conversation.path, Role.USER)
    if turn.role is Role.USER:
        return turn
    return conversation.turn(turn.parent_id) if turn.parent_id is not None else None

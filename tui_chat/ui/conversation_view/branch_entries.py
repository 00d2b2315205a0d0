"""Makes the entries of the branch that is shown, each with what its header needs from the other turns."""

from datetime import datetime

from tui_chat.core.compaction import is_left_out
from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, Turn
from tui_chat.ui.conversation_view.turn_labels import ALONE, TurnHeader
from tui_chat.ui.conversation_view.turn_layout import TurnLayout


def entries_of(conversation: Conversation, known: list[TurnLayout]) -> list[TurnLayout]:
    """Return the entries of the branch that is shown; known entries are reused."""
    entries: list[TurnLayout] = []
    before: datetime | None = None
    # Without branches no turn has siblings.
    tree = conversation if len(conversation.turns) > len(conversation.path) else None
    for number, turn in enumerate(conversation.path):
        header = _header(turn, tree, before, is_left_out(conversation, turn))
        old = known[number] if number < len(known) else None
        if old is not None and (old.turn is turn or old.turn == turn) and old.header == header:
            entries.append(old)
        else:
            entries.append(TurnLayout(turn, header))
        before = turn.created_at
    return entries


def entry_after(entries: list[TurnLayout], turn: Turn, conversation: Conversation | None) -> TurnLayout:
    """Return an entry for a turn that follows these entries."""
    before = entries[-1].turn.created_at if entries else None
    is_hidden = conversation is not None and is_left_out(conversation, turn)
    return TurnLayout(turn, _header(turn, conversation, before, is_hidden))


def _header(turn: Turn, conversation: Conversation | None, before: datetime | None, is_hidden: bool) -> TurnHeader:
    siblings = () if conversation is None else conversation.children_of(turn.parent_id)
    place = ALONE
    if len(siblings) > 1:
        place = (
            next((at for at, other in enumerate(siblings, 1) if other.id == turn.id), len(siblings)),
            len(siblings),
        )
    return TurnHeader(turn.model if turn.role is Role.ASSISTANT else "", before, place, is_hidden)

"""The turns of a conversation's branch as entries, each with what its head row needs to know of the others."""

from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, Turn
from tui_chat.ui.pane.dressing import Setting
from tui_chat.ui.pane.entry import Entry


def entries_of(conversation: Conversation, known: list[Entry]) -> list[Entry]:
    """Entries of the branch that is shown; those already known stay as they are."""
    entries: list[Entry] = []
    for number, turn in enumerate(conversation.path):
        setting = setting_of(turn, conversation, entries)
        old = known[number] if number < len(known) else None
        if old is not None and old.turn is turn and old.setting == setting:
            entries.append(old)
        else:
            entries.append(Entry(turn, setting, first=number == 0))
    return entries


def setting_of(turn: Turn, conversation: Conversation | None, before: list[Entry]) -> Setting:
    """Where a turn stands behind those entries."""
    day = not before or turn.created_at.astimezone().date() != before[-1].turn.created_at.astimezone().date()
    siblings = conversation.children_of(turn.parent_id) if conversation is not None else ()
    number = 1
    if len(siblings) > 1:
        number = next((at for at, other in enumerate(siblings, 1) if other.id == turn.id), len(siblings))
    return Setting(_model(turn, before), day, (number, max(1, len(siblings))))


def _model(turn: Turn, before: list[Entry]) -> str:
    if turn.role is Role.USER:
        return ""
    for entry in reversed(before):
        if entry.turn.role is Role.ASSISTANT:
            return turn.model if turn.model != entry.turn.model else ""
    return turn.model

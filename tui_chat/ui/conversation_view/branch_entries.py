"""The entries of the branch that is shown, each with what its header needs from the other turns."""

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from tui_chat.core.compaction import is_left_out
from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, Turn
from tui_chat.ui.conversation_view.turn_labels import ALONE, TurnHeader
from tui_chat.ui.conversation_view.turn_layout import TurnLayout


class BranchEntries:
    """One entry for each turn, made when it is first needed: most turns of a long branch are never looked at."""

    def __init__(self, conversation: Conversation | None = None, known: "BranchEntries | None" = None) -> None:
        """Known entries that still show their turns are reused."""
        self._conversation = conversation
        self._turns = [] if conversation is None else [*conversation.path]
        self._made: dict[int, TurnLayout] = {}
        # Without branches no turn has siblings.
        self._has_siblings = conversation is not None and len(conversation.turns) > len(self._turns)
        for number, entry in known.made() if known is not None else ():
            turn = self._turns[number] if number < len(self._turns) else None
            if turn is None or (entry.turn is not turn and entry.turn != turn):
                continue
            if entry.header == self._header(number):
                self._made[number] = entry

    def __len__(self) -> int:
        return len(self._turns)

    @overload
    def __getitem__(self, index: int) -> TurnLayout: ...
    @overload
    def __getitem__(self, index: slice) -> list[TurnLayout]: ...
    def __getitem__(self, index: int | slice) -> TurnLayout | list[TurnLayout]:
        if isinstance(index, int) and (entry := self._made.get(index)) is not None:
            return entry
        if isinstance(index, slice):
            return [self._entry(number) for number in range(len(self))[index]]
        return self._entry(range(len(self))[index])

    def __iter__(self) -> Iterator[TurnLayout]:
        return map(self._entry, range(len(self)))

    def _entry(self, number: int) -> TurnLayout:
        if (entry := self._made.get(number)) is None:
            entry = self._made[number] = TurnLayout(self._turns[number], self._header(number))
        return entry

    def _header(self, number: int) -> TurnHeader:
        tree, turn = self._conversation, self._turns[number]
        before = self.turn(number - 1) if number else None
        is_hidden = tree is not None and is_left_out(tree, turn)
        return _header(turn, tree if self._has_siblings else None, before, is_hidden)

    def made(self) -> Iterable[tuple[int, TurnLayout]]:
        """Return the entries that were needed so far, each with its index, in no order."""
        return self._made.items()

    def turns(self) -> Sequence[Turn]:
        """Return the turns of all entries without making the entries."""
        turns = self._turns.copy()
        for number, entry in self._made.items():
            turns[number] = entry.turn
        return turns

    def turn(self, index: int) -> Turn:
        """Return the turn of an entry without making the entry."""
        entry = self._made.get(index)
        return self._turns[index] if entry is None else entry.turn

    def index(self, entry: TurnLayout) -> int:
        return next(number for number, other in self._made.items() if other is entry)

    def append(self, entry: TurnLayout) -> None:
        self._made[len(self._turns)] = entry
        self._turns.append(entry.turn)

    def truncate(self, length: int) -> None:
        """Remove every entry from this index on."""
        del self._turns[length:]
        self._made = {number: entry for number, entry in self._made.items() if number < length}


def entry_after(entries: BranchEntries, turn: Turn, conversation: Conversation | None) -> TurnLayout:
    before = entries[-1].turn if len(entries) else None
    is_hidden = conversation is not None and is_left_out(conversation, turn)
    return TurnLayout(turn, _header(turn, conversation, before, is_hidden))


def _header(turn: Turn, conversation: Conversation | None, before: Turn | None, is_hidden: bool) -> TurnHeader:
    siblings = () if conversation is None else conversation.children_of(turn.parent_id)
    place = ALONE
    if len(siblings) > 1:
        place = (
            next((at for at, other in enumerate(siblings, 1) if other.id == turn.id), len(siblings)),
            len(siblings),
        )
    model = turn.model if turn.role is Role.ASSISTANT else ""
    return TurnHeader(model, None if before is None else before.created_at, place, is_hidden)

"""A turn that streams: deltas are only collected when they arrive, and laid out once a frame."""

from tui_chat.core.builder import TurnBuilder
from tui_chat.core.event import Delta, PartEnd, TextDelta, ThinkingDelta
from tui_chat.core.turn import Turn
from tui_chat.ui.conversation_view.blocks import MOST_S, Fold, Prose
from tui_chat.ui.conversation_view.layout_options import LayoutOptions, Note
from tui_chat.ui.conversation_view.turn_layout import TurnLayout


class StreamingTurn:
    """The deltas of a reply that are not laid out yet."""

    def __init__(self, entry: TurnLayout) -> None:
        self.entry = entry
        self._builder = TurnBuilder(entry.turn)
        self._pending: list[str] = []
        self._open: type[TextDelta] | type[ThinkingDelta] | None = None
        """The kind of delta that the last block takes."""
        self._is_stale = True
        """More than the last block's text has changed."""
        self.is_behind = False
        """More has arrived than could be laid out in one frame."""

    @property
    def turn(self) -> Turn:
        """The turn as far as it has arrived."""
        return self._builder.turn

    def add(self, delta: Delta) -> None:
        """Take in a delta, at constant cost."""
        self._builder.add(delta)
        if self.entry.note is not None:
            self.entry.note = None
            self._is_stale = True
        if isinstance(delta, (TextDelta, ThinkingDelta)):
            if self._open is type(delta) and not self._is_stale:
                self._pending.append(delta.text)
                return
            self._open = type(delta)
        elif not isinstance(delta, PartEnd) or delta.call_id is None:
            self._open = None
        self._is_stale = True

    def note(self, note: Note) -> None:
        """Show this below the turn until more arrives."""
        self.entry.note = note
        self._is_stale = True

    def settle(self, layout_options: LayoutOptions, *, unfolded: int | None) -> bool:
        """Lay out what arrived since the last call, as far as one frame allows. Return whether there was anything."""
        if not (self._is_stale or self._pending or self.is_behind):
            return False
        text = "".join(self._pending)
        self._pending.clear()
        entry = self.entry
        last = entry.growing if entry.is_laid_out and not self._is_stale else None
        if isinstance(last, Prose) or (isinstance(last, Fold) and last.can_open):
            last.grow(text)
        else:
            self._is_stale = False
            entry.turn = self.turn
            entry.layout(layout_options)
            entry.update(entry.turn, unfolded=unfolded)
        self.is_behind = not entry.advance(MOST_S)
        return True

    def catch_up(self) -> None:
        """Hand everything that has arrived to the turn's entry, which is about to be laid out again."""
        self._pending.clear()
        self._is_stale = True
        self.entry.turn = self.turn

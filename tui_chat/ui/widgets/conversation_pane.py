"""The conversation as one widget: shown, growing, scrolled, folded. Knows no service and no storage."""

from textual import events

from tui_chat.core.conversation import Conversation
from tui_chat.core.event import (
    PartDelta,
    PartEnd,
    ReplyEvent,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    TurnEnded,
    TurnStarted,
)
from tui_chat.core.turn import Role, Turn
from tui_chat.ui.pane.block import Fold
from tui_chat.ui.pane.entry import HEAD, Entry
from tui_chat.ui.pane.growth import Growth
from tui_chat.ui.pane.painter import Dress
from tui_chat.ui.pane.path import entries_of, setting_of
from tui_chat.ui.pane.view import PaneView
from tui_chat.ui.pane.viewport import Row

_WHEEL_ROWS = 3
_USER, _REPLY = Dress(bar="user"), Dress()


class ConversationPane(PaneView):
    """Shows the branch of a conversation and what arrives of the reply in flight."""

    _conversation: Conversation | None = None

    # What it shows

    def show(self, conversation: Conversation, *, at: str | None = None) -> None:
        """Show a conversation's branch from its end, or from turn `at` on."""
        known = self.viewport.entries if self._is_same(conversation) else []
        self._conversation = conversation
        self.viewport.show(entries_of(conversation, known))
        last = self.viewport.entries[-1] if self.viewport.entries else None
        if last is not None and last.turn.is_live:
            self.viewport.growth = Growth(last)
        if at is not None:
            self._go_to_turn(at)
        self.changed()

    def _is_same(self, conversation: Conversation) -> bool:
        return self._conversation is not None and self._conversation.id == conversation.id

    def begin(self, turn: Turn) -> None:
        """A turn appears at the end of the branch, below its parent."""
        viewport = self.viewport
        place = next((at for at, entry in enumerate(viewport.entries) if entry.turn.id == turn.id), None)
        if place is None:
            parent = next((at for at, e in enumerate(viewport.entries) if e.turn.id == turn.parent_id), -1)
            place = parent + 1
        viewport.truncate(place)
        if self._conversation is not None:
            self._conversation = self._conversation.with_turn(turn)
        setting = setting_of(turn, self._conversation, viewport.entries)
        entry = Entry(turn, setting, first=place == 0)
        viewport.append(entry)
        viewport.growth = Growth(entry) if turn.is_live else None
        self.changed()

    def apply(self, event: ReplyEvent) -> None:
        """Take in what happened to the reply in flight."""
        match event:
            case TextDelta() | ThinkingDelta() | ToolCallDelta() | PartDelta() | PartEnd():
                if self.viewport.growth is not None:
                    self.viewport.growth.add(event)
                    self.changed()
            case TurnStarted(turn=turn):
                self.begin(turn)
            case TurnEnded(turn=turn):
                self.end(turn)

    def end(self, turn: Turn) -> None:
        """The reply in flight has ended as this."""
        viewport = self.viewport
        self.settle()
        if viewport.growth is not None and viewport.growth.entry.turn.id == turn.id:
            viewport.growth.entry.note = None
            viewport.growth = None
        place = next((at for at, entry in enumerate(viewport.entries) if entry.turn.id == turn.id), None)
        if place is not None:
            viewport.replace(place, turn)
        if self._conversation is not None:
            self._conversation = self._conversation.with_turn(turn, head=False)
        self.changed()

    def say(self, sentence: str, next_step: str = "") -> None:
        """Say this below the reply in flight until something arrives of it."""
        growth = self.viewport.growth
        if growth is not None:
            growth.note(sentence, next_step)
            self.changed()

    @property
    def following(self) -> bool:
        """Whether the end stays in sight as it grows."""
        return self.viewport.following

    # Drawing

    def settle(self) -> None:
        self.viewport.grow()

    def dress(self, row: Row) -> Dress:
        entry = self.viewport.entries[row.place.entry]
        if entry.turn.role is Role.USER and (row.place.block != HEAD or row.place.row >= entry.blocks[HEAD].gap):
            return _USER
        return _REPLY

    def marker(self) -> str:
        new = self.viewport.new_rows
        if not new:
            return ""
        key = self._key_label("end")
        return f" ↓ {new:,} new {'line' if new == 1 else 'lines'}{'  ' + key if key else ''} "

    # Scrolling

    def _scroll(self, rows: int) -> None:
        self.viewport.scroll(rows)
        self.changed()

    def action_scroll_line(self, rows: int) -> None:
        """Go so many rows down, or up when negative."""
        self._scroll(rows)

    def action_half_page(self, pages: int) -> None:
        """Go half a page down, or up when negative."""
        self._scroll(pages * max(1, self.viewport.height // 2))

    def action_page(self, pages: int) -> None:
        """Go a page down, or up when negative; two rows of the old one stay."""
        self._scroll(pages * max(1, self.viewport.height - 2))

    def action_start(self) -> None:
        """Go to the first row."""
        self.viewport.to_start()
        self.changed()

    def action_end(self) -> None:
        """Go to the end and follow it."""
        self.viewport.to_end()
        self.changed()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self._scroll(_WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self._scroll(-_WHEEL_ROWS)

    # Folding

    def toggle(self, entry: int, block: int) -> None:
        """Unfold what is folded there, or fold it; the first visible row stays."""
        viewport = self.viewport
        fold = viewport.lay(entry).blocks[block]
        if isinstance(fold, Fold) and fold.can_open:
            viewport.hold()
            is_open = not fold.is_open
            viewport.entries[entry].set_open(block, is_open)
            viewport.measured(entry)
            viewport.rest()
            self.changed()

    def _go_to_turn(self, turn_id: str) -> None:
        for index, entry in enumerate(self.viewport.entries):
            if entry.turn.id == turn_id:
                self.viewport.go(index, 0)
                return

"""The branch of a conversation in the view: takes in turns and the events of a streaming reply. Draws nothing."""

from collections.abc import Callable

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
from tui_chat.ui.conversation_view.branch_entries import BranchEntries, entry_after
from tui_chat.ui.conversation_view.highlights import Highlights
from tui_chat.ui.conversation_view.layout_options import MOST_TAIL_ROWS, Note
from tui_chat.ui.conversation_view.prelayout import Prelayout
from tui_chat.ui.conversation_view.streaming_turn import StreamingTurn
from tui_chat.ui.conversation_view.viewport import Viewport


class ShownBranch:
    def __init__(
        self, viewport: Viewport, highlights: Highlights, prelayout: Prelayout, changed: Callable[..., None]
    ) -> None:
        """`changed` is called when something visible may have changed; with `streams=True` for a delta."""
        self._viewport = viewport
        self._highlights = highlights
        self._prelayout = prelayout
        self._changed = changed
        self._conversation: Conversation | None = None

    def show(self, conversation: Conversation, *, at: str | None = None) -> None:
        """Show a conversation's branch from its end, or from turn `at` on."""
        known = self._viewport.turns.entries if self.is_of(conversation) else None
        self._conversation = conversation
        self._highlights.clear()
        self._highlights.finder.forget()
        self._viewport.show(BranchEntries(conversation, known))
        last = self._viewport.turns.entries[-1] if self._viewport.turns.entries else None
        if last is not None and last.turn.is_live:
            self._viewport.turns.streaming = StreamingTurn(last)
        if at is not None:
            self._viewport.go(self._viewport.turns.index_of(at) or 0, 0)
        self._prelayout.start()
        self._changed()

    def is_of(self, conversation: Conversation) -> bool:
        return self._conversation is not None and self._conversation.id == conversation.id

    def shows(self, turn: Turn) -> bool:
        return self._conversation is not None and turn.id in {one.id for one in self._conversation.path}

    def add_turn(self, turn: Turn) -> None:
        """Add a turn at the end of the branch, below its parent."""
        viewport = self._viewport
        place = viewport.turns.index_of(turn.id)
        if place is None:
            parent = viewport.turns.index_of(turn.parent_id) if turn.parent_id else None
            place = 0 if parent is None else parent + 1
        if place < len(viewport.turns.entries):
            viewport.truncate(place)
            self._highlights.clear()
            self._highlights.finder.forget()
        if self._conversation is not None:
            self._conversation = self._conversation.with_turn(turn)
        entry = entry_after(viewport.turns.entries, turn, self._conversation)
        viewport.turns.append(entry)
        viewport.turns.streaming = StreamingTurn(entry) if turn.is_live else None
        if turn.role is Role.USER:
            viewport.to_end()
        self._changed()

    def apply(self, event: ReplyEvent) -> None:
        match event:
            case TextDelta() | ThinkingDelta() | ToolCallDelta() | PartDelta() | PartEnd():
                if self._viewport.turns.streaming is not None:
                    self._viewport.turns.streaming.add(event)
                    self._changed(streams=True)
            case TurnStarted(turn=turn):
                self.add_turn(turn)
            case TurnEnded(turn=turn):
                self.end_turn(turn)

    def end_turn(self, turn: Turn) -> None:
        """Show the streaming reply as it ended."""
        viewport = self._viewport
        self.catch_up()
        if viewport.turns.streaming is not None and viewport.turns.streaming.entry.turn.id == turn.id:
            viewport.turns.streaming.entry.note = None
            viewport.turns.streaming = None
        place = viewport.turns.index_of(turn.id)
        if place is not None:
            viewport.replace(place, turn)
        if self._conversation is not None:
            self._conversation = self._conversation.with_turn(turn, head=False)
        self._prelayout.start()
        self._changed()

    def show_note(self, sentence: str, next_step: str = "", tail: str = "") -> None:
        """Show this below the streaming reply until more text arrives, with the last lines of `tail`."""
        streaming = self._viewport.turns.streaming
        if streaming is not None:
            streaming.note(Note(sentence, next_step, tuple(tail.split("\n")[-MOST_TAIL_ROWS:]) if tail else ()))
            self._changed()

    def catch_up(self) -> None:
        """Bring the rows up to date before they are drawn."""
        self._highlights.prepare()
        self._viewport.grow()

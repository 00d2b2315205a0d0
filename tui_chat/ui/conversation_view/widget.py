"""The conversation as one widget: shown, growing, scrolled, folded. Knows no service and no storage."""

from typing import ClassVar

from textual.binding import BindingType

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
from tui_chat.rendering.line import Line
from tui_chat.ui.chat.welcome import laid_out
from tui_chat.ui.conversation_view.branch_entries import entries_of, entry_behind
from tui_chat.ui.conversation_view.layout_options import words
from tui_chat.ui.conversation_view.mouse import PointingPane
from tui_chat.ui.conversation_view.streaming_turn import StreamingTurn
from tui_chat.ui.keymap import Scope, bindings


class ConversationPane(PointingPane):
    """Shows the branch of a conversation and what arrives of the reply in flight."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Scope.PANE)]
    _conversation: Conversation | None = None
    _invitation: tuple[str, ...] = ()

    # What it shows

    def show(self, conversation: Conversation, *, at: str | None = None) -> None:
        """Show a conversation's branch from its end, or from turn `at` on."""
        known = self.viewport.entries if self._is_same(conversation) else []
        self._conversation = conversation
        self.clear_marks()
        self.finder.forget()
        self.viewport.show(entries_of(conversation, known))
        last = self.viewport.entries[-1] if self.viewport.entries else None
        if last is not None and last.turn.is_live:
            self.viewport.growth = StreamingTurn(last)
        if at is not None:
            self.viewport.go(self.viewport.index_of(at) or 0, 0)
        self.ahead.start()
        self.changed()

    def _is_same(self, conversation: Conversation) -> bool:
        return self._conversation is not None and self._conversation.id == conversation.id

    def shows(self, turn: Turn) -> bool:
        """Whether the turn is on the branch that is shown."""
        return self._conversation is not None and turn.id in {one.id for one in self._conversation.path}

    def begin(self, turn: Turn) -> None:
        """A turn appears at the end of the branch, below its parent."""
        viewport = self.viewport
        place = viewport.index_of(turn.id)
        if place is None:
            parent = viewport.index_of(turn.parent_id) if turn.parent_id else None
            place = 0 if parent is None else parent + 1
        if place < len(viewport.entries):
            viewport.truncate(place)
            self.clear_marks()
            self.finder.forget()
        if self._conversation is not None:
            self._conversation = self._conversation.with_turn(turn)
        entry = entry_behind(viewport.entries, turn, self._conversation)
        viewport.append(entry)
        viewport.growth = StreamingTurn(entry) if turn.is_live else None
        if turn.role is Role.USER:
            viewport.to_end()
        self.changed()

    def apply(self, event: ReplyEvent) -> None:
        """Take in what happened to the reply in flight."""
        match event:
            case TextDelta() | ThinkingDelta() | ToolCallDelta() | PartDelta() | PartEnd():
                if self.viewport.growth is not None:
                    self.viewport.growth.add(event)
                    self.changed(streams=True)
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
        place = viewport.index_of(turn.id)
        if place is not None:
            viewport.replace(place, turn)
        if self._conversation is not None:
            self._conversation = self._conversation.with_turn(turn, head=False)
        self.ahead.start()
        self.changed()

    def invite(self, *lines: str) -> None:
        """Show these lines while the conversation is empty; the first says what is to be done, tabs follow keys."""
        self._invitation = lines
        self.changed()

    def say(self, sentence: str, next_step: str = "") -> None:
        """Say this below the reply in flight until something arrives of it."""
        growth = self.viewport.growth
        if growth is not None:
            growth.note(sentence, next_step)
            self.changed()

    # Drawing

    def invitation(self) -> list[Line]:
        layout_options = self.viewport.layout_options
        rows = laid_out(self._invitation, layout_options.measure, self.viewport.height)
        return [
            words(layout_options.width, [(bright, layout_options.palette.text), (faint, layout_options.palette.dim)])
            for bright, faint in rows
        ]

    def settle(self) -> None:
        super().settle()
        self.viewport.grow()

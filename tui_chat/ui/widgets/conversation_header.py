"""The line above the conversation: what it is called, which branch and profile, how full its context is, its cost."""

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.ui.chat.welcome import margin_of
from tui_chat.ui.widgets.footer_layout import Field
from tui_chat.ui.widgets.header_layout import HeaderState, branch_number, header_fields, without_streaming

if TYPE_CHECKING:
    from tui_chat.core.budget import Standing
    from tui_chat.core.prompt_forecast import ContextUse

LEAST_WINDOW_ROWS = 15
"""A lower window leaves the row to the conversation."""
TEMPORARY = "TEMPORARY: not saved"
"""The badge of a conversation that is kept nowhere."""
TIGHT_FROM = 0.8
"""Share of the budget from which it is shown as a warning."""
_GAP = "  "


class ConversationHeader(Widget):
    """One line; hidden in low windows and over an empty conversation."""

    is_needed: reactive[bool] = reactive(False, layout=True)
    """Whether the window is high enough, and there is anything to show."""

    def __init__(self, *, costs: bool = True) -> None:
        super().__init__()
        self._costs = costs
        self._state = HeaderState()
        self.display = False

    def show_conversation(self, conversation: Conversation, profile: str) -> None:
        """Show its title, branch, profile and cost."""
        self._state = replace(
            self._state,
            title=conversation.title,
            branch=branch_number(conversation),
            profile=profile,
            total=without_streaming(conversation.path_cost, conversation),
            total_all=without_streaming(conversation.cost, conversation),
        )
        self._has_turns = bool(conversation.turns)
        self.fit_window()
        self.refresh()

    def show_context(self, context: "ContextUse") -> None:
        self._state = replace(self._state, context=context)
        self.refresh()

    def show_budget(self, standing: "Standing | None") -> None:
        if standing != self._state.budget:
            self._state = replace(self._state, budget=standing)
            self.refresh()

    def show_badge(self, badge: str) -> None:
        self._state = replace(self._state, badge=badge)
        self.refresh()

    _has_turns = False

    def fit_window(self) -> None:
        """Show or hide the line."""
        self.is_needed = self._has_turns and self.app.size.height >= LEAST_WINDOW_ROWS

    def watch_is_needed(self, is_needed: bool) -> None:
        self.display = is_needed

    def render(self) -> Content:
        return self.line(self.size.width)

    def line(self, width: int) -> Content:
        margin = margin_of(width)
        width = max(0, width - 2 * margin)
        fields = header_fields(self._state, width, costs=self._costs)
        left = [self._content(field) for field in fields if not field.at_right]
        right = Content(_GAP).join(self._content(field) for field in fields if field.at_right)
        left_width = sum(piece.cell_length + len(_GAP) for piece in left)
        room = width - left_width - right.cell_length - len(_GAP)
        title = Content.styled(clean_line(self._state.title) or "untitled", "bold").truncate(room, ellipsis=True)
        line = Content(_GAP).join([title, *left])
        space = " " * max(width - line.cell_length - right.cell_length, 0)
        return Content(" " * margin) + line + space + right

    def _content(self, field: Field) -> Content:
        is_tight = field.name == "context" and self._state.context is not None and self._state.context.is_tight
        budget = self._state.budget if field.name == "budget" else None
        is_spent = budget is not None and budget.share >= TIGHT_FROM
        style = "$text-warning" if is_tight or is_spent or field.name == "badge" else "$foreground-muted"
        return Content.styled(field.text, style)

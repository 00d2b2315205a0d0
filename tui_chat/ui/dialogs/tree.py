"""The whole conversation as a tree to walk and jump in, with what each branch cost."""

import re
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.format_numbers import cost_sum
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.ui.widgets.row_list import RowList

_SIGNS = {
    TurnStatus.CANCELLED: "■ ",
    TurnStatus.FAILED: "✗ ",
    TurnStatus.INTERRUPTED: "✗ ",
    TurnStatus.STREAMING: "● ",
}


_MARKS = re.compile(r"^(#{1,6}|[-*>]|```\w*)\s+|[*`]{1,3}(?=\S)|(?<=\S)[*`]{1,3}|\|[\s:|-]*-[\s:|-]*\|")
"""What Markdown means by them is not seen in one row."""


class TreeScreen(ModalScreen[str | None]):
    """Ends with the id of the turn to go to."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,t,f5", "dismiss(None)", show=False),
        Binding("j", "list('cursor_down')", show=False),
        Binding("k", "list('cursor_up')", show=False),
        Binding("g", "list('first')", show=False),
        Binding("G", "list('last')", show=False),
    ]

    rows = query_one(OptionList)

    def __init__(self, conversation: Conversation, chosen: Turn | None, *, costs: bool = True) -> None:
        super().__init__()
        self._costs = costs
        self._conversation = conversation
        self._at = chosen.id if chosen is not None else conversation.head

    def compose(self) -> ComposeResult:
        """The tree, and how to use it."""
        yield Static("Branches of this conversation", markup=False, classes="title")
        yield RowList(compact=True)
        yield Static("Enter goes there · j k move · Esc leaves", markup=False, classes="hint")

    def on_mount(self) -> None:
        """Lay the tree out, the shown branch lit."""
        shown = {turn.id for turn in self._conversation.path}
        options = [Option(_row(turn, lead, turn.id in shown, cost), turn.id) for turn, lead, cost in self._walk()]
        self.rows.add_options(options)
        ids = [option.id for option in options]
        self.rows.highlighted = ids.index(self._at) if self._at in ids else 0
        self.rows.focus()

    def _walk(self) -> list[tuple[Turn, str, str]]:
        """Every turn with the lines before it; a way without forks stays in one column."""
        walked: list[tuple[Turn, str, str]] = []
        pending = [
            (turn, "", len(self._conversation.children_of(None)) > 1, at)
            for at, turn in enumerate(self._conversation.children_of(None))
        ][::-1]
        while pending:
            turn, lead, forked, place = pending.pop()
            siblings = self._conversation.siblings_of(turn.id)
            is_last = place == len(siblings) - 1
            own = f"{lead}{'└ ' if is_last else '├ '}" if forked else lead
            walked.append(
                (turn, own, cost_sum(self._conversation.cost_under(turn.id)) if forked and self._costs else "")
            )
            below = f"{lead}{'  ' if is_last else '│ '}" if forked else lead
            children = self._conversation.children_of(turn.id)
            pending += [(child, below, len(children) > 1, at) for at, child in enumerate(children)][::-1]
        return walked

    def action_list(self, action: str) -> None:
        """Move in the tree."""
        getattr(self.rows, f"action_{action}")()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go there."""
        self.dismiss(event.option_id)


def _row(turn: Turn, lead: str, shown: bool, cost: str) -> Content:
    text = _MARKS.sub("", clean_line(turn.text[:400])) or "(nothing)"
    sign = _SIGNS.get(turn.status, "")
    style = "" if shown else "dim"
    who = ("▌ ", "$text-accent") if turn.role is Role.USER else ("  ", "")
    end = f"  {cost}" if cost and cost != "–" else ""
    return Content.assemble((lead, "dim"), who, (sign, "$text-error"), (text, style), (end, "dim"))

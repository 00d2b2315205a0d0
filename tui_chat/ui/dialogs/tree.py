"""The conversation as a tree: move in it, go to a message, and see what each branch cost."""

import re
from collections.abc import Callable

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.content import Content
from textual.getters import query_one
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from tui_chat.core.clean import clean_line
from tui_chat.core.compaction import is_left_out
from tui_chat.core.conversation import Conversation
from tui_chat.core.format_numbers import NONE, UNKNOWN, cost_sum, local_moment
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.ui.key_hints import fitted_hint, hint_content, hint_line
from tui_chat.ui.keymap import Scope
from tui_chat.ui.widgets.dialog_width import fit_dialog, widest_row
from tui_chat.ui.widgets.row_list import RowList

_SIGNS = {
    TurnStatus.CANCELLED: "■ ",
    TurnStatus.FAILED: "✗ ",
    TurnStatus.INTERRUPTED: "✗ ",
    TurnStatus.STREAMING: "● ",
}
_CLOCK_CELLS, _COST_CELLS = 5, 9
_COLUMNS_FROM_WIDTH = 60
"""A narrower window shows neither time nor cost."""
_MARKS = re.compile(r"^(#{1,6}|[-*>]|```\w*)\s+|[*`]{1,3}(?=\S)|(?<=\S)[*`]{1,3}|\|[\s:|-]*-[\s:|-]*\|")
"""Markdown's markup, which is left out of the one row of a message."""


class TreeScreen(ModalScreen[str | None]):
    """The result is the id of the turn to go to."""

    CSS_PATH = "dialog.tcss"
    SCOPE = Scope.TREE

    rows = query_one(OptionList)

    def __init__(
        self,
        keys: Keyboard,
        conversation: Conversation,
        current: Turn | None,
        *,
        costs: bool = True,
        compare: Callable[[str], object],
    ) -> None:
        """`compare` is called with the id of a turn after the tree has closed."""
        super().__init__()
        self._compare = compare
        self._keys = keys
        self._costs = costs
        self._conversation = conversation
        self._at = current.id if current is not None else conversation.head

    def compose(self) -> ComposeResult:
        yield Static("Conversation tree", markup=False, classes="title")
        yield RowList(compact=True)
        steps = ("tree.choose", ("tree.down tree.up", "move"), "tree.compare", "tree.close")
        hint = fitted_hint("● shown now · " + hint_line(self._keys, *steps), widest_row(self.app.size.width))
        yield Static(hint_content(hint), classes="hint")

    def on_mount(self) -> None:
        """Show the tree, the current branch highlighted."""
        self._keys.bind(self, Scope.TREE)
        shown = {turn.id for turn in self._conversation.path}
        columns = self.app.size.width >= _COLUMNS_FROM_WIDTH
        options = [
            Option(
                _row(
                    turn,
                    _columns(turn, lead, cost, columns),
                    turn.id in shown,
                    is_left_out(self._conversation, turn),
                ),
                turn.id,
            )
            for turn, lead, cost in self._walk()
        ]
        self.rows.add_options(options)
        fit_dialog(self, max((cell_len(str(option.prompt)) for option in options), default=0))
        ids = [option.id for option in options]
        self.rows.highlighted = ids.index(self._at) if self._at in ids else 0
        self.rows.focus()

    def _walk(self) -> list[tuple[Turn, str, str]]:
        """Return every turn with its tree lines and cost; a path without forks stays in one column."""
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

    def action_move(self, how: str) -> None:
        getattr(self.rows, f"action_{how}")()

    def action_choose(self) -> None:
        self.rows.action_select()

    def action_compare(self) -> None:
        """Close, and compare the highlighted turn with a sibling."""
        if (row := self.rows.highlighted_option) is not None and row.id is not None:
            self.dismiss(None)
            self.app.call_later(self._compare, row.id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)


def _row(turn: Turn, where: Content, shown: bool, left_out: bool) -> Content:
    """Return a turn behind its columns and its place in the tree: how it ended, and its first words."""
    text = _MARKS.sub("", clean_line(turn.text[:400])) or "(empty)"
    sign = _SIGNS.get(turn.status, "")
    style = "" if shown and not left_out else "dim"
    mark = "● " if shown else "○ "
    who = ("▌ ", "$text-accent") if turn.role is Role.USER else ("  ", "")
    note = ("left out · " if left_out else "", "dim")
    words = [(mark, "$text-accent" if shown else "dim"), who, (sign, "$text-error"), note, (text, style)]
    return where + Content.assemble(*words)


def _columns(turn: Turn, lead: str, cost: str, columns: bool) -> Content:
    """Return when a turn was written and what its branch cost, in columns, and its place in the tree."""
    at = local_moment(turn.created_at)
    clock = at.strftime("%H:%M") if at is not None else " " * _CLOCK_CELLS
    known = "" if cost in (NONE, UNKNOWN) else cost
    before = f"{clock} {known:>{_COST_CELLS}}  " if columns else ""
    return Content.styled(before + lead, "dim")

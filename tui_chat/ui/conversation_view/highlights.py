"""What is marked in a conversation: the selection, the chosen turn, code or link, and the hits of a search."""

from tui_chat.core.turn import Turn
from tui_chat.settings.values import UiSettings
from tui_chat.ui.conversation_view.cursor import Cursor
from tui_chat.ui.conversation_view.find import Finder
from tui_chat.ui.conversation_view.folding import FoldingPane
from tui_chat.ui.conversation_view.layout_options import USUAL, Describe, KeyLabel, LayoutOptions
from tui_chat.ui.conversation_view.links import Target
from tui_chat.ui.conversation_view.row_painter import PLAIN, RowStyle
from tui_chat.ui.conversation_view.selection import Selection
from tui_chat.ui.conversation_view.turn_layout import HEAD
from tui_chat.ui.conversation_view.viewport import Row
from tui_chat.ui.messages import CopyRequested, FileChosen, FindChanged, LinkChosen

_USER = RowStyle(bar="user")


class MarkingPane(FoldingPane):
    """Can be selected from, stepped through, copied from and searched."""

    def __init__(self, describe: Describe, key_label: KeyLabel, ui: UiSettings = USUAL) -> None:
        super().__init__(describe, key_label, ui)
        self.selection = Selection()
        self.cursor = Cursor(self.viewport)
        self.finder = Finder(self.viewport)
        self._is_marked = False
        self.hovered: Target | None = None
        """The link or file name under the mouse."""

    def clear_marks(self) -> None:
        """Select and choose nothing."""
        self.selection.clear()
        self.cursor.clear()
        self.changed()

    @property
    def chosen_turn(self) -> Turn | None:
        """The turn that somebody stepped to."""
        return self.viewport.said(self.cursor.turn) if self.cursor.turn is not None else None

    def choose(self, turn_id: str) -> None:
        """Step to that turn."""
        index = self.viewport.index_of(turn_id)
        if index is not None:
            self.cursor.clear()
            self.cursor.turn = self.viewport.layout(index)
            self.viewport.reveal(index, 0, self.cursor.turn.rows - 1)
            self.changed()

    @property
    def selected_text(self) -> str:
        """What is selected, as it was written."""
        return self.selection.text(self.viewport)

    # How it looks

    def dress(self, row: Row) -> RowStyle:
        entry = self.viewport.entries[row.entry]
        is_user = entry.is_user and (row.block != HEAD or row.row >= entry.blocks[HEAD].gap)
        if not self._is_marked:
            return _USER if is_user else PLAIN
        block = entry.blocks[row.block]
        bar = "chosen" if self.cursor.is_at(row) else "user" if is_user else ""
        selected = self.selection.span(row, block.copies(row.row))
        current = self.cursor.target_in(row)
        hits, hit = self.finder.spans(row) if self.finder.is_on else ((), None)
        return RowStyle(bar, selected, hits, current or hit)

    def settle(self) -> None:
        self._is_marked = self.selection.ends is not None or self.cursor.is_on or self.finder.is_on

    def marker(self) -> str:
        target = self.hovered or (self.cursor.target[1] if self.cursor.target else None)
        return f" {target.shown} " if target is not None else super().marker()

    def relayout(self, layout_options: LayoutOptions) -> None:
        letters = None if layout_options == self.viewport.layout_options else self.selection.letters(self.viewport)
        super().relayout(layout_options)
        if letters is not None:
            self.selection.find_again(letters, self.viewport)

    def relaid(self) -> None:
        self.selection.clear()
        self.cursor.target = None
        self.finder.relaid()

    # Stepping

    def action_step_turn(self, by: int) -> None:
        """Choose the turn before or behind."""
        self.selection.clear()
        self.cursor.step_turn(by)
        self.changed()

    def action_step_code(self, by: int) -> None:
        """Choose the block of code before or behind."""
        self.selection.clear()
        self.cursor.step_code(by)
        self.changed()

    def action_step_link(self, by: int) -> None:
        """Choose the next link or file name in sight, or the one before."""
        self.cursor.step_target(self.rows, by)
        self.changed()

    def action_clear_marks(self) -> None:
        """Select and choose nothing, and search for nothing."""
        self.clear_marks()
        self.find("")

    # Copying and opening

    def action_copy_turn(self) -> None:
        """Copy the chosen turn, or the last reply, as it was written."""
        turn = self.cursor.said
        self._copy(turn.text if turn else "", "turn")

    def action_copy_code(self) -> None:
        """Copy the chosen block of code, or the last one of the chosen turn or the last reply."""
        self._copy(self.cursor.code_source, "code block")

    def action_copy_selection(self) -> None:
        """Copy what is selected, or else what is chosen."""
        if text := self.selected_text:
            self._copy(text, "selection")
        elif self.cursor.code is not None:
            self.action_copy_code()
        elif self.cursor.turn is not None:
            self.action_copy_turn()

    def _copy(self, text: str, what: str) -> None:
        if text:
            self.post_message(CopyRequested(text, what))

    def action_open_link(self) -> None:
        """Open the chosen link or file."""
        if self.cursor.target is not None:
            self.open_target(self.cursor.target[1])

    def open_target(self, target: Target) -> None:
        """Ask for a link or a file to be opened."""
        self.post_message(
            LinkChosen(target.url, target.shown) if target.url else FileChosen(target.path, target.line)
        )

    # Search

    def find(self, *queries: str) -> None:
        """Light every hit of these and go to the nearest: upwards from the end, else downwards."""
        backwards = self.viewport.following
        if self.viewport.entries:
            self.finder.start(queries, self.viewport.edges[backwards])
            self._find(-1 if backwards else 1)

    def action_find_next(self) -> None:
        """Go to the next hit."""
        self._find(1)

    def action_find_previous(self) -> None:
        """Go to the hit before."""
        self._find(-1)

    def _find(self, by: int) -> None:
        found = self.finder.step(by)
        if found is not None:
            index, row = found
            self.viewport.reveal(index, row, row)
        self.post_message(FindChanged(self.finder.current, self.finder.total))
        self.changed()

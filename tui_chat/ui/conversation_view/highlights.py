"""The highlights of a conversation: the selection, the turn, code block or link at the cursor, and matches."""

from collections.abc import Callable, Sequence
from itertools import groupby

from textual.message import Message

from tui_chat.core.part import AttachmentPart
from tui_chat.core.turn import Turn
from tui_chat.rendering.line import Line
from tui_chat.ui.conversation_view.cursor import Cursor
from tui_chat.ui.conversation_view.find import Finder
from tui_chat.ui.conversation_view.links import Target
from tui_chat.ui.conversation_view.row_painter import PLAIN, RowStyle
from tui_chat.ui.conversation_view.selection import Selection
from tui_chat.ui.conversation_view.turn_layout import HEAD
from tui_chat.ui.conversation_view.viewport import BlockRows, Row, Viewport
from tui_chat.ui.messages import AttachmentChosen, CopyRequested, FileChosen, FindChanged, LinkChosen

_BARS = {"": PLAIN} | {bar: RowStyle(bar=bar) for bar in ("user", "error", "warning")}


class Highlights:
    def __init__(
        self, viewport: Viewport, changed: Callable[[], None], post_message: Callable[[Message], object]
    ) -> None:
        self._viewport = viewport
        self._changed = changed
        self._post_message = post_message
        self.selection = Selection()
        self.cursor = Cursor(viewport)
        self.finder = Finder(viewport)
        self._are_any = False
        self.hovered: Target | None = None
        """The link or file name under the mouse."""

    def clear(self) -> None:
        """Drop the selection and the cursor."""
        self.selection.clear()
        self.cursor.clear()
        self._changed()

    def clear_all(self) -> None:
        """Drop the selection, the cursor and the matches."""
        self.clear()
        self.find()

    def hover(self, target: Target | None) -> None:
        """Show where the link under the mouse leads."""
        if target != self.hovered:
            self.hovered = target
            self._changed()

    # How rows look

    def prepare(self) -> None:
        """Get ready for a frame."""
        self._are_any = self.selection.ends is not None or self.cursor.is_on or self.finder.is_on

    def runs(self, shown: BlockRows) -> list[tuple[RowStyle, Sequence[Line]]]:
        """Return the rows of a block in runs that are painted alike, each with its style."""
        entry = self._viewport.turns.entries[shown.entry]
        if self._are_any or entry.is_user or entry.header.is_left_out or entry.block(shown.block).bar_rows:
            return [(style, [row.line for row in alike]) for style, alike in groupby(shown.rows, self.style_of)]
        return [(PLAIN, shown.lines)]

    def style_of(self, row: Row) -> RowStyle:
        entry = self._viewport.turns.entries[row.entry]
        is_user = entry.is_user and (row.block != HEAD or row.row >= entry.block(HEAD).gap)
        is_faint = entry.header.is_left_out
        block = entry.block(row.block)
        bar = "user" if is_user else block.bar_at(row.row)
        if not self._are_any and not is_faint:
            return _BARS[bar]
        if self.cursor.is_at(row):
            bar = "current"
        selected = self.selection.span(row, block.is_copied(row.row))
        current = self.cursor.target_in(row)
        matches, match = self.finder.spans(row) if self.finder.is_on else ((), None)
        return RowStyle(bar, selected, matches, current or match, is_faint=is_faint)

    def link_label(self) -> str:
        """Return where the link under the mouse or at the cursor leads; empty when there is none."""
        target = self.hovered or (self.cursor.target[1] if self.cursor.target else None)
        return "" if target is None else f" {target.shown} "

    def rows_changed(self) -> None:
        """Drop what names rows of a former layout."""
        self.selection.clear()
        self.cursor.target = None
        self.finder.rows_changed()

    # Stepping

    def go_to(self, turn_id: str) -> None:
        index = self._viewport.turns.index_of(turn_id)
        if index is not None:
            self.cursor.clear()
            self.cursor.turn = self._viewport.turns.layout(index)
            self._viewport.reveal(index, 0, self.cursor.turn.rows - 1)
            self._changed()

    def step_turn(self, by: int) -> None:
        """Put the cursor on the next turn, or the previous one."""
        self.selection.clear()
        self.cursor.step_turn(by)
        self._changed()

    def step_code(self, by: int) -> None:
        """Put the cursor on the next code block, or the previous one."""
        self.selection.clear()
        self.cursor.step_code(by)
        self._changed()

    def step_link(self, rows: list[Row], by: int) -> None:
        """Put the cursor on the next link or file name in these rows, or the previous one."""
        self.cursor.step_target(rows, by)
        self._changed()

    @property
    def current_turn(self) -> Turn | None:
        return self._viewport.turns.turn_of(self.cursor.turn) if self.cursor.turn is not None else None

    # Copying and opening

    def copy_chosen(self) -> None:
        """Copy the selection, else the code block or the turn at the cursor, else the last reply."""
        if text := self.selection.text(self._viewport):
            self._copy(text, "selection")
        elif self.cursor.code is not None:
            self.copy_code()
        else:
            self.copy_turn()

    def copy_turn(self) -> None:
        """Copy the turn at the cursor, or the last reply, as it was written."""
        turn = self.cursor.turn_or_last_reply
        self._copy(turn.text if turn else "", "message")

    def copy_code(self) -> None:
        """Copy the code block at the cursor, or the last one of the turn at the cursor or of the last reply."""
        self._copy(self.cursor.code_source, "code block")

    def _copy(self, text: str, what: str) -> None:
        self._post_message(CopyRequested(text, what))

    def open_current(self) -> None:
        """Open the link or file at the cursor."""
        if self.cursor.target is not None:
            self.open(self.cursor.target[1])
        elif (turn := self.current_turn) is not None:
            self._open_first_attachment(turn)

    def _open_first_attachment(self, turn: Turn) -> None:
        hashes = [part.sha256 for part in turn.parts if isinstance(part, AttachmentPart) and part.sha256]
        if hashes:
            self._post_message(AttachmentChosen(hashes[0]))

    def open(self, target: Target) -> None:
        """Request that a link or a file is opened."""
        if target.attachment:
            self._post_message(AttachmentChosen(target.attachment))
        elif target.url:
            self._post_message(LinkChosen(target.url, target.shown))
        else:
            self._post_message(FileChosen(target.path, target.line))

    # Find

    def find(self, *queries: str) -> None:
        """Highlight every match of these and go to the nearest: upwards from the end, else downwards."""
        backwards = self._viewport.following
        if self._viewport.turns.entries:
            self.finder.start(queries, self._viewport.visible_edges[backwards])
            self.step_match(-1 if backwards else 1)

    def step_match(self, by: int) -> None:
        """Go to the next match, or the previous one."""
        found = self.finder.step(by)
        if found is not None:
            index, row = found
            self._viewport.reveal(index, row, row)
        self._post_message(FindChanged(self.finder.current, self.finder.total))
        self._changed()

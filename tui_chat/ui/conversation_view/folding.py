"""Folds thinking and tools and unfolds them; the first visible row stays where it is."""

from collections.abc import Callable
from dataclasses import replace

from tui_chat.ui.conversation_view.blocks import FileFold, Fold
from tui_chat.ui.conversation_view.layout_options import Expanded, LayoutOptions
from tui_chat.ui.conversation_view.turn_layout import TurnLayout
from tui_chat.ui.conversation_view.viewport import Viewport


class Folding:
    def __init__(
        self, viewport: Viewport, relayout: Callable[[LayoutOptions], None], changed: Callable[[], None]
    ) -> None:
        self._viewport = viewport
        self._relayout = relayout
        self._changed = changed

    def toggle(self, entry: int, block: int) -> None:
        fold = self._viewport.turns.layout(entry).block(block)
        if isinstance(fold, Fold):
            self._set_open(entry, [block], not fold.is_open)

    def toggle_visible_turn(self) -> None:
        """Unfold or fold the last visible turn that has anything folded."""
        first, last = self._viewport.visible_turns
        for entry in range(last, first - 1, -1):
            if self._toggle_turn(entry):
                return

    def _toggle_turn(self, entry: int) -> bool:
        """Unfold all blocks of a turn, or fold them when all are unfolded. Return whether it has any to fold."""
        folds = {
            number: block
            for number, block in enumerate(self._viewport.turns.layout(entry).estimated_blocks)
            if isinstance(block, Fold) and block.can_open
        }
        if folds:
            self._set_open(entry, list(folds), not all(fold.is_open for fold in folds.values()))
        return bool(folds)

    def toggle_all(self) -> None:
        """Unfold everything in the conversation, or fold it again."""
        layout_options, everything = self._viewport.turns.layout_options, Expanded(thinking=True, tools=True)
        for _, entry in self._viewport.turns.entries.made():
            entry.forget_folds()
        unfolded = Expanded() if layout_options.unfolded == everything else everything
        self._relayout(replace(layout_options, unfolded=unfolded))
        self._changed()

    def toggle_details(self, entry: TurnLayout) -> None:
        """Show every figure of a turn below it, or hide them."""
        index = self._viewport.turns.entries.index(entry)
        self._viewport.turns.layout(index)
        self._viewport.pin()
        entry.toggle_details()
        self._viewport.turns.update_height(index)
        self._viewport.follow_if_at_end()
        if entry.has_details:
            self._viewport.reveal(index, max(0, entry.rows - entry.block(-1).rows), entry.rows - 1)
        self._changed()

    def show_file(self, sha256: str, text: str) -> None:
        self._viewport.pin()
        turns = self._viewport.turns
        for index, entry in turns.entries.made():
            blocks = entry.estimated_blocks
            folds = [fold for fold in blocks if isinstance(fold, FileFold) and fold.file.sha256 == sha256]
            for fold in folds:
                fold.load(text)
            if folds:
                entry.measure()
                turns.update_height(index)
        self._viewport.follow_if_at_end()
        self._changed()

    def _set_open(self, entry: int, blocks: list[int], is_open: bool) -> None:
        self._viewport.pin()
        for block in blocks:
            self._viewport.turns.entries[entry].set_open(block, is_open)
        self._viewport.turns.update_height(entry)
        self._viewport.follow_if_at_end()
        self._changed()

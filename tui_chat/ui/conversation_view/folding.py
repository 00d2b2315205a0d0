"""Folding thinking and tools away and showing them again; the first row in sight stays where it is."""

from dataclasses import replace

from tui_chat.ui.conversation_view.blocks import Fold
from tui_chat.ui.conversation_view.layout_options import Expanded
from tui_chat.ui.conversation_view.scrolling import ScrollingPane


class FoldingPane(ScrollingPane):
    """Can be folded."""

    def toggle(self, entry: int, block: int) -> None:
        """Unfold what is folded there, or fold it."""
        fold = self.viewport.layout(entry).blocks[block]
        if isinstance(fold, Fold):
            self._set_open(entry, [block], not fold.is_open)

    def toggle_turn(self, entry: int) -> bool:
        """Unfold everything in a turn, or fold it when everything is unfolded; whether there is anything to fold."""
        folds = {
            number: block
            for number, block in enumerate(self.viewport.layout(entry).blocks)
            if isinstance(block, Fold) and block.can_open
        }
        if folds:
            self._set_open(entry, list(folds), not all(fold.is_open for fold in folds.values()))
        return bool(folds)

    def _set_open(self, entry: int, blocks: list[int], is_open: bool) -> None:
        self.viewport.hold()
        for block in blocks:
            self.viewport.entries[entry].set_open(block, is_open)
        self.viewport.measured(entry)
        self.viewport.rest()
        self.changed()

    def action_toggle_fold(self) -> None:
        """Unfold or fold the chosen turn, or the last one in sight that has anything folded."""
        first, last = self.viewport.seen
        for entry in range(last, first - 1, -1):
            if self.toggle_turn(entry):
                return

    def action_fold_all(self) -> None:
        """Unfold everything in the conversation, or fold it again."""
        layout_options, everything = self.viewport.layout_options, Expanded(thinking=True, tools=True)
        for entry in self.viewport.entries:
            entry.forget_folds()
        self.relayout(
            replace(layout_options, unfolded=Expanded() if layout_options.unfolded == everything else everything)
        )
        self.changed()

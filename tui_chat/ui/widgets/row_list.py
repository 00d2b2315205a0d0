"""A list to choose a row from, in a window of any size. Knows rows, not what they stand for."""

from textual.widgets import OptionList


class RowList(OptionList, inherit_bindings=False):
    """An option list without keys of its own, which are in the table of keys.

    A page up or down does nothing where no row is visible; Textual's fails there.
    """

    def action_page_up(self) -> None:
        if self._can_page:
            super().action_page_up()  # type: ignore[no-untyped-call]

    def action_page_down(self) -> None:
        if self._can_page:
            super().action_page_down()  # type: ignore[no-untyped-call]

    @property
    def _can_page(self) -> bool:
        return self.highlighted is None or bool(self.scrollable_content_region)

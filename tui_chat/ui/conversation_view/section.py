"""A section of a long reply: laid out when it is visible, dropped later. Its height is an estimate until then."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui_chat.core.part import TextPart
from tui_chat.rendering.line import BLANK, Line
from tui_chat.ui.conversation_view.blocks import Block, cut_rows, live_markdown
from tui_chat.ui.conversation_view.layout_options import LayoutOptions

if TYPE_CHECKING:
    from tui_chat.rendering.block_nodes import Leaf
    from tui_chat.rendering.markdown import CodeBlock, LiveMarkdown
    from tui_chat.rendering.references import References


class Section(Block):
    """Some of the Markdown blocks of a text part."""

    def __init__(
        self,
        part: TextPart,
        source: str,
        references: "References",
        layout_options: LayoutOptions,
        *,
        is_first: bool,
        code: "Leaf | None" = None,
    ) -> None:
        """`code` is the code within which it starts."""
        super().__init__()
        self.part: TextPart = part
        self.is_first = is_first
        self.code = code
        self.source = source
        self.references = references
        self._layout_options = layout_options
        self._count = estimated_rows(source, layout_options.measure)
        self._is_measured = False
        self._text: LiveMarkdown | None = None
        self._unknown_labels: set[str] = set()
        """Labels of links that were not defined when it was laid out."""

    @property
    def count(self) -> int:
        return self._count

    def lay_out(self) -> bool:
        if self._is_measured:
            return False
        self._laid_out()
        return True

    def drop(self) -> None:
        """Drop the rows; they are laid out again when they are asked for."""
        self._text = None

    def take_rows(self, text: "LiveMarkdown") -> None:
        """Show the rows of this finished text, which has its source."""
        self._text = text
        self._count, self._is_measured = len(text.lines), True
        self._unknown_labels = text.unknown_labels

    def define_links(self) -> None:
        """Lay it out again if links in it were defined since."""
        if any(label in self.references for label in self._unknown_labels):
            self._unknown_labels = set()
            self._text, self._is_measured = None, False

    def _laid_out(self) -> "LiveMarkdown":
        if self._text is None:
            text = live_markdown(self._layout_options, self.references, continues=not self.is_first, code=self.code)
            text.append(self.source)
            text.finish()
            self.take_rows(text)
            return text
        return self._text

    def line(self, row: int) -> Line:
        return self._laid_out().ready[row - self.gap] if row >= self.gap else BLANK

    def lines_of(self, start: int, end: int) -> Sequence[Line]:
        return cut_rows(self._laid_out().ready, self.gap, start, end)

    def is_copied(self, row: int) -> bool:
        return row >= self.gap

    @property
    def code_blocks(self) -> "tuple[CodeBlock, ...]":
        return self._laid_out().code_blocks

    @property
    def continues_code(self) -> bool:
        return self.code is not None


def estimated_rows(text: str, measure: int) -> int:
    """Return about how many rows a text takes, with lines of at most `measure` cells."""
    return text.count("\n") + len(text) * 4 // (5 * measure) + 1

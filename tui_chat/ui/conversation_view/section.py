"""A section of a long reply: laid out when it is visible, dropped later. Its height is an estimate until then."""

from typing import TYPE_CHECKING

from tui_chat.core.part import TextPart
from tui_chat.rendering.line import BLANK, Line
from tui_chat.ui.conversation_view.blocks import Block
from tui_chat.ui.conversation_view.layout_options import LayoutOptions

if TYPE_CHECKING:
    from tui_chat.rendering.markdown import CodeBlock, LiveMarkdown
    from tui_chat.rendering.references import References

LONG_TEXT = 40_000
"""Characters of a reply from which it is laid out in sections."""


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
    ) -> None:
        super().__init__()
        self.part: TextPart = part
        self.is_first = is_first
        self._source = source
        self._references = references
        self._layout_options = layout_options
        self._count = estimated_rows(source, layout_options.measure)
        self._is_measured = False
        self._text: LiveMarkdown | None = None

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

    def _laid_out(self) -> "LiveMarkdown":
        if self._text is None:
            from tui_chat.rendering.markdown import LiveMarkdown

            options = self._layout_options
            text = LiveMarkdown(options.width, options.styles, self._references, continues=not self.is_first)
            text.append(self._source)
            text.finish()
            self._text = text
            self._count, self._is_measured = len(text.lines), True
        return self._text

    def line(self, row: int) -> Line:
        return self._laid_out().ready[row - self.gap] if row >= self.gap else BLANK

    def is_copied(self, row: int) -> bool:
        return row >= self.gap

    @property
    def code_blocks(self) -> "tuple[CodeBlock, ...]":
        return self._laid_out().code_blocks


class CutText:
    """The sections of a text, which are the same at every width."""

    def __init__(self, text: str) -> None:
        # Imported late, as most texts are short.
        from tui_chat.rendering.references import References
        from tui_chat.rendering.sections import cut

        self.text = text
        self._references = References()
        self._pieces = cut(text, self._references)

    def sections(self, part: TextPart, layout_options: LayoutOptions) -> list[Section]:
        """Return the sections of a part with this text, to be laid out with these options."""
        return [
            Section(part, piece, self._references, layout_options, is_first=not place)
            for place, piece in enumerate(self._pieces)
        ]


def estimated_rows(text: str, measure: int) -> int:
    """Return about how many rows a text takes, with lines of at most `measure` cells."""
    return text.count("\n") + len(text) * 4 // (5 * measure) + 1

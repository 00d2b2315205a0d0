"""The options of a layout: width, colours, and callbacks for text that other parts choose."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from tui_chat.core.part import AttachmentPart, Part, ThinkingPart
from tui_chat.core.turn import Turn
from tui_chat.rendering.line import Line
from tui_chat.rendering.styles import TextStyles
from tui_chat.settings.values import UiSettings
from tui_chat.ui.terminal.pictures import Picture

Describe = Callable[[Turn], tuple[str, str] | None]
"""Returns the sentence about a turn's state and the next step; `None` when there is nothing to report."""
MOST_TAIL_ROWS = 8
"""Of the output of a running tool."""


class Note(NamedTuple):
    """What is shown below a streaming reply until more arrives."""

    sentence: str
    next_step: str = ""
    tail: tuple[str, ...] = ()
    """The last lines that a tool has printed."""


KeyLabel = Callable[[str], str]
"""Returns the name of the key that runs an action; empty when none does."""
FileText = Callable[[AttachmentPart], str | None]
"""Returns the text of a file; `None` while it is loaded."""
DEFAULT_UI = UiSettings()


PictureOf = Callable[[AttachmentPart, int], Picture | None]
"""Returns an image that the terminal shows, at most so many columns wide; `None` where it cannot."""


def no_picture(part: AttachmentPart, columns: int) -> Picture | None:
    """Show no image."""
    return None


def _no_file_text(part: AttachmentPart) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Expanded:
    """Which blocks are unfolded unless the user folds them."""

    thinking: bool = False
    tools: bool = False


@dataclass(frozen=True, slots=True)
class LayoutOptions:
    """Everything that decides how a turn is laid out."""

    width: int
    """Cells between the bar and the rail; code and tables may take them all."""
    styles: TextStyles
    describe: Describe
    key_label: KeyLabel
    unfolded: Expanded = Expanded()
    file_text: FileText = _no_file_text
    costs: bool = True
    """Whether the header of a reply shows what it cost."""
    picture: PictureOf = no_picture
    images: int = 0
    """Grows when images can be shown that could not before."""
    has_images: bool = True
    """Whether attached images have rows at all."""

    def unfolds(self, part: Part) -> bool:
        """Return whether a part is unfolded unless the user folds it."""
        if isinstance(part, AttachmentPart):
            return False
        return self.unfolded.thinking if isinstance(part, ThinkingPart) else self.unfolded.tools

    @property
    def measure(self) -> int:
        """Widest line of prose, in cells."""
        return self.styles.prose(self.width)


def text_row(width: int, pieces: Iterable[tuple[str, Style]]) -> Line:
    """Return one row of clean text, cut with an ellipsis where it is too long."""
    segments: list[Segment] = []
    used = 0
    for text, style in pieces:
        size = cell_len(text)
        if used + size > width:
            text = set_cell_size(text, max(0, width - used - 1)) + "…"
            segments.append(Segment(text, style))
            used += cell_len(text)
            break
        segments.append(Segment(text, style))
        used += size
    return Line(segments, used, "")

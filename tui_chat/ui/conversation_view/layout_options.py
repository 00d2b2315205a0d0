"""What every row of the pane is drawn with: its width, its colours, and the words that others choose."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from tui_chat.core.part import Part, ThinkingPart
from tui_chat.core.turn import Turn
from tui_chat.rendering.line import Line
from tui_chat.rendering.styles import Palette
from tui_chat.settings.values import UiSettings

Describe = Callable[[Turn], tuple[str, str] | None]
"""The sentence about how a turn stands and what to do next; `None` when there is nothing to say."""
KeyLabel = Callable[[str], str]
"""The key that runs an action, as a person reads it; empty when no key does."""
DEFAULT_UI = UiSettings()
"""How it looks where nobody has set anything."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """What is shown in full where nobody chose otherwise."""

    thinking: bool = False
    tools: bool = False


@dataclass(frozen=True, slots=True)
class LayoutOptions:
    """Everything that decides how a turn becomes rows."""

    width: int
    """Cells between the bar and the rail; code and tables may take them all."""
    palette: Palette
    describe: Describe
    key_label: KeyLabel
    unfolded: Expanded = Expanded()

    def unfolds(self, part: Part) -> bool:
        """Whether that part is shown in full where nobody chose otherwise."""
        return self.unfolded.thinking if isinstance(part, ThinkingPart) else self.unfolded.tools

    @property
    def measure(self) -> int:
        """Cells that prose keeps to."""
        return self.palette.prose(self.width)


def text_row(width: int, pieces: Iterable[tuple[str, Style]]) -> Line:
    """One row of clean words, cut with an ellipsis where it is too long."""
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
    return Line.of(segments, used, "")

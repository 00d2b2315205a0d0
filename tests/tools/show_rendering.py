"""Print a Markdown file as the pane would show it: python -m tests.tools.show_rendering FILE WIDTH [light|ansi]."""

import sys
from pathlib import Path

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from tui_chat.rendering.line import Line
from tui_chat.rendering.markdown import render
from tui_chat.rendering.stdout_printer import print_lines
from tui_chat.rendering.styles import DARK, LIGHT, TextStyles
from tui_chat.rendering.theme_colors import DARK_COLOURS, LIGHT_COLOURS


def main(path: str, width: str, look: str = "dark") -> None:
    styles = {"dark": DARK, "light": LIGHT, "ansi": TextStyles.ansi()}[look]
    lines = render(Path(path).read_text(), int(width), styles)
    if look != "ansi":
        colours = DARK_COLOURS if look == "dark" else LIGHT_COLOURS
        background = Style(bgcolor=Color.parse(colours["background"]).rich_color)
        lines = [_on(line, background, int(width)) for line in lines]
    print_lines(lines, Console(width=int(width), force_terminal=True, color_system="truecolor"))


def _on(line: Line, background: Style, width: int) -> Line:
    segments = [Segment(segment.text, background + (segment.style or Style())) for segment in line.segments]
    return Line([*segments, Segment(" " * (width - line.cells), background)], width, "")


if __name__ == "__main__":
    main(*sys.argv[1:])

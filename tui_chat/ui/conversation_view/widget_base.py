"""A widget that draws a window on a conversation: layout of its width, frames, and the way to the glass."""

from dataclasses import replace
from itertools import groupby
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.theme import Theme
from textual.widget import Widget

from tui_chat.rendering.line import BLANK, Line
from tui_chat.rendering.styles import DARK, Palette
from tui_chat.settings.values import UiSettings
from tui_chat.ui.conversation_view.frame_pacer import FramePacer
from tui_chat.ui.conversation_view.layout_options import USUAL, Describe, Expanded, KeyLabel, LayoutOptions
from tui_chat.ui.conversation_view.margin import margin_of
from tui_chat.ui.conversation_view.prelayout import Prelayout
from tui_chat.ui.conversation_view.row_painter import PLAIN, Painter, PaintStyles, RowStyle
from tui_chat.ui.conversation_view.viewport import Row, Viewport
from tui_chat.ui.terminal.direct_paint import DirectPainter, Frame, is_behind, is_seen


class PaneView(Widget, can_focus=True):
    """Rows of a conversation on the screen, drawn at most once a frame and only where they changed."""

    DEFAULT_CSS = """
    PaneView {
        height: 1fr;
        width: 100%;
        background: $background;
        color: $foreground;

        & > .pane--selected { background: $primary 35%; }
        & > .pane--hit { background: $warning 30%; }
        & > .pane--current { background: $warning; color: $background; text-style: bold; }
        & > .pane--marker { background: $panel; color: $accent; }
        &:ansi {
            & > .pane--selected { background: ansi_default; text-style: reverse; }
            & > .pane--hit { background: ansi_default; text-style: underline; }
            & > .pane--current { background: ansi_default; color: ansi_default; text-style: bold reverse; }
            & > .pane--marker { background: ansi_default; color: ansi_magenta; text-style: reverse; }
        }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"pane--selected", "pane--hit", "pane--current", "pane--marker"}
    ALLOW_SELECT = False

    def __init__(self, describe: Describe, key_label: KeyLabel, ui: UiSettings = USUAL) -> None:
        self._is_mixed = False
        """Whether the painter has the colours that are in force."""
        super().__init__()
        self._describe = describe
        self._key_label = key_label
        self._measure = ui.measure
        unfolded = Expanded(thinking=not ui.thinking_folded, tools=not ui.tools_folded)
        self.viewport = Viewport(LayoutOptions(1, DARK, describe, key_label, unfolded))
        self.rows: list[Row] = []
        """What is seen, from the top."""
        self._glass = DirectPainter(self)
        self._painter = Painter()
        self._pacer = FramePacer(self._draw)
        self.ahead = Prelayout(self.viewport, self.changed, self.relaid)
        self._drawn_size = (0, 0)
        self._is_late = False
        """Something changed while another screen was shown."""
        self._thumb = self._track = Strip([Segment(" ")], 1)

    # What a subclass adds

    def dress(self, row: Row) -> RowStyle:
        """What that row wears."""
        return PLAIN

    def settle(self) -> None:
        """Bring the rows up to date before they are drawn."""

    def invitation(self) -> list[Line]:
        """What is shown while there is no turn."""
        return []

    def marker(self) -> str:
        """Words to lie over the end of the last row."""
        return ""

    def relaid(self) -> None:
        """Every row is another one now."""

    # Drawing

    @property
    def text_x(self) -> int:
        """The column in which text begins."""
        return self._painter.margin

    def changed(self, *, streams: bool = False) -> None:
        """Something that is seen may have changed: draw it in time."""
        if self.is_mounted and self.outer_size:
            self._pacer.request(streams=streams)

    def flush(self) -> None:
        """Draw now what is waiting for its frame."""
        self._pacer.flush()

    def _draw(self) -> bool:
        """Draw what changed; True when there is more to draw, or the terminal is not ready for it."""
        if not self.is_attached or not self.outer_size:
            return False
        app, screen = self.app, self.screen
        if not is_seen(app, screen):
            self._is_late = True
            return False
        if is_behind(app):
            return True
        self._glass.draw(self._picture(), app, screen)
        return self.viewport.growth is not None and self.viewport.growth.is_behind

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows for the compositor: what was last drawn, so that both ways show the same."""
        if self._is_late or self._drawn_size != self.outer_size or not self._is_mixed:
            self._glass.shown = self._picture()
        picture = self._glass.shown
        lines = [picture.line(y) for y in range(crop.y, min(crop.bottom, len(picture.rows)))]
        if (crop.x, crop.right) != (0, self.outer_size.width):
            lines = [line.crop(crop.x, crop.right) for line in lines]
        return lines

    def render_line(self, y: int) -> Strip:
        """One row, for whoever asks for it alone."""
        return self.render_lines(Region(0, y, self.outer_size.width, 1))[0]

    def _picture(self) -> Frame:
        self._is_late = False
        width, height = self.outer_size
        if self._drawn_size != (width, height):
            self._drawn_size = (width, height)
            self._fit(width, height)
        if not self._is_mixed:
            self._mix()
        self.settle()
        self.rows = self.viewport.rows()
        self._painter.begin()
        strips: list[Strip] = []
        dress = PLAIN
        line = BLANK
        for dress, alike in groupby(self.rows, self.dress):
            lines = [row.line for row in alike]
            strips += self._painter.paint(lines, dress)
            line = lines[-1]
        if not strips:
            strips = self._painter.paint(self.invitation()[:height], PLAIN)
        if missing := height - len(strips):
            strips += self._painter.paint([BLANK], PLAIN) * missing
            dress, line = PLAIN, BLANK
        if over := self.marker():
            strips[-1:] = self._painter.paint([line], dress._replace(over=over))
        return Frame(strips, self._rail(height))

    def _rail(self, height: int) -> list[Strip]:
        above, total = self.viewport.position
        if total <= height:
            return [self._track] * height
        size = max(1, round(height * height / total))
        start = round((height - size) * above / (total - height))
        return [self._track] * start + [self._thumb] * size + [self._track] * (height - start - size)

    # Width and colours

    def _fit(self, width: int, height: int) -> None:
        margin = margin_of(width)
        self._painter.width, self._painter.margin = width - 1, margin
        self._painter.reset()
        self.viewport.height = height
        self.relayout(replace(self.viewport.layout_options, width=max(1, width - 2 * margin - 1)))
        self.viewport.rest()

    def relayout(self, layout_options: LayoutOptions) -> None:
        """Lay out anew what is seen, with another look."""
        if layout_options != self.viewport.layout_options:
            self.viewport.relayout(layout_options)
            self.relaid()
            if self.is_attached:
                self.ahead.start()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._is_mixed = False

    def _mix(self) -> None:
        """Take the widget's own colours and the filters in force, where they are not those of the last picture."""
        self._is_mixed = True
        ground = self.visual_style.rich_style
        filters = tuple(self.get_line_filters())
        palette = self.viewport.layout_options.palette
        if ground == self._painter.inks.ground and filters == self._painter.filters:
            return
        self._painter.filters = filters
        self._painter.inks = PaintStyles(
            ground=ground,
            user=palette.user,
            chosen=palette.accent,
            selected=self._lit("pane--selected"),
            hit=self._lit("pane--hit"),
            current=self.get_component_rich_style("pane--current"),
            over=self.get_component_rich_style("pane--marker"),
        )
        self._painter.reset()
        self._track = self._painter.cell(" ", Style())
        self._thumb = self._painter.cell("▐", palette.bar)

    def _lit(self, name: str) -> Style:
        """A ground for letters that keep their own colour."""
        whole = self.get_component_rich_style(name)
        return Style(bgcolor=whole.bgcolor, reverse=whole.reverse, underline=whole.underline)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, self._theme_changed)
        self._recolour()

    def _theme_changed(self, _theme: Theme) -> None:
        self._recolour()
        self.changed()

    def _recolour(self) -> None:
        palette = Palette.of(self.app.theme_variables, self._measure)
        self._painter.inks = PaintStyles(*(Style() for _ in PaintStyles._fields))
        self._is_mixed = False
        self.relayout(replace(self.viewport.layout_options, palette=palette))

    def on_unmount(self) -> None:
        self.app.theme_changed_signal.unsubscribe(self)
        self._pacer.stop()
        self.ahead.stop()

"""Writes changed rows of a widget straight to the terminal, past Textual's compositor, while nothing overlaps it.

It reads private state of Textual's app, screen, compositor and strips. It writes what the compositor would paint,
only less; where that is not certain, the widget is refreshed by Textual instead.
"""

from collections.abc import Sequence
from operator import is_, itemgetter
from typing import NamedTuple

from rich.color import ColorSystem
from rich.segment import Segment
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual.app import App
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui_chat.rendering.cell_width import is_narrow

_LEAST_SCROLLED = 3
"""Fewer rows are written again instead of scrolled."""


class Frame(NamedTuple):
    """A widget's rows, each in two pieces: what scrolls, and the one cell of rail at its right that stays."""

    rows: list[Strip]
    rail: list[Strip]

    def line(self, y: int) -> Strip:
        return Strip.join((self.rows[y], self.rail[y]))


class DirectPainter:
    """Draws one widget, and knows what the terminal shows."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self.shown = Frame([], [])
        """The last frame, which the compositor paints when it asks."""
        self._checked: object = None
        self._region: Region | None = None

    def draw(self, new: Frame, app: App[object], screen: Screen[object]) -> None:
        """Show a frame: written directly where that is safe, else through the compositor."""
        old, self.shown = self.shown, new
        region = self._free_region(app, screen)
        height = len(new.rows)
        if region is None or len(old.rows) != height or region.height != height:
            self._refresh(old, new)
            return
        pieces: list[str] = []
        rows: Sequence[Strip | None] = old.rows
        rail: Sequence[Strip | None] = old.rail
        if self._may_scroll(region, screen) and (shift := _shift(old.rows, new.rows)) is not None:
            pieces.append(shift.sequence(region.y))
            rows, rail = shift.applied(rows), shift.applied(rail)
        for x, before, after in ((region.x, rows, new.rows), (region.right - 1, rail, new.rail)):
            for y in range(height):
                if before[y] is not after[y]:
                    change = _change(before[y], after[y])
                    if change is not None:
                        pieces.append(f"\x1b[{region.y + y + 1};{x + change[0] + 1}H{_ansi(change[1], app)}")
        if pieces:
            _write(app, "".join(pieces))

    def _refresh(self, old: Frame, new: Frame) -> None:
        if len(old.rows) != len(new.rows):
            self._widget.refresh()
            return
        width = self._widget.size.width
        changed = [
            Region(0, y, width, 1)
            for y in range(len(new.rows))
            if old.rows[y] is not new.rows[y] or old.rail[y] is not new.rail[y]
        ]
        if changed:
            self._widget.refresh(*changed)

    def _free_region(self, app: App[object], screen: Screen[object]) -> Region | None:
        """Return the widget's region on the terminal if it is entirely visible and nothing covers it."""
        driver = app._driver
        if driver is None or driver.is_headless or driver.is_inline or app._batch_count or not app._running:
            return None
        if app.screen is not screen or screen._compositor.size != app.size:
            return None
        visible = screen._compositor.visible_widgets
        if visible is not self._checked:
            self._checked = visible
            self._region = self._uncovered(visible)
        return self._region

    def _uncovered(self, visible: dict[Widget, tuple[Region, Region]]) -> Region | None:
        found = visible.get(self._widget)
        if found is None or not found[1].contains_region(found[0]):
            return None
        for widget, (region, clip) in visible.items():
            if widget is self._widget:
                return found[0]
            if widget.visible and region.intersection(clip).overlaps(found[0]):
                return None
        return None

    def _may_scroll(self, region: Region, screen: Screen[object]) -> bool:
        """Return whether the widget has whole rows of the terminal, and no repaint is pending."""
        widget = self._widget
        if region.x or region.width != screen._compositor.size.width:
            return False
        if widget._repaint_regions and not widget._repaint_required and widget not in screen._dirty_widgets:
            widget.refresh()
        return not (screen._compositor._dirty_regions or widget._repaint_regions or screen._repaint_required)


def is_seen(app: App[object], screen: Screen[object]) -> bool:
    """Return whether no opaque screen covers this one."""
    for other in reversed(app.screen_stack):
        if other is screen:
            return True
        if other.styles.background.a == 1:
            return False
    return False


def is_behind(app: App[object]) -> bool:
    return bool(getattr(app._driver, "is_behind", False))


def _ansi(segments: Sequence[Segment], app: App[object]) -> str:
    """Return segments as the compositor would write them."""
    system = app.console._color_system or ColorSystem.TRUECOLOR
    return "".join(text if style is None else Strip.render_style(style, text, system) for text, style, _ in segments)


def _write(app: App[object], text: str) -> None:
    """Write one synchronised update, which leaves the cursor where the app has it."""
    driver = app._driver
    assert driver is not None
    x, y = app.size.clamp_offset(app.cursor_position)
    text = f"{text}\x1b[{y + 1};{x + 1}H"
    driver.write(f"{SYNC_START}{text}{SYNC_END}" if app._sync_available else text)
    driver.flush()


class _Shift(NamedTuple):
    """Rows at the top of the widget that move together on the terminal."""

    by: int
    """So many rows up; down when negative."""
    rows: int
    """How many rows keep what they show."""

    def sequence(self, top: int) -> str:
        """Return what scrolls them: margins, line feeds and reverse indexes, which every terminal knows."""
        bottom = top + self.rows + abs(self.by)
        if self.by > 0:
            move = f"\x1b[{bottom};1H" + "\n" * self.by
        else:
            move = f"\x1b[{top + 1};1H" + "\x1bM" * -self.by
        return f"\x1b[0m\x1b[{top + 1};{bottom}r{move}\x1b[r"

    def applied(self, rows: Sequence[Strip | None]) -> Sequence[Strip | None]:
        """Return what the terminal shows after it."""
        by, kept = abs(self.by), self.rows
        empty: list[Strip | None] = [None] * by
        if self.by > 0:
            return [*rows[by : by + kept], *empty, *rows[by + kept :]]
        return [*empty, *rows[:kept], *rows[kept + by :]]


def _shift(old: Sequence[Strip], new: Sequence[Strip]) -> _Shift | None:
    """Return the scroll that leaves the fewest rows to write; `None` when scrolling does not pay."""
    here = sum(map(is_, old, new))
    if here + _LEAST_SCROLLED >= len(new):
        return None
    up, down = _longest(new, old), _longest(old, new)
    shift = _Shift(*up) if up[1] >= down[1] else _Shift(-down[0], down[1])
    return shift if shift.rows >= here + _LEAST_SCROLLED else None


def _longest(ahead: Sequence[Strip], behind: Sequence[Strip]) -> tuple[int, int]:
    """Return how far down in `behind` the start of `ahead` is, and over how many rows."""
    best = (0, 0)
    for by in range(1, len(behind)):
        if behind[by] is ahead[0]:
            same = 0
            while by + same < len(behind) and behind[by + same] is ahead[same]:
                same += 1
            best = max(best, (by, same), key=itemgetter(1))
    return best


def _change(old: Strip | None, new: Strip) -> tuple[int, list[Segment]] | None:
    """Return from which cell on a row must be written, and what; `None` when nothing."""
    after = new._segments
    if old is None:
        return 0, after
    before = old._segments
    first = cells = 0
    for left, right in zip(before, after, strict=False):
        if left != right:
            break
        cells += len(right.text)
        first += 1
    if first == len(before) == len(after):
        return None
    if first == len(after) or first == len(before) or not (is_narrow(old.text) and is_narrow(new.text)):
        return 0, after
    rest = after[first:]
    text, style, _ = before[first]
    if style == rest[0].style:
        same = _alike(text, rest[0].text)
        cells += same
        rest[0] = Segment(rest[0].text[same:], style)
    text, style, _ = before[-1]
    if style == rest[-1].style:
        same = min(len(part) - len(part.rstrip(" ")) for part in (text, rest[-1].text))
        rest[-1] = Segment(rest[-1].text[: len(rest[-1].text) - same], style)
    return cells, [segment for segment in rest if segment.text]


def _alike(before: str, after: str) -> int:
    """Return the length of the common prefix."""
    most = min(len(before), len(after))
    return next((at for at in range(most) if before[at] != after[at]), most)

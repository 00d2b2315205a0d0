"""Paints what an app shows, cell by cell, as SVG and as PNG, so that columns stand where a terminal puts them."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.constants import DIM_FACTOR

WIDTH, HEIGHT, SIZE = 10, 20, 16
"""A cell, and its letters, in pixels."""
_MARGIN = 12
_FACES = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono"
_WIDE = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
_FAMILY = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"


@dataclass(frozen=True)
class Run:
    """Letters of one style side by side."""

    column: int
    cells: int
    text: str
    ink: str
    ground: str
    bold: bool
    italic: bool
    underline: bool
    strike: bool


@dataclass(frozen=True)
class Cells:
    """A screen: its size, its background, its rows."""

    columns: int
    rows: list[list[Run]]
    ground: str

    @property
    def text(self) -> str:
        """What is to be read."""
        return "\n".join("".join(run.text for run in row) for row in self.rows)


def cells_of(app: App[Any]) -> Cells:
    """What the app shows now."""
    variables = app.theme_variables
    ink, ground = Color.parse(variables["foreground"]).hex6, Color.parse(variables["background"]).hex6
    rows = []
    for strip in app.screen._compositor.render_strips():
        row: list[Run] = []
        column = 0
        for segment in strip:
            size = cell_len(segment.text)
            if size:
                row.append(_run(segment.text, column, size, segment.style or Style(), (ink, ground)))
            column += size
        rows.append(row)
    return Cells(app.size.width, rows, ground)


def _run(text: str, column: int, size: int, style: Style, default: tuple[str, str]) -> Run:
    ink = style.color.get_truecolor().hex if style.color and not style.color.is_default else default[0]
    ground = style.bgcolor.get_truecolor().hex if style.bgcolor and not style.bgcolor.is_default else default[1]
    if style.reverse:
        ink, ground = ground, ink
    if style.dim:
        ink = Color.parse(ink).blend(Color.parse(ground), 1 - DIM_FACTOR).hex6
    return Run(
        column,
        size,
        text,
        ink,
        ground,
        bool(style.bold),
        bool(style.italic),
        bool(style.underline),
        bool(style.strike),
    )


def paint_svg(cells: Cells) -> str:
    """The screen as a drawing that needs nothing from elsewhere."""
    width, height = cells.columns * WIDTH + 2 * _MARGIN, len(cells.rows) * HEIGHT + 2 * _MARGIN
    grounds: list[str] = []
    letters: list[str] = []
    for y, row in enumerate(cells.rows):
        top = y * HEIGHT + _MARGIN
        for run in row:
            left, wide = run.column * WIDTH + _MARGIN, run.cells * WIDTH
            if run.ground != cells.ground:
                grounds.append(f'<rect x="{left}" y="{top}" width="{wide}" height="{HEIGHT}" fill="{run.ground}"/>')
            if run.text.strip():
                letters.append(_letters(run, left, top))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="{SIZE}"'
            f' font-family="{_FAMILY}">',
            f'<rect width="{width}" height="{height}" rx="8" fill="{cells.ground}"/>',
            '<g shape-rendering="crispEdges">',
            *grounds,
            "</g>",
            *letters,
            "</svg>\n",
        ]
    )


def _letters(run: Run, left: int, top: int) -> str:
    """Each run is as wide as its cells, whatever font there is."""
    text = run.text.rstrip()
    start = len(text) - len(text.lstrip())
    left += cell_len(text[:start]) * WIDTH
    text = text[start:]
    marks = [name for name, is_on in (("underline", run.underline), ("line-through", run.strike)) if is_on]
    style = (
        (' font-weight="bold"' if run.bold else "")
        + (' font-style="italic"' if run.italic else "")
        + (f' text-decoration="{" ".join(marks)}"' if marks else "")
    )
    return (
        f'<text x="{left}" y="{top + HEIGHT - 5}" fill="{run.ink}"{style} xml:space="preserve"'
        f' textLength="{cell_len(text) * WIDTH}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )


def has_fonts() -> bool:
    """Whether a PNG can be painted here."""
    return Path(f"{_FACES}.ttf").exists()


def paint_png(cells: Cells, path: Path) -> None:
    """The screen as a picture in few colours."""
    from PIL import Image, ImageDraw, ImageFont

    if not has_fonts():
        raise SystemExit("PNG needs DejaVu Sans Mono: apt-get install fonts-dejavu-core")
    faces = {
        (bold, italic): ImageFont.truetype(f"{_FACES}{name}.ttf", SIZE)
        for (bold, italic), name in {
            (False, False): "",
            (True, False): "-Bold",
            (False, True): "-Oblique",
            (True, True): "-BoldOblique",
        }.items()
        if Path(f"{_FACES}{name}.ttf").exists()
    }
    wide = ImageFont.truetype(_WIDE, SIZE) if Path(_WIDE).exists() else faces[False, False]
    size = (cells.columns * WIDTH + 2 * _MARGIN, len(cells.rows) * HEIGHT + 2 * _MARGIN)
    image = Image.new("RGB", size, cells.ground)
    draw = ImageDraw.Draw(image)
    for y, row in enumerate(cells.rows):
        top = y * HEIGHT + _MARGIN
        for run in row:
            left = run.column * WIDTH + _MARGIN
            draw.rectangle((left, top, left + run.cells * WIDTH - 1, top + HEIGHT - 1), fill=run.ground)
            at = left
            for letter in run.text:
                cells_taken = cell_len(letter)
                face = wide if cells_taken == 2 else faces.get((run.bold, run.italic), faces[False, False])
                draw.text((at, top), letter, font=face, fill=run.ink)
                at += cells_taken * WIDTH
            for is_on, line in ((run.underline, HEIGHT - 2), (run.strike, HEIGHT // 2)):
                if is_on:
                    draw.line((left, top + line, at, top + line), fill=run.ink)
    image.quantize(64, method=Image.Quantize.MAXCOVERAGE).save(path, optimize=True)

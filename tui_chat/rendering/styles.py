"""The styles of everything that is rendered, made from a theme's colours. Must not know layout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from pygments.token import Token, _TokenType
from rich.style import Style
from textual.color import Color

from tui_chat.rendering.contrast import DIM, STEP, TEXT, contrast
from tui_chat.rendering.theme_colors import DARK_COLOURS, LIGHT_COLOURS

_CODE_BLOCK = 0.06
"""Share of the foreground in the background of code."""


@dataclass(frozen=True, eq=False)
class TextStyles:
    """The style of each element; styles without a colour take the terminal's own."""

    text: Style
    dim: Style
    """Secondary text: labels, gutters, the target after a link."""
    heading: tuple[Style, Style, Style, Style, Style, Style]
    strong: Style
    emphasis: Style
    strike: Style
    code: Style
    maths: Style
    html: Style
    link: Style
    quote: Style
    bar: Style
    bullet: Style
    done: Style
    """The box of a task that is done."""
    rule: Style
    table_head: Style
    table_rule: Style
    code_block: Style
    """The background of a code block, and its text where nothing is highlighted."""
    code_label: Style
    added: Style
    """Background of a line that a diff adds."""
    removed: Style
    accent: Style
    user: Style
    """The bar of a user's turn."""
    warning: Style
    error: Style
    tokens: Mapping[_TokenType, Style]
    """Styles of code by Pygments' kinds; a kind without one takes its parent's."""
    measure: int = 100
    """Maximum cells of a line of prose; 0 is the whole width."""
    _token_cache: dict[_TokenType, Style] = field(default_factory=dict, repr=False)
    _mark_cache: dict[tuple[Style, int], Style] = field(default_factory=dict, repr=False)

    def prose(self, cells: int) -> int:
        """Return the width of prose where `cells` are available."""
        return min(cells, self.measure or cells)

    def token(self, kind: _TokenType) -> Style:
        """Return the style of a token of code, on the background of a code block."""
        style = self._token_cache.get(kind)
        if style is None:
            known: _TokenType | None = kind
            while known is not None and known not in self.tokens:
                known = known.parent
            style = self.code_block + self.tokens[known] if known is not None else self.code_block
            self._token_cache[kind] = style
        return style

    def marked(self, base: Style, bits: int) -> Style:
        """Return the style of text with these marks (bits of `inline`) over the style `base`."""
        if not bits:
            return base
        style = self._mark_cache.get((base, bits))
        if style is None:
            style = base
            for bit, mark in enumerate(self._marks()):
                if bits & (1 << bit):
                    style += mark
            self._mark_cache[base, bits] = style
        return style

    def _marks(self) -> tuple[Style, ...]:
        return (self.strong, self.emphasis, self.strike, self.code, self.link, self.dim, self.maths, self.html)

    @classmethod
    def of(cls, colours: Mapping[str, str], measure: int = 100) -> Self:
        """Return the styles in the colours that Textual's `Theme.to_color_system().generate()` gives."""
        if Color.parse(colours["primary"]).ansi is not None:
            return cls.ansi(measure)
        return cls(**_styles(_ThemeMixer(colours)), measure=measure)

    @classmethod
    def ansi(cls, measure: int = 100) -> Self:
        """Return the styles in the terminal's own sixteen colours, for when its background is not known."""
        return cls(**_styles(_Sixteen()), measure=measure)


class _ThemeMixer:
    """Mixes styles from a theme's colours."""

    def __init__(self, colours: Mapping[str, str]) -> None:
        self._colours = {name: Color.parse(colours[name]) for name in DARK_COLOURS}
        self._text, self._below = self._colours["foreground"], self._colours["background"]
        self._code_block = self._below.blend(self._text, _CODE_BLOCK)

    def text_color(self, name: str, calm: float = 0, fade: float = 0, least: float = TEXT) -> Style:
        """Return a text colour: `calm` blends it towards the foreground, `fade` towards the background.

        Both change as far as its contrast needs, also in a code block.
        """
        while True:
            colour = self._colours[name]
            colour = colour.blend(self._text, calm) if calm else colour
            colour = colour.blend(self._below, fade) if fade else colour
            if contrast(colour, self._code_block) >= least or (calm >= 1 and fade <= 0):
                return Style(color=colour.rich_color)
            calm, fade = min(1, calm + STEP), max(0, fade - STEP)

    def line(self, fade: float) -> Style:
        """Return the colour of what is not text: a rule, a bar."""
        return self.text_color("foreground", fade=fade, least=1)

    def background(self, name: str, share: float) -> Style:
        """Return the background blended with a share of a colour."""
        return Style(bgcolor=self._colours["background"].blend(self._colours[name], share).rich_color)


class _Sixteen:
    """The same from the terminal's sixteen colours: nothing is mixed, so backgrounds stay as they are."""

    NAMES: ClassVar = {
        "primary": "blue",
        "secondary": "cyan",
        "accent": "magenta",
        "success": "green",
        "warning": "yellow",
        "error": "red",
    }

    def text_color(self, name: str, calm: float = 0, fade: float = 0, least: float = TEXT) -> Style:
        return Style(color=self.NAMES.get(name), dim=True if fade > 0.2 else None)

    def line(self, fade: float) -> Style:
        return self.text_color("foreground", fade=fade)

    def background(self, name: str, share: float) -> Style:
        return Style()


def _styles(mix: _ThemeMixer | _Sixteen) -> dict[str, Any]:
    bold, italic, underline = Style(bold=True), Style(italic=True), Style(underline=True)
    text, dim = mix.text_color("foreground"), mix.text_color("foreground", fade=0.45)
    first = mix.text_color("primary") + bold
    second = mix.text_color("primary", calm=0.35) + bold
    background = mix.background("foreground", _CODE_BLOCK)
    return {
        "text": text,
        "dim": dim,
        "heading": (first + underline, first, second, text + bold, text + bold + italic, dim + bold),
        "strong": bold,
        "emphasis": italic,
        "strike": mix.text_color("foreground", fade=0.45) + Style(strike=True),
        "code": mix.text_color("warning", calm=0.35) + background,
        "maths": mix.text_color("secondary", calm=0.3),
        "html": dim,
        "link": mix.text_color("primary") + underline,
        "quote": mix.text_color("foreground", fade=0.25),
        "bar": mix.line(0.65),
        "bullet": mix.text_color("primary", calm=0.2),
        "done": mix.text_color("success"),
        "rule": mix.line(0.7),
        "table_head": text + bold,
        "table_rule": mix.line(0.7),
        "code_block": text + background,
        "code_label": mix.text_color("foreground", fade=0.55, least=DIM) + background,
        "added": mix.background("success", 0.14),
        "removed": mix.background("error", 0.14),
        "accent": mix.text_color("accent", least=DIM),
        "user": mix.text_color("accent", least=DIM),
        "warning": mix.text_color("warning"),
        "error": mix.text_color("error"),
        "tokens": _token_styles(mix),
    }


def _token_styles(mix: _ThemeMixer | _Sixteen) -> dict[_TokenType, Style]:
    bold, italic = Style(bold=True), Style(italic=True)
    comment = mix.text_color("foreground", fade=0.45) + italic
    keyword, string = mix.text_color("primary", calm=0.1), mix.text_color("success", calm=0.15)
    number, name = mix.text_color("warning", calm=0.1), mix.text_color("accent", calm=0.3)
    return {
        Token: Style(),
        Token.Comment: comment,
        Token.Comment.Preproc: keyword,
        Token.Comment.PreprocFile: string,
        Token.Keyword: keyword,
        Token.Keyword.Constant: number,
        Token.Keyword.Type: mix.text_color("secondary", calm=0.1),
        Token.Operator.Word: keyword,
        Token.Punctuation: mix.text_color("foreground", fade=0.2),
        Token.Name.Builtin: mix.text_color("secondary", calm=0.1),
        Token.Name.Function: name,
        Token.Name.Class: name + bold,
        Token.Name.Decorator: mix.text_color("warning", calm=0.2),
        Token.Name.Attribute: name,
        Token.Name.Tag: keyword,
        Token.Name.Constant: number,
        Token.Name.Variable: mix.text_color("secondary", calm=0.3),
        Token.Name.Exception: mix.text_color("error", calm=0.2),
        Token.Literal.String: string,
        Token.Literal.String.Escape: number,
        Token.Literal.String.Interpol: number,
        Token.Literal.String.Regex: number,
        Token.Literal.Number: number,
        Token.Literal.Date: number,
        Token.Generic.Heading: keyword + bold,
        Token.Generic.Subheading: keyword,
        Token.Generic.Inserted: mix.text_color("success"),
        Token.Generic.Deleted: mix.text_color("error"),
        Token.Generic.Prompt: mix.text_color("foreground", fade=0.45),
        Token.Generic.Error: mix.text_color("error"),
        Token.Generic.Traceback: mix.text_color("error"),
        Token.Generic.Emph: italic,
        Token.Generic.Strong: bold,
    }


DARK = TextStyles.of(DARK_COLOURS)
LIGHT = TextStyles.of(LIGHT_COLOURS)

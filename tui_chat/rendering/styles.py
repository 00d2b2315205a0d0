"""The styles of every kind of thing that is rendered, made from a theme's colours. Holds no layout."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from pygments.token import Token, _TokenType
from rich.style import Style
from textual.color import Color

from tui_chat.rendering.theme_colors import DARK_COLOURS, LIGHT_COLOURS


@dataclass(frozen=True, eq=False)
class Palette:
    """One style for each kind of thing; styles without a colour take the terminal's own."""

    text: Style
    dim: Style
    """What is secondary: labels, gutters, the target behind a link."""
    heading: tuple[Style, Style, Style, Style, Style, Style]
    strong: Style
    emphasis: Style
    strike: Style
    code: Style
    """Code inside a sentence."""
    maths: Style
    html: Style
    link: Style
    quote: Style
    bar: Style
    """The bar beside a quote."""
    bullet: Style
    done: Style
    """The box of a task that is done."""
    rule: Style
    table_head: Style
    table_rule: Style
    code_block: Style
    """The ground of a code block, and its text where nothing is highlighted."""
    code_label: Style
    added: Style
    """Ground of a line that a diff adds."""
    removed: Style
    accent: Style
    user: Style
    """The bar beside what the user said."""
    warning: Style
    error: Style
    tokens: Mapping[_TokenType, Style]
    """Styles of code by Pygments' kinds; a kind without one takes its parent's."""
    measure: int = 100
    """The widest a line of prose may be; 0 is as wide as there is room."""
    _found: dict[_TokenType, Style] = field(default_factory=dict, repr=False)
    _marked: dict[tuple[Style, int], Style] = field(default_factory=dict, repr=False)

    def prose(self, cells: int) -> int:
        """How many of so many cells a line of prose may take."""
        return min(cells, self.measure or cells)

    def token(self, kind: _TokenType) -> Style:
        """The style of a piece of code, on the ground of a code block."""
        style = self._found.get(kind)
        if style is None:
            known: _TokenType | None = kind
            while known is not None and known not in self.tokens:
                known = known.parent
            style = self.code_block + self.tokens[known] if known is not None else self.code_block
            self._found[kind] = style
        return style

    def marked(self, base: Style, bits: int) -> Style:
        """The style of text with these marks, as `inline` numbers them, in a place of style `base`."""
        if not bits:
            return base
        style = self._marked.get((base, bits))
        if style is None:
            style = base
            for bit, mark in enumerate(self._marks()):
                if bits & (1 << bit):
                    style += mark
            self._marked[base, bits] = style
        return style

    def _marks(self) -> tuple[Style, ...]:
        return (self.strong, self.emphasis, self.strike, self.code, self.link, self.dim, self.maths, self.html)

    @classmethod
    def of(cls, colours: Mapping[str, str], measure: int = 100) -> Self:
        """A palette from a theme's colours by name, as Textual's `Theme.to_color_system().generate()` gives them."""
        if Color.parse(colours["primary"]).ansi is not None:
            return cls.ansi(measure)
        return cls(**_styles(_Mixer(colours)), measure=measure)

    @classmethod
    def ansi(cls, measure: int = 100) -> Self:
        """A palette of the terminal's own sixteen colours, for when its background is not known."""
        return cls(**_styles(_Sixteen()), measure=measure)


class _Mixer:
    """Mixes styles from a theme's colours."""

    def __init__(self, colours: Mapping[str, str]) -> None:
        self._colours = {name: Color.parse(colours[name]) for name in DARK_COLOURS}

    def ink(self, name: str, calm: float = 0, fade: float = 0) -> Style:
        """A colour for letters: `calm` draws it towards the foreground, `fade` towards the background."""
        colour = self._colours[name].blend(self._colours["foreground"], calm)
        return Style(color=colour.blend(self._colours["background"], fade).rich_color)

    def ground(self, name: str, share: float) -> Style:
        """A background with a share of a colour in it."""
        return Style(bgcolor=self._colours["background"].blend(self._colours[name], share).rich_color)


class _Sixteen:
    """The same of the terminal's sixteen colours: nothing is mixed, so grounds stay as they are."""

    NAMES: ClassVar = {
        "primary": "blue",
        "secondary": "cyan",
        "accent": "magenta",
        "success": "green",
        "warning": "yellow",
        "error": "red",
    }

    def ink(self, name: str, calm: float = 0, fade: float = 0) -> Style:
        return Style(color=self.NAMES.get(name), dim=True if fade > 0.2 else None)

    def ground(self, name: str, share: float) -> Style:
        return Style()


def _styles(mix: _Mixer | _Sixteen) -> dict[str, Any]:
    bold, italic, underline = Style(bold=True), Style(italic=True), Style(underline=True)
    text, dim = mix.ink("foreground"), mix.ink("foreground", fade=0.45)
    first = mix.ink("primary") + bold
    second = mix.ink("primary", calm=0.35) + bold
    ground = mix.ground("foreground", 0.06)
    return {
        "text": text,
        "dim": dim,
        "heading": (first + underline, first, second, text + bold, text + bold + italic, dim + bold),
        "strong": bold,
        "emphasis": italic,
        "strike": mix.ink("foreground", fade=0.45) + Style(strike=True),
        "code": mix.ink("warning", calm=0.35) + ground,
        "maths": mix.ink("secondary", calm=0.3),
        "html": dim,
        "link": mix.ink("primary") + underline,
        "quote": mix.ink("foreground", fade=0.25),
        "bar": mix.ink("foreground", fade=0.65),
        "bullet": mix.ink("primary", calm=0.2),
        "done": mix.ink("success"),
        "rule": mix.ink("foreground", fade=0.7),
        "table_head": text + bold,
        "table_rule": mix.ink("foreground", fade=0.7),
        "code_block": text + ground,
        "code_label": mix.ink("foreground", fade=0.55) + ground,
        "added": mix.ground("success", 0.14),
        "removed": mix.ground("error", 0.14),
        "accent": mix.ink("accent"),
        "user": mix.ink("accent"),
        "warning": mix.ink("warning"),
        "error": mix.ink("error"),
        "tokens": _token_styles(mix),
    }


def _token_styles(mix: _Mixer | _Sixteen) -> dict[_TokenType, Style]:
    bold, italic = Style(bold=True), Style(italic=True)
    comment = mix.ink("foreground", fade=0.45) + italic
    keyword, string = mix.ink("primary", calm=0.1), mix.ink("success", calm=0.15)
    number, name = mix.ink("warning", calm=0.1), mix.ink("accent", calm=0.3)
    return {
        Token: Style(),
        Token.Comment: comment,
        Token.Comment.Preproc: keyword,
        Token.Comment.PreprocFile: string,
        Token.Keyword: keyword,
        Token.Keyword.Constant: number,
        Token.Keyword.Type: mix.ink("secondary", calm=0.1),
        Token.Operator.Word: keyword,
        Token.Punctuation: mix.ink("foreground", fade=0.2),
        Token.Name.Builtin: mix.ink("secondary", calm=0.1),
        Token.Name.Function: name,
        Token.Name.Class: name + bold,
        Token.Name.Decorator: mix.ink("warning", calm=0.2),
        Token.Name.Attribute: name,
        Token.Name.Tag: keyword,
        Token.Name.Constant: number,
        Token.Name.Variable: mix.ink("secondary", calm=0.3),
        Token.Name.Exception: mix.ink("error", calm=0.2),
        Token.Literal.String: string,
        Token.Literal.String.Escape: number,
        Token.Literal.String.Interpol: number,
        Token.Literal.String.Regex: number,
        Token.Literal.Number: number,
        Token.Literal.Date: number,
        Token.Generic.Heading: keyword + bold,
        Token.Generic.Subheading: keyword,
        Token.Generic.Inserted: mix.ink("success"),
        Token.Generic.Deleted: mix.ink("error"),
        Token.Generic.Prompt: mix.ink("foreground", fade=0.45),
        Token.Generic.Error: mix.ink("error"),
        Token.Generic.Traceback: mix.ink("error"),
        Token.Generic.Emph: italic,
        Token.Generic.Strong: bold,
    }


DARK = Palette.of(DARK_COLOURS)
LIGHT = Palette.of(LIGHT_COLOURS)

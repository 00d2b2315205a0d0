"""Parses inline Markdown into lines of text with marks. Must not know widths of windows, styles or blocks."""

import re
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tui_chat.core.clean import clean
from tui_chat.rendering.cell_width import normalize_graphemes, width
from tui_chat.rendering.inline_rules import SOMETHING_INLINE, add_rules, bare_links
from tui_chat.rendering.references import References

STRONG, EMPHASIS, STRIKE, CODE, LINK, ASIDE, MATHS, TAG = (1 << bit for bit in range(8))
"""Marks of a piece of text; they combine."""
FILLED_CELLS = 60
"""A source line this long was hard-wrapped, so it is joined with the next; a shorter line keeps its break."""
MOST_BRACKETS, MOST_SIGNS = 300, 800
"""A paragraph with more is shown as plain text: it would only keep the parser busy."""
LONGEST_PATH = 32
_BREAK = re.compile(r"<br\s*/?>", re.I)
_BITS = {"strong": STRONG, "em": EMPHASIS, "s": STRIKE}


@dataclass(slots=True)
class Inline:
    """One line of text as the author broke it, before it is wrapped."""

    text: str
    marks: list[tuple[int, int, str]]
    """Where each stretch ends, its marks, and the target it links to."""


@cache
def parser() -> MarkdownIt:
    """Return the inline parser: CommonMark, strikethrough, and the rules of `inline_rules`."""
    markdown = MarkdownIt("commonmark", {"maxNesting": 20, "html": True}).enable("strikethrough")
    add_rules(markdown)
    return markdown


def parse_inline(text: str, references: References) -> list[Inline]:
    """Return the lines of a paragraph's text."""
    if SOMETHING_INLINE.search(text) is None or _is_hostile(text):
        return _without_markup(text)
    markdown = parser()
    tokens: list[Token] = []
    markdown.inline.parse(text, markdown, {"references": references}, tokens)
    reader = _Reader()
    for token in tokens:
        reader.take(token)
    return reader.end()


def _is_hostile(text: str) -> bool:
    signs = text.count("*") + text.count("_") + text.count("~") if len(text) > MOST_SIGNS else 0
    return signs > MOST_SIGNS or text.count("[") > MOST_BRACKETS


def _without_markup(text: str) -> list[Inline]:
    reader = _Reader()
    for number, line in enumerate(text.split("\n")):
        if number:
            reader.soft_break()
        reader.add(line.rstrip(" "), 0)
    return reader.end()


@dataclass(slots=True)
class _Reader:
    """Turns tokens into lines."""

    lines: list[Inline] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    marks: list[tuple[int, int, str]] = field(default_factory=list)
    size: int = 0
    since_break: int = 0
    joins_next: bool = False
    bits: int = 0
    href: str = ""
    label: list[str] = field(default_factory=list)

    def take(self, token: Token) -> None:
        kind = token.type
        if kind in ("text", "text_special"):
            self.label.append(token.content)
            for text, href in bare_links(token.content) if not self.href else ((token.content, ""),):
                self.add(text, self.bits | LINK if href else self.bits, href)
        elif kind == "softbreak":
            self.soft_break()
        elif kind == "hardbreak":
            self.break_line()
        elif kind == "code_inline":
            self.label.append(token.content)
            self.add(token.content, self.bits | CODE)
        elif token.tag in _BITS:
            self.bits = self.bits | _BITS[token.tag] if token.nesting > 0 else self.bits & ~_BITS[token.tag]
        elif kind == "link_open":
            self.href, self.label, self.bits = str(token.attrs["href"]), [], self.bits | LINK
        elif kind == "link_close":
            self.end_link()
        elif kind == "image":
            self.image(token)
        elif kind == "html_inline" and _BREAK.fullmatch(token.content):
            self.break_line()
        else:
            self.add(token.content, self.bits | (MATHS if kind == "maths" else ASIDE if kind == "note" else TAG))

    def add(self, text: str, bits: int, href: str = "") -> None:
        if not text.isprintable():
            text = normalize_graphemes(clean(text)).replace("\n", " ").replace("\t", " ")
        if not text:
            return
        if self.joins_next:
            self.joins_next = False
            if not (self.texts and _is_wide(self.texts[-1][-1]) and _is_wide(text[0])):
                self._update_lines(" ", self.bits, self.href)
        self._update_lines(text, bits, href or self.href)

    def _update_lines(self, text: str, bits: int, href: str) -> None:
        self.texts.append(text)
        self.size += len(text)
        self.since_break += len(text) if text.isascii() else width(text)
        if self.marks and self.marks[-1][1] == bits and self.marks[-1][2] == href:
            self.marks[-1] = (self.size, bits, href)
        else:
            self.marks.append((self.size, bits, href))

    def soft_break(self) -> None:
        if self.since_break >= FILLED_CELLS:
            self.joins_next, self.since_break = True, 0
        else:
            self.break_line()

    def break_line(self) -> None:
        self.lines.append(Inline("".join(self.texts), self.marks))
        self.texts, self.marks = [], []
        self.size = self.since_break = 0
        self.joins_next = False

    def end_link(self) -> None:
        href, label = self.href, "".join(self.label)
        self.href, self.bits = "", self.bits & ~LINK
        shown = shown_target(href)
        if href and not _says(label, href, shown):
            self.add(f" ({shown})", ASIDE, href)

    def image(self, token: Token) -> None:
        href = str(token.attrs["src"])
        alt = "".join(child.content for child in token.children or () if child.content)
        self.add("image: ", self.bits | ASIDE, self.href)
        self.add(alt or href.rpartition("/")[2] or href, self.bits | LINK, self.href or href)
        if href:
            self.add(f" ({shown_target(href)})", ASIDE, href)

    def end(self) -> list[Inline]:
        self.break_line()
        return self.lines


def shown_target(href: str) -> str:
    """Return a link's target as it is shown after its label: whole host, shortened path, no https."""
    shown = normalize_graphemes(clean(href)).replace("\n", " ")
    shown = shown.removeprefix("https://").removeprefix("mailto:")
    start = shown.find("://")
    slash = shown.find("/", start + 3 if start >= 0 else 0)
    path = shown[slash:] if slash >= 0 else ""
    if len(path) > LONGEST_PATH:
        path = f"/…{path[-LONGEST_PATH + 8 :]}"
    return (shown[:slash] + path if slash >= 0 else shown).removesuffix("/")


def _says(label: str, href: str, shown: str) -> bool:
    """Return whether a label already shows its target."""
    bare = label.strip().removesuffix("/")
    if bare in (shown, href, href.removesuffix("/"), href.removeprefix("mailto:")) or f"https://{bare}" == href:
        return True
    return not bare.isascii() and bare.startswith("http") and urlsplit(bare).netloc == urlsplit(href).netloc


def _is_wide(character: str) -> bool:
    return not character.isascii() and width(character) > 1

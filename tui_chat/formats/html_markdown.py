"""Markdown to HTML that can do no harm: no tag of the text, no script, no picture or address that loads by itself."""

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from tui_chat.core.clean import clean

_MOST_HIGHLIGHTED = 50_000
"""Characters of a code block; a longer one is shown without colours, since a lexer may be slow."""
_MOST_MARKDOWN = 2_000_000
"""Characters of a text; a longer one is shown as it is."""
_SIDES = ("left", "center", "right")
_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_LANGUAGE = re.compile(r"[A-Za-z0-9_+#.-]{1,40}")


def markdown_html(text: str) -> str:
    """Return a text as HTML."""
    text = clean(text)
    if len(text) > _MOST_MARKDOWN:
        return f"<pre>{escape(text)}</pre>"
    html: str = _markdown().render(text)
    return html


def code_html(text: str, language: str = "") -> str:
    """Return a code block as HTML, coloured where the language is known."""
    return f"<pre><code>{_highlighted(clean(text), language)}</code></pre>\n"


@cache
def content_css() -> str:
    """Return the styles of the classes in a text: alignment of cells, colours of code on a light and a dark page."""
    cells = "".join(f".{side} {{ text-align: {side} }}\n" for side in _SIDES)
    return f"{cells}{_colours('default')}\n@media (prefers-color-scheme: dark) {{\n{_colours('github-dark')}\n}}\n"


def _colours(style: str) -> str:
    formatter: Any = HtmlFormatter(style=style)
    lines: list[str] = formatter.get_style_defs("code").splitlines()
    # Without the comment that names each kind of token.
    return "\n".join(line.partition(" /*")[0] for line in lines if line.startswith("code ."))


@cache
def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "maxNesting": 40}, renderer_cls=_Renderer)
    return made.enable(["table", "strikethrough"])


class _Renderer(RendererHTML):
    """Writes links that reveal nothing, pictures as links, and coloured code."""

    def link_open(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        """Return the start of a link; an address of any other kind than the web's and of mail is left out."""
        address = str(tokens[index].attrGet("href") or "")
        if not _LINK.match(address):
            return "<span>"
        return f'<a href="{escape(address)}" rel="noreferrer noopener nofollow">'

    def link_close(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        depth = 0
        for token in reversed(tokens[:index]):
            if token.type == "link_close":
                depth += 1
            elif token.type == "link_open" and depth:
                depth -= 1
            elif token.type == "link_open":
                return "</a>" if _LINK.match(str(token.attrGet("href") or "")) else "</span>"
        return "</a>"

    def th_open(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        """Return the start of a cell; its alignment is a class, since a strict policy allows no inline style."""
        token = tokens[index]
        side = str(token.attrGet("style") or "").removeprefix("text-align:")
        return f'<{token.tag} class="{side}">' if side in _SIDES else f"<{token.tag}>"

    td_open = th_open

    def image(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        """Return the address of a picture as text: loading it would show its server who reads."""
        token = tokens[index]
        label = escape(token.content or "picture")
        return f'<span class="picture">🖼 {label} ({escape(str(token.attrGet("src") or ""))})</span>'

    def fence(self, tokens: Sequence[Token], index: int, options: Any, env: Any) -> str:
        token = tokens[index]
        language = token.info.strip().split(" ")[0]
        return f"<pre><code>{_highlighted(token.content, language)}</code></pre>\n"


def _highlighted(code: str, language: str) -> str:
    if not _LANGUAGE.fullmatch(language) or len(code) > _MOST_HIGHLIGHTED:
        return escape(code)
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return escape(code)
    from pygments import highlight

    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))

"""The readable text of a web page, for a model. Must not open anything."""

import re
from html.parser import HTMLParser

_SKIPPED = frozenset({"script", "style", "noscript", "template", "svg", "iframe", "head"})
_BLOCKS = frozenset(
    {
        "p",
        "div",
        "section",
        "article",
        "li",
        "tr",
        "br",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "ul",
        "ol",
        "table",
    }
)
_HEADINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)}


def page_text(html: str) -> str:
    """Return the text of a page with its headings, lists and links marked."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = re.sub(r"[ \t]+", " ", "".join(reader.pieces))
    return re.sub(r"\n[ \t]*(\n[ \t]*)+", "\n\n", text).strip()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._skipped = 0
        self._links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._skipped += 1
        elif not self._skipped:
            if tag in _BLOCKS:
                self.pieces.append("\n")
            self.pieces.append(_HEADINGS.get(tag, "- " if tag == "li" else ""))
            if tag == "a":
                self._links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._skipped = max(0, self._skipped - 1)
        elif not self._skipped:
            if tag == "a" and self._links and (link := self._links.pop()).startswith("http"):
                self.pieces.append(f" ({link})")
            if tag in _BLOCKS:
                self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self.pieces.append(data)

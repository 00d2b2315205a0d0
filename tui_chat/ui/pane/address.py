"""Links and file names in a row: where they stand, where they really lead, and which of them may be opened."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from tui_chat.core.clean import clean_line
from tui_chat.rendering.cells import width
from tui_chat.rendering.line import Line

_OPENED = ("http", "https", "mailto")
# Compiled for the first row that is looked at; the app starts sooner.
_FILE = r"(?<![\w/.~-])(~?/?(?:[\w.@+-]+/)*[\w.@+-]*\w\.(\w{1,8}))(?::(\d+))?(?![\w/])"
_SUFFIX = (
    "bash|cc?|cfg|conf|cpp|css?|csv|diff|env|exs?|fish|go|h|hpp|html?|ini|ipynb|java|jpg|jsx?|json|kt|lock|log|lua|md|mjs|"
    "pdf|php|pl|png|proto|pyi?|rb?|rs|rst|scala|sh|sql|svg|swift|tcss|tex|toml|tsx?|txt|vue|xml|ya?ml|zig|zsh"
)


@dataclass(frozen=True, slots=True)
class Target:
    """Something in a row that can be opened."""

    start: int
    """First cell within the line."""
    end: int
    url: str = ""
    """The address of a link; empty for a file."""
    path: str = ""
    """A file's name as it was written."""
    line: int | None = None
    """The line of the file that was named with it."""

    @property
    def shown(self) -> str:
        """Where it really leads, harmless, and with a host name that cannot look like another."""
        return honest(self.url) if self.url else clean_line(self.path)


def may_open(url: str) -> bool:
    """Whether an address is of a kind that is opened at all, and free of anything that hides."""
    scheme, colon, _ = url.partition(":")
    return bool(colon) and scheme.lower() in _OPENED and url.isprintable() and " " not in url


def honest(url: str) -> str:
    """An address with its host as it goes over the wire."""
    url = clean_line(url)
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        wire = host.encode("idna").decode() if not host.isascii() else host
    except ValueError:
        return url
    return url.replace(host, wire, 1) if host and host != wire else url


def targets(line: Line) -> list[Target]:
    """Links in a row that may be opened, and names of files outside of links."""
    found = [Target(start, end, url=url) for start, end, url in line.links if may_open(url)]
    taken = [(start, end) for start, end, _ in line.links]
    for match in re.finditer(_FILE, line.copy) if "." in line.copy else ():
        path, suffix, number = match.groups()
        start = line.copy_at + width(line.copy[: match.start()])
        end = start + width(match[0])
        is_file = "/" in path or re.fullmatch(_SUFFIX, suffix.lower()) is not None
        if is_file and not any(start < other_end and other < end for other, other_end in taken):
            found.append(Target(start, end, path=path, line=int(number) if number else None))
    return sorted(found, key=lambda target: target.start)


def target_at(line: Line, cell: int) -> Target | None:
    """What can be opened at a cell of a row."""
    return next((target for target in targets(line) if target.start <= cell < target.end), None)

"""Links and file names in a row: their cells, their real destination, and whether they may be opened."""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from tui_chat.core.clean import clean_line
from tui_chat.rendering.cell_width import width
from tui_chat.rendering.line import Line

_OPENED = ("http", "https", "mailto")
_DOTS = "[.\u3002\uff0e\uff61]"
"""Separators between the labels of a host; browsers read the last three as a dot."""
_NUMBER = r"(0x[0-9a-fA-F]+|\d+)(\.(0x[0-9a-fA-F]+|\d+))*|\[.*\]"
# Compiled when the first row is searched, so that the app starts sooner.
_FILE = r"(?<![\w/.~-])(~?/?(?:[\w.@+-]+/)*[\w.@+-]*\w\.(\w{1,8}))(?::(\d+))?(?![\w/])"
_SUFFIX = (
    "bash|cc?|cfg|conf|cpp|css?|csv|diff|env|exs?|fish|go|h|hpp|html?|ini|ipynb|java|jpg|jsx?|json|kt|lock|log|lua|md|mjs|"
    "pdf|php|pl|png|proto|pyi?|rb?|rs|rst|scala|sh|sql|svg|swift|tcss|tex|toml|tsx?|txt|vue|xml|ya?ml|zig|zsh"
)


ATTACHMENT = "\x00attachment:"
"""Starts the address of an attachment's row, with its hash behind; no text of a model has this character."""


@dataclass(frozen=True, slots=True)
class Target:
    """A link or file name in a row."""

    start: int
    """First cell within the line."""
    end: int
    url: str = ""
    """The address of a link; empty for a file."""
    attachment: str = ""
    """The hash of an attachment."""
    path: str = ""
    """A file name as it was written."""
    line: int | None = None
    """The line number after the file name."""

    @property
    def shown(self) -> str:
        """The real destination, without control characters, and with a host name that cannot look like another."""
        if self.attachment:
            return "the attachment"
        return displayed_url(self.url) if self.url else clean_line(self.path)


def may_open(url: str) -> bool:
    """Return whether a URL may be opened: of a known scheme, without hidden characters, with one clear destination.

    A URL that browsers may read differently — a backslash, an escaped or missing host — is refused.
    """
    scheme, colon, rest = url.partition(":")
    if not (colon and scheme.lower() in _OPENED and url.isprintable()) or " " in url or "\\" in url:
        return False
    if scheme.lower() == "mailto":
        return "@" in rest
    host = _host(url)
    return rest.startswith("//") and bool(host) and "%" not in host


def displayed_url(url: str) -> str:
    """Return a URL with its host in Punycode."""
    url = clean_line(url)
    host = _host(url)
    if not host or host.isascii():
        return url
    start = url.index("//") + 2
    end = start + len(urlsplit(url).netloc)
    at = url.rindex(host, start, end)
    return url[:at] + _on_the_wire(host) + url[at + len(host) :]


def destination(url: str) -> str:
    """Return the destination in short: the host in Punycode, or the mail address."""
    url = clean_line(url)
    if host := _host(url):
        return _on_the_wire(host)
    return unquote(url.partition(":")[2].partition("?")[0])


def suspicious_parts(url: str) -> tuple[str, ...]:
    """Return sentences about what makes a URL look like another one."""
    url = clean_line(url)
    host = _host(url)
    found = []
    if host and "@" in urlsplit(url).netloc:
        found.append("The text before the @ is a user name, not the site.")
    wire = _on_the_wire(host)
    if any(label.startswith("xn--") for label in wire.split(".")):
        found.append(f"The site's name has non-ASCII letters: {_in_letters(wire)}")
    if re.fullmatch(_NUMBER, wire) is not None:
        found.append("The site is an IP address, not a name.")
    return tuple(found)


def _host(url: str) -> str:
    """Return the host as it is written; empty when there is no valid one."""
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.port == 0:
            return ""
    except ValueError:
        return ""
    host_and_port = parts.netloc.rpartition("@")[2]
    if host_and_port.startswith("["):
        return host_and_port[: host_and_port.index("]") + 1]
    return host_and_port.partition(":")[0]


def _on_the_wire(host: str) -> str:
    return ".".join(map(_label_on_the_wire, re.split(_DOTS, host)))


def _label_on_the_wire(label: str) -> str:
    if label.isascii():
        return label.lower()
    try:
        return label.encode("idna").decode()
    except UnicodeError:
        return "xn--" + label.lower().encode("punycode").decode()


def _in_letters(wire: str) -> str:
    """Return a host with the letters that a browser may show."""
    shown = []
    for label in wire.split("."):
        try:
            shown.append(
                label.removeprefix("xn--").encode().decode("punycode") if label.startswith("xn--") else label
            )
        except UnicodeError:
            shown.append(label)
    return clean_line(".".join(shown))


def targets(line: Line) -> list[Target]:
    """Return the links in a row that may be opened, and the file names outside of links."""
    found = [
        Target(start, end, attachment=url.removeprefix(ATTACHMENT))
        if url.startswith(ATTACHMENT)
        else Target(start, end, url=url)
        for start, end, url in line.links
        if url.startswith(ATTACHMENT) or may_open(url)
    ]
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
    """Return the link or file name at a cell of a row."""
    return next((target for target in targets(line) if target.start <= cell < target.end), None)

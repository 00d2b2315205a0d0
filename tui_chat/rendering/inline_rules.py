"""Inline rules beyond CommonMark: mathematics verbatim, footnote references, bare links."""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.common.normalize_url import normalizeLink, normalizeLinkText
from markdown_it.rules_inline import StateInline

SOMETHING_INLINE = re.compile(r"[\\`*_\[<&~$@]|://|www\.")
"""Text without any of this has no markup in it."""

_NOTE = re.compile(r"\[\^([^\]\s]+)\]")
_DOLLARS = re.compile(r"\$(?=[^\s$])([^$\n]{0,200}?[^\s$\\])\$(?![0-9$])")
_SCHEME = re.compile(r"(?:^|[^A-Za-z0-9])(https?|ftp)$", re.I)
_ADDRESS = re.compile(r"://[^\s<>\[\]\"`|、。，；：！？）」』】]+")
_BARE = re.compile(
    r"(?<![\w@/.-])www\.[\w-]+(?:\.[\w-]+)+(?:[/?#][^\s<>\[\]\"`|]*)?"
    r"|(?<![\w.+@/-])[\w.+-]{1,64}@[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63})+",
)
_TRAILING = "?!.,:;*_~'\""


def add_rules(parser: MarkdownIt) -> None:
    parser.inline.ruler.before("escape", "maths", _maths)
    parser.inline.ruler.before("link", "note", _note)
    parser.inline.ruler.before("newline", "address", _address)


def bare_links(text: str) -> Iterator[tuple[str, str]]:
    """Yield the pieces of a plain text with the target of each: addresses without a scheme, else empty."""
    start = 0
    if "www." in text or "@" in text:
        for found in _BARE.finditer(text):
            shown = _without_trailing(found[0])
            yield text[start : found.start()], ""
            yield shown, normalizeLink(("mailto:" if "@" in shown else "http://") + shown)
            start = found.start() + len(shown)
    yield text[start:], ""


def _maths(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] == "\\" and source[start + 1 : start + 2] in ("(", "["):
        end = source.find("\\)" if source[start + 1] == "(" else "\\]", start + 2, state.posMax)
        return end > 0 and _push(state, "maths", end + 2, silent)
    if source[start] != "$":
        return False
    if source.startswith("$$", start):
        end = source.find("$$", start + 2, state.posMax)
        return end > start + 2 and _push(state, "maths", end + 2, silent)
    found = _DOLLARS.match(source, start, state.posMax)
    return found is not None and _push(state, "maths", found.end(), silent)


def _note(state: StateInline, silent: bool) -> bool:
    found = _NOTE.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "[" else None
    return found is not None and _push(state, "note", found.end(), silent)


def _push(state: StateInline, kind: str, end: int, silent: bool) -> bool:
    if not silent:
        content = state.src[state.pos : end]
        state.push(kind, "", 0).content = content.replace("[^", "[") if kind == "note" else content.replace("\n", " ")
    state.pos = end
    return True


def _address(state: StateInline, silent: bool) -> bool:
    """Parse a bare URL when its colon is reached; the scheme before it is pending as text."""
    source, at = state.src, state.pos
    if source[at] != ":" or state.linkLevel > 0 or not source.startswith("://", at):
        return False
    scheme = _SCHEME.search(source[max(0, at - 6) : at])
    rest = _ADDRESS.match(source, at, state.posMax)
    if scheme is None or rest is None or (not silent and not state.pending.endswith(scheme[1])):
        return False
    address = scheme[1] + _without_trailing(rest[0])
    if len(address) < len(scheme[1]) + 4:
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[1])]
        opening = state.push("link_open", "a", 1)
        opening.attrs = {"href": normalizeLink(address)}
        state.push("text", "", 0).content = normalizeLinkText(address)
        state.push("link_close", "a", -1)
    state.pos += len(address) - len(scheme[1])
    return True


def _without_trailing(address: str) -> str:
    """Return an address without trailing punctuation and without a bracket that was opened before it."""
    while address:
        if address[-1] in _TRAILING or (address[-1] == ")" and address.count(")") > address.count("(")):
            address = address[:-1]
        else:
            break
    return address

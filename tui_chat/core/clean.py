"""Sanitises outside text for terminals; all such text passes here before any screen. Stored text stays raw."""

import re
import unicodedata

_BIDI_AND_HIDDEN = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_TAGS = "\U000e0000-\U000e007f"
_HARMFUL = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{_BIDI_AND_HIDDEN}{_TAGS}\ud800-\udfff]")
_TAG_RUN = re.compile(f"[{_TAGS}]+")
_MARK_RUN = re.compile(r"[^\w\s\x00-\x7f]{9,}")
_MOST_MARKS = 8
_REPLACEMENT = "\ufffd"


def _sign(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    if code in (0x85, 0x2028, 0x2029):
        return "\n"
    return _REPLACEMENT


def clean(text: str) -> str:
    """Replace control, reordering and invisible characters by visible, harmless ones.

    Newlines and tabs stay; CRLF becomes a newline. Joiners and variation selectors stay, since emoji, Indic and
    Persian words need them. More than eight combining marks on one letter are cut off.
    """
    if _HARMFUL.search(text) is not None:
        text = _TAG_RUN.sub(_REPLACEMENT, text.replace("\r\n", "\n"))
        text = _HARMFUL.sub(lambda found: _sign(found[0]), text)
    return text if text.isascii() else _MARK_RUN.sub(_fewer_marks, text)


def clean_line(text: str) -> str:
    """Return clean text on one line: for titles, list rows, window names."""
    return " ".join(clean(text).split())


def harmless_json(text: str) -> str:
    """Return JSON for a terminal: the same value, with harmful characters as JSON escapes."""
    return _HARMFUL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _fewer_marks(found: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in found[0]:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def valid_text(text: str) -> str:
    """Return valid Unicode: surrogate pairs are joined, lone halves become a replacement character."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


class PairJoiner:
    """Makes a stream of text pieces valid when a surrogate pair may be cut between two of them."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """Return the valid text so far; half a pair at its end is held back."""
        if self._held or text[-1:] >= "\ud800":
            text = self._held + text
            self._held = ""
            if "\ud800" <= text[-1:] <= "\udbff":
                text, self._held = text[:-1], text[-1]
        return valid_text(text)

    def end(self) -> str:
        """Return what was held back, as a replacement character."""
        held, self._held = self._held, ""
        return valid_text(held)

"""Masks secrets in outside text: the only place that does. Must not know providers, files or screens."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

MASK = "…"
_PIECE = 8
"""Characters of a secret in a row that count as a leak; text that holds fewer stays."""
_SHORTEST = 4
"""A secret below this length protects nothing, and masking it would take words out of every message."""
_DUMMIES = {"none", "null", "empty", "dummy", "fake", "test", "local", "nokey", "no-key", "ollama", "token", "apikey"}
"""What servers without keys are commonly given; in a message these are plain words."""
_KEY_SHAPE = re.compile(r"\b(?:(?:sk|gsk|xai|tgp|csk)[-_]|Bearer\s+)[A-Za-z0-9_*.\-]{6,}[A-Za-z0-9_*]")
"""Keys that are not ours, such as the one a gateway uses."""
_PLAIN_WORD = re.compile(r"(?:[A-Za-z]?[a-z]{1,15}|[A-Z]{1,3})[.,:;!?]*")


class Masker:
    """Masks the given secrets, whole, in pieces, and in common encodings."""

    __slots__ = ("_forms", "_pieces", "_words")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        """Short secrets (under 8 characters) are masked as whole words only."""
        known = {secret for secret in secrets if len(secret) >= _SHORTEST and secret.lower() not in _DUMMIES}
        forms = {form for secret in known for form in _forms(secret) if len(form) >= _PIECE}
        words = sorted(re.escape(secret) for secret in known if len(secret) < _PIECE)
        self._forms = tuple(sorted(forms, key=len, reverse=True))
        self._pieces = frozenset(form[at : at + _PIECE] for form in forms for at in range(len(form) - _PIECE + 1))
        self._words = re.compile(rf"(?<!\w)(?:{'|'.join(words)})(?!\w)") if words else None

    def mask(self, text: str) -> str:
        """Return the text without any secret, any 8 characters in a row of one, and anything shaped like a key.

        The time is linear, but some 0.1 µs a character: cut what may be long to a few kB before.
        """
        if self._pieces:
            text = self._without_pieces(text)
        return _KEY_SHAPE.sub(MASK, self._without_words(text))

    def mask_whole(self, text: str) -> str:
        """Return the text without whole secrets; for names, which must not change for a likeness."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return self._without_words(text)

    def _without_words(self, text: str) -> str:
        return text if self._words is None else self._words.sub(MASK, text)

    def _without_pieces(self, text: str) -> str:
        pieces, kept, start, at = self._pieces, [], 0, 0
        last = len(text) - _PIECE
        while at <= last:
            if text[at : at + _PIECE] not in pieces:
                at += 1
                continue
            kept += [text[start:at], MASK]
            while at < last and text[at + 1 : at + 1 + _PIECE] in pieces:
                at += 1
            at = start = at + _PIECE
        return "".join((*kept, text[start:]))


NO_SECRETS = Masker()
"""Masks only text that is shaped like a key."""


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as JSON, HTML, addresses and base64 write it, the latter also as a part of something longer."""
    yield from (secret, json.dumps(secret)[1:-1], html.escape(secret), quote(secret, safe=""))
    raw = secret.encode("utf-8", "replace")
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(raw).decode()
        for shift, first in enumerate((0, 2, 3)):
            yield encode(bytes(shift) + raw).decode()[first : (shift + len(raw)) * 8 // 6]


def plain_words(text: str, hidden: str) -> str:
    """Return a command's complaint with every word masked that is unusual or is in its `hidden` output."""
    shown = (_PLAIN_WORD.fullmatch(word) is not None and word not in hidden for word in text.split())
    return " ".join(word if is_shown else MASK for word, is_shown in zip(text.split(), shown, strict=True))

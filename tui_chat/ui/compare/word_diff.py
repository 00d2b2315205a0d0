"""Which words of two texts differ. Pure, and bounded in its work."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

_WORD = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")
_COUNTED = re.compile(r"\w+|[^\w\s]")
_MOST_WORDS = 5_000
"""Longer passages are compared by lines alone."""


class Piece(NamedTuple):
    """A run of text that both texts have, or only this one."""

    text: str
    differs: bool


class WordDiff(NamedTuple):
    left: Sequence[Piece]
    right: Sequence[Piece]
    share: float
    """The words in common among all words, from 0 to 1."""


def word_diff(left: str, right: str) -> WordDiff:
    """Compare two texts: by lines first, then by the words of lines that differ."""
    pieces = list(_by_lines(left, right))
    lefts = [Piece(text, differs) for text, _, differs in pieces if text]
    rights = [Piece(text, differs) for _, text, differs in pieces if text]
    same = sum(_count(text) for text, _, differs in pieces if not differs)
    words = _count(left) + _count(right)
    return WordDiff(_joined(lefts), _joined(rights), 2 * same / words if words else 1.0)


def _by_lines(left: str, right: str) -> Iterator[tuple[str, str, bool]]:
    lines, others = left.splitlines(keepends=True), right.splitlines(keepends=True)
    for a, b, differs in _matched(lines, others):
        words, other_words = _words(a), _words(b)
        if differs and a and b and max(len(words), len(other_words)) <= _MOST_WORDS:
            yield from _matched(words, other_words)
        else:
            yield a, b, differs


def _matched(left: Sequence[str], right: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    """Yield runs of both, and whether they differ; space around a word counts for nothing."""
    matcher = SequenceMatcher(None, [word.strip() for word in left], [word.strip() for word in right])
    for kind, a, a_end, b, b_end in matcher.get_opcodes():
        yield "".join(left[a:a_end]), "".join(right[b:b_end]), kind != "equal"


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


def _count(text: str) -> int:
    return len(_COUNTED.findall(text))


def _joined(pieces: Sequence[Piece]) -> list[Piece]:
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].differs == piece.differs:
            joined[-1] = Piece(joined[-1].text + piece.text, piece.differs)
        else:
            joined.append(piece)
    return joined

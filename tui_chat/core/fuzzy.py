"""Fuzzy matching: text by some of its letters, and the closest of several names. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")
LEAST_SHARE = 0.6
"""In a list that is searched, matches that score less than this share of the best one are left out."""
_STARTS_WORD, _FOLLOWS, _ENDS_WORD = 3.0, 3.0, 1.0
_IS_NAME = 1.5
"""Bonus for a match in a command's name rather than in its description."""


@dataclass(frozen=True, slots=True)
class Match:
    """The score of a match, higher is better, and the positions of the matched letters."""

    score: float
    places: tuple[int, ...]


def match(query: str, text: str) -> Match | None:
    """Match every word of `query`, its letters in order; `None` if a word is not found."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters become two when lowered, and places would be off
        lower = "".join(letter.lower()[:1] for letter in text)
    score = 0.0
    places: set[int] = set()
    for word in query.lower().split():
        found = max(_candidates(word, lower), key=lambda candidate: candidate.score, default=None)
        if found is None:
            return None
        score += found.score
        places.update(found.places)
    return Match(score, tuple(sorted(places)))


def best_matches(
    query: str, items: Iterable[T], text_of: Callable[[T], str], least_share: float = 0.0
) -> list[tuple[Match, T]]:
    """Return the items whose texts match, the best first; without a query all of them, in their order.

    Those that score less than that share of the best one are left out.
    """
    found = [(hit, item) for item in items if (hit := match(query, text_of(item))) is not None]
    if query.strip():
        found.sort(key=lambda pair: -pair[0].score)
        found = [pair for pair in found if pair[0].score >= least_share * found[0][0].score]
    return found


def _candidates(word: str, text: str) -> list[Match]:
    """Return the likeliest matches: contiguous, at word starts, or spread as little as possible."""
    at = text.find(word)
    if at >= 0:
        runs = [at]
        while (at := text.find(word, at + 1)) >= 0 and len(runs) < 8:
            runs.append(at)
        return [_rated(text, range(run, run + len(word))) for run in runs]
    candidates = [
        candidate for candidate in (_at_word_starts(word, text), _closest(word, text)) if candidate is not None
    ]
    return [_rated(text, candidate) for candidate in candidates if _is_meant(text, candidate)]


def _starts_word(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum()


def _rated(text: str, places: range | list[int]) -> Match:
    score, before = 0.0, -2
    for at in places:
        score += 1 + (_STARTS_WORD if _starts_word(text, at) else _FOLLOWS if at == before + 1 else 0)
        before = at
    if places[-1] + 1 == len(text) or not text[places[-1] + 1].isalnum():
        score += _ENDS_WORD
    if places[0] and text[places[0] - 1] == "/":
        score += _IS_NAME
    gaps = places[-1] - places[0] + 1 - len(places)
    return Match(score - gaps * 0.1 - places[0] * 0.001, tuple(places))


def _is_meant(text: str, places: list[int]) -> bool:
    """Return whether the match is more than letters scattered over a long text by chance."""
    anchored = sum(_starts_word(text, at) or at - 1 in places for at in places)
    return places[-1] - places[0] < 3 * len(places) or anchored * 2 >= len(places)


def _at_word_starts(word: str, text: str) -> list[int] | None:
    places: list[int] = []
    at = -1
    for letter in word:
        after = at + 1
        if not (after < len(text) and text[after] == letter):
            after = _next_word_start(letter, text, after)
        if (at := text.find(letter, after)) < 0:
            return None
        places.append(at)
    return places


def _next_word_start(letter: str, text: str, after: int) -> int:
    """Return the start of the next word that starts with the letter; else `after`."""
    at = text.find(letter, after)
    while at >= 0 and not _starts_word(text, at):
        at = text.find(letter, at + 1)
    return at if at >= 0 else after


def _closest(word: str, text: str) -> list[int] | None:
    """Return the positions of the letters in order: the earliest end, then the latest start."""
    at = -1
    for letter in word:
        if (at := text.find(letter, at + 1)) < 0:
            return None
    places = [at]
    for letter in reversed(word[:-1]):
        at = text.rfind(letter, 0, at)
        places.append(at)
    return places[::-1]


def closest_name(name: str, names: Iterable[str]) -> str | None:
    """Return the name most similar to `name`; `None` if none is similar."""
    by_lower = {known.lower().replace("-", "_"): known for known in names}
    found = get_close_matches(name.lower().replace("-", "_"), by_lower, n=1, cutoff=0.55)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean …?` for the end of a message about an unknown name; empty if none is similar."""
    meant = closest_name(name, names)
    return f"; did you mean {meant}?" if meant else ""

"""Finds what somebody means by a few of its letters, and which letters those are. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

_STARTS_WORD, _FOLLOWS, _ENDS_WORD = 3.0, 3.0, 1.0
_IS_NAME = 1.5
"""A command's name is meant rather than a word of what it does."""


@dataclass(frozen=True, slots=True)
class Match:
    """How well it fits, more being better, and the places of the letters that were meant."""

    score: float
    places: tuple[int, ...]


def match(wanted: str, text: str) -> Match | None:
    """Every word of `wanted` in the text, its letters in order; `None` where one is not to be found."""
    lower = text.lower()
    if len(lower) != len(text):  # a few letters become two when lowered, and places would be off
        lower = "".join(letter.lower()[:1] for letter in text)
    score = 0.0
    places: set[int] = set()
    for word in wanted.lower().split():
        found = max(_ways(word, lower), key=lambda way: way.score, default=None)
        if found is None:
            return None
        score += found.score
        places.update(found.places)
    return Match(score, tuple(sorted(places)))


def _ways(word: str, text: str) -> list[Match]:
    """The likeliest places: together, at beginnings of words, or spread as little as can be."""
    at = text.find(word)
    if at >= 0:
        runs = [at]
        while (at := text.find(word, at + 1)) >= 0 and len(runs) < 8:
            runs.append(at)
        return [_rated(text, range(run, run + len(word))) for run in runs]
    ways = [way for way in (_at_beginnings(word, text), _closest(word, text)) if way is not None]
    return [_rated(text, way) for way in ways if _is_meant(text, way)]


def _begins(text: str, at: int) -> bool:
    return at == 0 or not text[at - 1].isalnum()


def _rated(text: str, places: range | list[int]) -> Match:
    score, before = 0.0, -2
    for at in places:
        score += 1 + (_STARTS_WORD if _begins(text, at) else _FOLLOWS if at == before + 1 else 0)
        before = at
    if places[-1] + 1 == len(text) or not text[places[-1] + 1].isalnum():
        score += _ENDS_WORD
    if places[0] and text[places[0] - 1] == "/":
        score += _IS_NAME
    gaps = places[-1] - places[0] + 1 - len(places)
    return Match(score - gaps * 0.1 - places[0] * 0.001, tuple(places))


def _is_meant(text: str, places: list[int]) -> bool:
    """Letters strewn over a long text are chance, not meaning."""
    held = sum(_begins(text, at) or at - 1 in places for at in places)
    return places[-1] - places[0] < 3 * len(places) or held * 2 >= len(places)


def _at_beginnings(word: str, text: str) -> list[int] | None:
    places: list[int] = []
    at = -1
    for letter in word:
        after = at + 1
        if not (after < len(text) and text[after] == letter):
            after = _next_beginning(letter, text, after)
        if (at := text.find(letter, after)) < 0:
            return None
        places.append(at)
    return places


def _next_beginning(letter: str, text: str, after: int) -> int:
    """Where the next word that begins with the letter is; else where the search stands."""
    at = text.find(letter, after)
    while at >= 0 and not _begins(text, at):
        at = text.find(letter, at + 1)
    return at if at >= 0 else after


def _closest(word: str, text: str) -> list[int] | None:
    """The letters in order, ended by the first place they can end at and begun as late as can be."""
    at = -1
    for letter in word:
        if (at := text.find(letter, at + 1)) < 0:
            return None
    places = [at]
    for letter in reversed(word[:-1]):
        at = text.rfind(letter, 0, at)
        places.append(at)
    return places[::-1]


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that is most like `name`, if any is like it at all."""
    by_lower = {known.lower().replace("-", "_"): known for known in names}
    found = get_close_matches(name.lower().replace("-", "_"), by_lower, n=1, cutoff=0.55)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: `; did you mean …?`, or nothing."""
    meant = nearest(name, names)
    return f"; did you mean {meant}?" if meant else ""

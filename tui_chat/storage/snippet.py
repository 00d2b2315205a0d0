"""The piece of a text that shows why it was found. Knows no table."""

from collections.abc import Sequence

from tui_chat.storage.tokenizer import SearchTerm

_LENGTH = 200
_BEFORE = 50
_MOST = 40

Spans = tuple[tuple[int, int], ...]


def cut(text: str, sought: Sequence[SearchTerm]) -> tuple[str, Spans]:
    """A piece of the text that holds as much as possible of what is sought, and where in the piece it stands."""
    places = sorted((span, which) for which, one in enumerate(sought) for span in one.spans(text, len(text), _MOST))
    start = _start(text, _best(places))
    end = _end(text, start)
    inside = [(max(first, start), min(last, end)) for (first, last), _ in places if first < end and last > start]
    return text[start:end], tuple((first - start, last - start) for first, last in _joined(inside))


def _best(places: list[tuple[tuple[int, int], int]]) -> int:
    """Where the piece should begin so that it shows the most different terms; the first such place."""
    best, most = 0, 0
    for (first, _), _ in places:
        shown = {which for (at, last), which in places if first <= at and last <= first + _LENGTH - _BEFORE}
        if len(shown) > most:
            best, most = first, len(shown)
    return best


def _start(text: str, hit: int) -> int:
    """A little before the hit, at the beginning of a word where there is one near."""
    start = max(0, hit - _BEFORE)
    if start == 0:
        return 0
    blanks = [at for at in (text.find(" ", start, hit), text.find("\n", start, hit)) if at >= 0]
    return min(blanks) + 1 if blanks else start


def _end(text: str, start: int) -> int:
    """At the end of a word where there is one near."""
    end = min(len(text), start + _LENGTH)
    if end < len(text):
        blank = max(text.rfind(" ", start + _LENGTH // 2, end), text.rfind("\n", start + _LENGTH // 2, end))
        end = blank if blank > 0 else end
    return end


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same without overlaps."""
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        elif last > first:
            joined.append((first, last))
    return joined

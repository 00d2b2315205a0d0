"""Cut the part of a text that shows why it matches. Knows no table."""

from collections.abc import Sequence

from tui_chat.storage.tokenizer import SearchTerm

_MAX_LENGTH = 200
_CONTEXT_BEFORE = 50
_MAX_SPANS = 40

Spans = tuple[tuple[int, int], ...]


def make_snippet(text: str, terms: Sequence[SearchTerm]) -> tuple[str, Spans]:
    """Return the part of the text with the most different terms, and the spans of the terms in it."""
    occurrences = sorted(
        (span, which) for which, one in enumerate(terms) for span in one.spans(text, len(text), _MAX_SPANS)
    )
    start = _start(text, _best_start(occurrences))
    end = _end(text, start)
    inside = [(max(first, start), min(last, end)) for (first, last), _ in occurrences if first < end and last > start]
    return text[start:end], tuple((first - start, last - start) for first, last in _merge_overlaps(inside))


def _best_start(occurrences: list[tuple[tuple[int, int], int]]) -> int:
    """Return the first position from which the snippet shows the most different terms."""
    best, most = 0, 0
    for (first, _), _ in occurrences:
        shown = {
            which
            for (at, last), which in occurrences
            if first <= at and last <= first + _MAX_LENGTH - _CONTEXT_BEFORE
        }
        if len(shown) > most:
            best, most = first, len(shown)
    return best


def _start(text: str, hit: int) -> int:
    """Return a position a little before the match, at the start of a word where there is one near."""
    start = max(0, hit - _CONTEXT_BEFORE)
    if start == 0:
        return 0
    blanks = [at for at in (text.find(" ", start, hit), text.find("\n", start, hit)) if at >= 0]
    return min(blanks) + 1 if blanks else start


def _end(text: str, start: int) -> int:
    """Return the end of the snippet, at the end of a word where there is one near."""
    end = min(len(text), start + _MAX_LENGTH)
    if end < len(text):
        blank = max(text.rfind(" ", start + _MAX_LENGTH // 2, end), text.rfind("\n", start + _MAX_LENGTH // 2, end))
        end = blank if blank > 0 else end
    return end


def _merge_overlaps(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in spans:
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        elif last > first:
            joined.append((first, last))
    return joined

"""Turn text in any script into words for the index. Knows no table.

The index splits at everything in ASCII that is not a letter or digit, and nowhere else. So this module makes
capitals, accents and wide forms equal, puts blanks for all other punctuation, and writes scripts that have no blanks
between words as pairs: `搜索词` becomes `搜索 索词 词`, in which every substring is a run of neighbours or a prefix.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from functools import cache, lru_cache
from itertools import chain, islice

from tui_chat.core.bounds import UNKNOWN_MOMENT, moment_in_bounds

_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Tibetan, Burmese, Khmer, kana, Chinese characters, Hangul."""
_RUN = re.compile(f"[{_UNSPACED}]+")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_CASE_CHANGE = re.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME = re.compile("(?<![A-Za-z0-9])[A-Za-z0-9][a-z0-9]*+[A-Z][A-Za-z0-9]*+")
"""A word with a capital inside; other words have no parts, and nearly all of prose are such."""
_LONGEST_NAME = 80
_PIECE = 20_000
"""Characters that are prepared for the index together."""
_SPLIT = re.compile("[^0-9a-z\x80-\U0010ffff]+")


class _CharacterMap(dict[int, str]):
    """Maps punctuation to a blank, a symbol to itself as a word, and keeps letters and digits."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        kind = unicodedata.category(sign)
        if code < 0x80 or kind[0] in "LN" or (kind[0] == "M" and not 0xFE00 <= code <= 0xFE0F):
            text = sign
        elif kind[0] == "S":
            text = f" {sign} "
        else:
            text = "" if kind == "Cf" or kind[0] == "M" else " "
        self[code] = text
        return text


_character_map = _CharacterMap()


def normalize(text: str) -> str:
    """Return the text without differences of case, accents, width and punctuation."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", bare).casefold().translate(_character_map)


def indexed_words(text: str) -> tuple[str, str]:
    """Return the two columns that the index has for a text."""
    return index_text(text), camel_case_suffixes(text)


def index_text(text: str) -> str:
    if text.isascii():
        return text
    return "".join(_RUN.sub(_pairs, normalize(piece)) for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    """Return the text in pieces of whole lines: a call for all of a huge text would hold up the event loop."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + _PIECE) + 1 or len(text)
        yield text[start:end]
        start = end


def _pairs(run: re.Match[str]) -> str:
    text = run[0]
    return f" {' '.join(text[at : at + 2] for at in range(len(text)))} "


def is_unspaced(text: str) -> bool:
    """Return whether the text is all in a script that has no blanks between words."""
    return _RUN.fullmatch(text) is not None


def camel_case_suffixes(text: str) -> str:
    """Return the suffixes of identifiers in camel case: `getUserName` gives `username name`."""
    # Most words of a text are in small letters, and dropping them is quicker than matching each.
    others = (" ".join([word for word in piece.split() if not word.islower()]) for piece in _pieces(text))
    names = chain.from_iterable(map(_NAME.findall, others))
    return " ".join(dict.fromkeys(chain.from_iterable(map(_suffixes, names))))


@lru_cache(maxsize=4096)
def _suffixes(word: str) -> tuple[str, ...]:
    pieces = _CASE_CHANGE.split(word) if 3 <= len(word) <= _LONGEST_NAME else []
    return tuple("".join(pieces[at:]).lower() for at in range(1, len(pieces)))


def facets(role: str, conversation: int, created_at: str, model: int | None) -> str:
    """Return the words that filters look for; a model is named by its number."""
    at = moment_in_bounds(created_at) or UNKNOWN_MOMENT
    return f"r{role} c{conversation} y{at.year} m{month(at)}" + ("" if model is None else f" p{model}")


def month(at: datetime) -> str:
    return f"{at.year:04}{at.month:02}"


def tokens(term: str) -> tuple[list[str], bool]:
    """Return the words of a search term, neighbours in the index, and whether the last may be a prefix."""
    text = normalize(term)
    runs = list(_RUN.finditer(text))
    made, done = "", 0
    ends_open = bool(text) and not _SPLIT.fullmatch(text[-1])
    for run in runs:
        at_end = run.end() == len(text.rstrip())
        pairs = _pairs(run)
        if at_end and len(run[0]) > 1:
            pairs = pairs.rstrip().rpartition(" ")[0]
            ends_open = False
        made += text[done : run.start()] + pairs
        done = run.end()
    made += text[done:]
    return [token for token in _SPLIT.split(made) if token], ends_open


@cache
def _letter_variants() -> dict[str, str]:
    """Return, for each letter, all letters that are treated as equal to it."""
    found: dict[str, str] = {}
    for first, last in ((0xA1, 0x250), (0x370, 0x530), (0x1E00, 0x2000), (0xFF01, 0xFFE7)):
        for code in range(first, last):
            sign = chr(code)
            plain = normalize(sign)
            if len(plain) == 1 and plain != sign == sign.lower():
                found[plain] = found.get(plain, "") + sign
    return found


class SearchTerm:
    """A search term, found in raw text in whatever spelling."""

    def __init__(self, term: str, *, inside: bool = False) -> None:
        """`inside` also finds it in the middle of a word."""
        self._pieces = unicodedata.normalize("NFC", term).lower().split()
        first = self._pieces[0][0] if self._pieces else ""
        self._at_word_start = not inside and first.isalnum() and not is_unspaced(first)
        self._patterns: dict[tuple[bool, bool], re.Pattern[str]] = {}

    def is_in(self, text: str) -> bool:
        lower = text.lower()
        return self._pattern(lower, at_start=self._at_word_start).search(lower) is not None

    def spans(self, text: str, end: int, most: int) -> list[tuple[int, int]]:
        """Return the first places of the term; in the middle of words only if no word starts with it."""
        lower = text.lower()
        if len(lower) != len(text):
            lower = "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
        spans: list[tuple[int, int]] = []
        for at_start in dict.fromkeys((self._at_word_start, False)):
            pattern = self._pattern(lower, at_start=at_start)
            spans = spans or [match.span() for match in islice(pattern.finditer(lower, 0, end), most)]
        return spans

    def _pattern(self, lower: str, *, at_start: bool) -> re.Pattern[str]:
        how = (at_start, not lower.isascii())
        if how not in self._patterns:
            self._patterns[how] = _pattern(self._pieces, at_start=at_start, spelled=how[1])
        return self._patterns[how]


def _pattern(pieces: list[str], *, at_start: bool, spelled: bool) -> re.Pattern[str]:
    """Return a pattern for the pieces with any blanks between; the start of a word is checked after its first letter,
    so that the letter can be searched for quickly.
    """
    begins = f"(?<![^\\W_{_UNSPACED}].)" if at_start else ""
    patterns = []
    for at, piece in enumerate(pieces):
        letters = [_letter(sign, spelled=spelled) for sign in piece]
        patterns.append(letters[0] + (begins if at == 0 else "") + "".join(letters[1:]))
    return re.compile("\\s+".join(patterns), re.DOTALL)


def _letter(sign: str, *, spelled: bool) -> str:
    plain = normalize(sign) if sign.isalnum() else sign
    plain = plain if len(plain) == 1 else sign
    if not spelled:
        return re.escape(plain)
    others = _letter_variants().get(plain, "")
    return (f"[{re.escape(plain + others)}]" if others else re.escape(plain)) + "[\u0300-\u036f]*"

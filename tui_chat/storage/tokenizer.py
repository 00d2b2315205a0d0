"""How text becomes words that an index can hold, in any script. Knows no table.

The index splits at everything in ASCII that is not a letter or digit, and nowhere else. So this module makes
capitals, accents and wide forms equal, puts blanks for all other punctuation, and writes scripts that have no blanks
between words as pairs: `搜索词` becomes `搜索 索词 词`, in which every piece is a run of neighbours or a beginning.
"""

import re
import unicodedata
from datetime import datetime
from functools import cache
from itertools import islice

from tui_chat.core.bounds import UNKNOWN_MOMENT, moment_in_bounds

_UNSPACED = (
    "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Thai, Lao, Tibetan, Burmese, Khmer, kana, Chinese characters, Hangul."""
_RUN = re.compile(f"[{_UNSPACED}]+")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_HUMP = re.compile("(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NAME = re.compile("(?<![A-Za-z0-9])[A-Za-z0-9]{3,80}(?![A-Za-z0-9])")
_SPLIT = re.compile("[^0-9a-z\x80-\U0010ffff]+")


class _Signs(dict[int, str]):
    """What stands for a character beyond letters and digits: a blank for punctuation, itself alone for a symbol."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        kind = unicodedata.category(sign)
        if code < 0x80 or kind[0] in "LN" or (kind[0] == "M" and not 0xFE00 <= code <= 0xFE0F):
            made = sign
        elif kind[0] == "S":
            made = f" {sign} "
        else:
            made = "" if kind == "Cf" or kind[0] == "M" else " "
        self[code] = made
        return made


_signs = _Signs()


def normalize(text: str) -> str:
    """The same for all spellings of one text: no capitals, no accents, no wide forms, no fine punctuation."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", bare).casefold().translate(_signs)


def indexed(text: str) -> str:
    """A text as the index takes it in."""
    return text if text.isascii() else _RUN.sub(_pairs, normalize(text))


def _pairs(run: re.Match[str]) -> str:
    text = run[0]
    return f" {' '.join(text[at : at + 2] for at in range(len(text)))} "


def is_unspaced(text: str) -> bool:
    """Whether it is all in a script that has no blanks between words."""
    return _RUN.fullmatch(text) is not None


def camel_case_suffixes(text: str) -> str:
    """The ends of identifiers that capitals divide: `getUserName` gives `username name`."""
    ends: dict[str, None] = {}
    if _HUMP.search(text) is None:
        return ""
    for word in dict.fromkeys(_NAME.findall(text)):
        pieces = _HUMP.split(word)
        for at in range(1, len(pieces)):
            ends["".join(pieces[at:]).lower()] = None
    return " ".join(ends)


def facets(role: str, conversation: int, created_at: str, model: int | None) -> str:
    """What filters ask for, as words; a model goes by its number."""
    at = moment_in_bounds(created_at) or UNKNOWN_MOMENT
    return f"r{role} c{conversation} y{at.year} m{month(at)}" + ("" if model is None else f" p{model}")


def month(at: datetime) -> str:
    """A month as a word."""
    return f"{at.year:04}{at.month:02}"


def tokens(term: str) -> tuple[list[str], bool]:
    """The words of what is sought, neighbours in the index, and whether the last may be only a word's beginning."""
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
def _spellings() -> dict[str, str]:
    """For a letter all those that are taken for it."""
    found: dict[str, str] = {}
    for first, last in ((0xA1, 0x250), (0x370, 0x530), (0x1E00, 0x2000), (0xFF01, 0xFFE7)):
        for code in range(first, last):
            sign = chr(code)
            plain = normalize(sign)
            if len(plain) == 1 and plain != sign == sign.lower():
                found[plain] = found.get(plain, "") + sign
    return found


class SearchTerm:
    """A piece of text that is looked for, found in raw text in whatever spelling it stands there."""

    def __init__(self, term: str, *, inside: bool = False) -> None:
        """`inside` takes the middle of a word as well as its beginning."""
        self._pieces = unicodedata.normalize("NFC", term).lower().split()
        first = self._pieces[0][0] if self._pieces else ""
        self._at_start = not inside and first.isalnum() and not is_unspaced(first)
        self._patterns: dict[tuple[bool, bool], re.Pattern[str]] = {}

    def stands_in(self, text: str) -> bool:
        """Whether it is there."""
        lower = text.lower()
        return self._pattern(lower, at_start=self._at_start).search(lower) is not None

    def spans(self, text: str, end: int, most: int) -> list[tuple[int, int]]:
        """The first places where it stands; in the middle of words only if no word begins so."""
        lower = text.lower()
        if len(lower) != len(text):
            lower = "".join(low if len(low := sign.lower()) == 1 else sign for sign in text)
        found: list[tuple[int, int]] = []
        for at_start in dict.fromkeys((self._at_start, False)):
            pattern = self._pattern(lower, at_start=at_start)
            found = found or [place.span() for place in islice(pattern.finditer(lower, 0, end), most)]
        return found

    def _pattern(self, lower: str, *, at_start: bool) -> re.Pattern[str]:
        how = (at_start, not lower.isascii())
        if how not in self._patterns:
            self._patterns[how] = _pattern(self._pieces, at_start=at_start, spelled=how[1])
        return self._patterns[how]


def _pattern(pieces: list[str], *, at_start: bool, spelled: bool) -> re.Pattern[str]:
    """What matches the pieces with any blanks between; that a word begins there is asked after its first letter, so
    that the letter can be searched for quickly."""
    begins = f"(?<![^\\W_{_UNSPACED}].)" if at_start else ""
    made = []
    for at, piece in enumerate(pieces):
        letters = [_letter(sign, spelled=spelled) for sign in piece]
        made.append(letters[0] + (begins if at == 0 else "") + "".join(letters[1:]))
    return re.compile("\\s+".join(made), re.DOTALL)


def _letter(sign: str, *, spelled: bool) -> str:
    plain = normalize(sign) if sign.isalnum() else sign
    plain = plain if len(plain) == 1 else sign
    if not spelled:
        return re.escape(plain)
    others = _spellings().get(plain, "")
    return (f"[{re.escape(plain + others)}]" if others else re.escape(plain)) + "[\u0300-\u036f]*"

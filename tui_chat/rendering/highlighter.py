"""Code as pieces by kind, the same however it came. Knows no colours and no cells.

A block is lexed in chunks whose ends depend on its text alone, each with a look ahead, so that a block of any length
is never lexed at once and yet what one shot gives is what growing gives. Lines not yet in a chunk are sketched.
"""

from pygments.lexer import Lexer

from tui_chat.rendering.incremental_lexer import LONGEST, ROOT, Pieces, Stack, lex, lexer_for, plain

CHUNK_LINES, CHUNK_CHARACTERS = 200, 6_000
AHEAD_LINES, AHEAD_CHARACTERS = 80, 3_000
_COMMENTS = (("/*", "*/"), ("<!--", "-->"))
"""What a lexer finds only when it is closed, so that it is closed for it meanwhile."""
_LONGEST_COMMENT = 80
"""Lines; what seems to be a longer one is taken for something else."""


class Highlighter:
    """Lexes the lines of one block; each but the last ends with its newline."""

    def __init__(self, language: str) -> None:
        self._lexer = lexer_for(language)
        self._sketch = Sketch(self._lexer)
        self._exact = 0
        """Lines that are final."""
        self._ahead = 0
        """Characters behind those that their last token took too."""
        self._stack = ROOT
        self._partial: Pieces = []
        """What of the next line their last token took."""

    def settle(self, lines: list[str], closed: bool) -> dict[int, Pieces]:
        """The lines that are final now and are not what was sketched of them."""
        new: dict[int, Pieces] = {}
        while self._exact < len(lines):
            if self._lexer is None or len(lines[self._exact]) > LONGEST:
                new[self._exact] = plain(lines[self._exact])
                self._exact += 1
                continue
            stop = _reach(lines, self._exact, CHUNK_LINES, CHUNK_CHARACTERS)
            ahead = _reach(lines, stop, AHEAD_LINES, AHEAD_CHARACTERS)
            if not closed and (ahead >= len(lines) or stop >= len(lines)):
                break
            self._settle_chunk(lines, min(stop, len(lines)), min(ahead, len(lines)), new)
        return {number: pieces for number, pieces in new.items() if self._sketch.forget(number) != pieces}

    def _settle_chunk(self, lines: list[str], stop: int, ahead: int, new: dict[int, Pieces]) -> None:
        first = self._exact
        size = sum(map(len, lines[first:stop]))
        assert self._lexer is not None
        lexed = lex(self._lexer, lines[first:ahead], self._stack, self._ahead, size)
        pieces = lexed.pieces
        pieces[0] = self._partial + pieces[0]
        over = max(0, lexed.end - size)
        end = stop
        while end < ahead and over >= len(lines[end]):
            over -= len(lines[end])
            end += 1
        self._partial = pieces[end - first] if over else []
        self._exact, self._ahead, self._stack = end, over, lexed.stack
        for number in range(first, end):
            new[number] = pieces[number - first]

    def sketch(self, lines: list[str]) -> dict[int, Pieces]:
        """Lines that are not final and are not what was sketched of them before."""
        return self._sketch.take(lines, self._exact, self._stack)

    def peek(self, line: str) -> Pieces:
        """A line that is still coming in, behind those that were sketched."""
        return self._sketch.peek(line)


def _reach(lines: list[str], start: int, most_lines: int, most_characters: int) -> int:
    """The line behind the last that belongs to a chunk; beyond the lines there are if it is not yet full."""
    characters = 0
    for number in range(start, min(len(lines), start + most_lines)):
        if len(lines[number]) > LONGEST:
            return number
        characters += len(lines[number])
        if characters >= most_characters:
            return number + 1
    return start + most_lines


class Sketch:
    """Lexes lines as they come; what it says of them may yet turn out otherwise."""

    def __init__(self, lexer: Lexer | None) -> None:
        self._lexer = lexer
        self._seen = 0
        """Lines that were taken in."""
        self._stack = ROOT
        """The lexer's states behind them."""
        self._begun: list[str] = []
        """Of these, the lines that a comment which is still open begins in and goes on in."""
        self._given: dict[int, Pieces] = {}

    def take(self, lines: list[str], exact: int, stack: Stack) -> dict[int, Pieces]:
        """Lines that are new or not what was said of them; the first `exact` are final, with these states behind."""
        if self._lexer is None:
            return {}
        if exact > self._seen:
            self._seen, self._stack, self._begun = exact, stack, []
        for number in range(len(lines) - 1, self._seen - 1, -1):
            if len(lines[number]) > LONGEST:
                self._stack, self._begun = ROOT, []
                return self._give(self._seen, [plain(line) for line in lines[self._seen :]], len(lines))
        if self._seen >= len(lines):
            return {}
        first = self._seen - len(self._begun)
        found = self._lex(self._lexer, lines[first:])
        return self._give(max(first, exact), found[max(0, exact - first) :], len(lines))

    def _give(self, first: int, found: list[Pieces], seen: int) -> dict[int, Pieces]:
        self._seen = seen
        new = {number: pieces for number, pieces in enumerate(found, first) if self._given.get(number) != pieces}
        self._given |= new
        return new

    def _lex(self, lexer: Lexer, lines: list[str]) -> list[Pieces]:
        """Lex from where the sketch ended, or from where the open comment begins."""
        closer = _closer_missing(lines)
        lexed = lex(lexer, [*lines, closer] if closer else lines, self._stack, 0, sum(map(len, lines)))
        starts = [line for line in lexed.starts if line < len(lines)]
        if lexed.end > sum(map(len, lines)) and starts and len(lines) - max(starts) <= _LONGEST_COMMENT:
            self._begun = lines[max(starts) :]
            self._stack = lexed.starts[max(starts)]
        else:
            self._begun, self._stack = [], lexed.stack
        return lexed.pieces[: len(lines)]

    def peek(self, line: str) -> Pieces:
        """A line that is still coming in, behind those that were taken in."""
        if self._lexer is None or len(line) > LONGEST:
            return plain(line)
        lines = [*self._begun, line]
        closer = _closer_missing(lines)
        return lex(self._lexer, [*lines, closer] if closer else lines, self._stack).pieces[len(lines) - 1]

    def forget(self, number: int) -> Pieces | None:
        """What was said of a line, which is final now."""
        return self._given.pop(number, None)


def _closer_missing(lines: list[str]) -> str:
    """What closes the comment that these lines leave open, if they leave one open."""
    text = "".join(lines)
    for opener, closer in _COMMENTS:
        if opener in text and text.rfind(opener) > text.rfind(closer):
            return closer
    return ""

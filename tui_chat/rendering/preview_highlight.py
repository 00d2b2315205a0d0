"""How code looks before it is final: each new line is lexed once, from where the one before it ended."""

from pygments.lexer import Lexer

from tui_chat.rendering.incremental_lexer import LONGEST, ROOT, Pieces, Stack, lex, plain

_COMMENTS = (("/*", "*/"), ("<!--", "-->"))
"""What a lexer finds only when it is closed, so that it is closed for it meanwhile."""
_LONGEST_COMMENT = 80
"""Lines; what seems to be a longer one is taken for something else."""


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

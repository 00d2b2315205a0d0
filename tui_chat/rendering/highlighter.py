"""Splits code into highlighted tokens as it streams. Must not know colours or widths.

A block is lexed in chunks whose ends depend on its text alone, each with a look-ahead: a long block is never lexed at
once, and a streamed block ends with the same tokens as a whole one. Lines not yet in a chunk get a preview.
"""

from pygments.lexer import Lexer

from tui_chat.rendering.incremental_lexer import LONGEST, ROOT, LineTokens, Stack, lex_lines, lexer_for, plain_tokens

CHUNK_LINES, CHUNK_CHARACTERS = 200, 6_000
AHEAD_LINES, AHEAD_CHARACTERS = 80, 3_000
_COMMENTS = (("/*", "*/"), ("<!--", "-->"))
"""Comments that a lexer recognises only once they are closed, so the preview closes them."""
_LONGEST_COMMENT = 80
"""Lines; a longer one is not treated as a comment."""


class Highlighter:
    """The tokens of one block's lines; each line but the last ends with its newline."""

    def __init__(self, language: str) -> None:
        self._lexer = lexer_for(language)
        self._preview = PreviewHighlighter(self._lexer)
        self._final = 0
        self._ahead = 0
        """Characters after the final lines that their last token took too."""
        self._stack = ROOT
        self._partial: LineTokens = []
        """The part of the next line that their last token took."""

    def finalize(self, lines: list[str], closed: bool) -> dict[int, LineTokens]:
        """Return the lines that became final and differ from their preview."""
        new: dict[int, LineTokens] = {}
        while self._final < len(lines):
            if self._lexer is None or len(lines[self._final]) > LONGEST:
                new[self._final] = plain_tokens(lines[self._final])
                self._final += 1
                continue
            stop = _reach(lines, self._final, CHUNK_LINES, CHUNK_CHARACTERS)
            ahead = _reach(lines, stop, AHEAD_LINES, AHEAD_CHARACTERS)
            if not closed and (ahead >= len(lines) or stop >= len(lines)):
                break
            self._settle_chunk(lines, min(stop, len(lines)), min(ahead, len(lines)), new)
        return {number: pieces for number, pieces in new.items() if self._preview.forget(number) != pieces}

    def _settle_chunk(self, lines: list[str], stop: int, ahead: int, new: dict[int, LineTokens]) -> None:
        first = self._final
        size = sum(map(len, lines[first:stop]))
        assert self._lexer is not None
        lexed = lex_lines(self._lexer, lines[first:ahead], self._stack, self._ahead, size)
        pieces = lexed.pieces
        pieces[0] = self._partial + pieces[0]
        over = max(0, lexed.end - size)
        end = stop
        while end < ahead and over >= len(lines[end]):
            over -= len(lines[end])
            end += 1
        self._partial = pieces[end - first] if over else []
        self._final, self._ahead, self._stack = end, over, lexed.stack
        for number in range(first, end):
            new[number] = pieces[number - first]

    def preview(self, lines: list[str]) -> dict[int, LineTokens]:
        """Return the lines that are not final and whose preview changed."""
        return self._preview.update(lines, self._final, self._stack)

    def peek(self, line: str) -> LineTokens:
        return self._preview.peek(line)


def _reach(lines: list[str], start: int, most_lines: int, most_characters: int) -> int:
    """Return the end line of a chunk; beyond the existing lines if the chunk is not full yet."""
    characters = 0
    for number in range(start, min(len(lines), start + most_lines)):
        if len(lines[number]) > LONGEST:
            return number
        characters += len(lines[number])
        if characters >= most_characters:
            return number + 1
    return start + most_lines


class PreviewHighlighter:
    """Lexes each new line once, from where the line before it ended; the result is provisional."""

    def __init__(self, lexer: Lexer | None) -> None:
        self._lexer = lexer
        self._seen = 0
        self._stack = ROOT
        """The lexer's states after them."""
        self._comment_lines: list[str] = []
        """The lines of a comment that is still open."""
        self._shown: dict[int, LineTokens] = {}

    def update(self, lines: list[str], final: int, stack: Stack) -> dict[int, LineTokens]:
        """Return the lines that are new or changed; the first `final` are final and end in the states `stack`."""
        if self._lexer is None:
            return {}
        if final > self._seen:
            self._seen, self._stack, self._comment_lines = final, stack, []
        for number in range(len(lines) - 1, self._seen - 1, -1):
            if len(lines[number]) > LONGEST:
                self._stack, self._comment_lines = ROOT, []
                return self._give(self._seen, [plain_tokens(line) for line in lines[self._seen :]], len(lines))
        if self._seen >= len(lines):
            return {}
        first = self._seen - len(self._comment_lines)
        found = self._lex(self._lexer, lines[first:])
        return self._give(max(first, final), found[max(0, final - first) :], len(lines))

    def _give(self, first: int, found: list[LineTokens], seen: int) -> dict[int, LineTokens]:
        self._seen = seen
        new = {number: pieces for number, pieces in enumerate(found, first) if self._shown.get(number) != pieces}
        self._shown |= new
        return new

    def _lex(self, lexer: Lexer, lines: list[str]) -> list[LineTokens]:
        """Lex from where the preview ended, or from the start of the open comment."""
        closer = _closer_missing(lines)
        lexed = lex_lines(lexer, [*lines, closer] if closer else lines, self._stack, 0, sum(map(len, lines)))
        starts = [line for line in lexed.starts if line < len(lines)]
        if lexed.end > sum(map(len, lines)) and starts and len(lines) - max(starts) <= _LONGEST_COMMENT:
            self._comment_lines = lines[max(starts) :]
            self._stack = lexed.starts[max(starts)]
        else:
            self._comment_lines, self._stack = [], lexed.stack
        return lexed.pieces[: len(lines)]

    def peek(self, line: str) -> LineTokens:
        if self._lexer is None or len(line) > LONGEST:
            return plain_tokens(line)
        lines = [*self._comment_lines, line]
        closer = _closer_missing(lines)
        return lex_lines(self._lexer, [*lines, closer] if closer else lines, self._stack).pieces[len(lines) - 1]

    def forget(self, number: int) -> LineTokens | None:
        """Drop and return the preview of a line that is final now."""
        return self._shown.pop(number, None)


def _closer_missing(lines: list[str]) -> str:
    """Return the closing marker of a comment that these lines leave open; empty if there is none."""
    text = "".join(lines)
    for opener, closer in _COMMENTS:
        if opener in text and text.rfind(opener) > text.rfind(closer):
            return closer
    return ""

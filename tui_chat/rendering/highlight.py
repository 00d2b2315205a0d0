"""Code as pieces by kind, the same however it came. Knows no colours and no cells.

A block is lexed in chunks whose ends depend on its text alone, each with a look ahead, so that a block of any length
is never lexed at once and yet what one shot gives is what growing gives. Lines not yet in a chunk are sketched.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pygments.lexer import Lexer, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Error, Token, Whitespace, _TokenType
from pygments.util import ClassNotFound

Pieces = list[tuple[_TokenType, str]]
"""The text of a line, without its newline, cut by kind."""

CHUNK_LINES, CHUNK_CHARACTERS = 200, 6_000
AHEAD_LINES, AHEAD_CHARACTERS = 80, 3_000
LONGEST = 1_000
"""A longer line was not written to be read: it stays plain, and what is around it is lexed without it."""
SKETCH_LINES, SKETCH_CHARACTERS = 24, 2_000
"""A sketch begins again at most so far back, where that is no worse."""
_ROOT: tuple[str, ...] = ("root",)
_NAME = re.compile(r"[\w+#.-]+")
_ALSO = {
    "jsonc": "json",
    "json5": "json",
    "jsonl": "json",
    "patch": "diff",
    "svelte": "html",
    "python-repl": "pycon",
    "vbnet": "vb.net",
    "shellscript": "bash",
    "h": "c",
    "hpp": "cpp",
    "mjs": "js",
    "cjs": "js",
    "mts": "ts",
    "env": "bash",
    "svg": "xml",
    "viml": "vim",
    "el": "emacs-lisp",
}
_PLAIN = frozenset(("", "text", "txt", "plain", "plaintext", "none", "output", "log", "csv", "tree", "mermaid"))


def language_of(info: str) -> str:
    """The language that stands behind an opening fence, in small letters; empty if none does."""
    found = _NAME.search(info)
    return found[0].lower().removeprefix("language-").strip(".") if found is not None else ""


@lru_cache(maxsize=64)
def lexer_for(language: str) -> Lexer | None:
    """The lexer of a language by its name or an alias; `None` where there is none."""
    if language in _PLAIN:
        return None
    try:
        return get_lexer_by_name(_ALSO.get(language, language))
    except ClassNotFound:
        return None


@dataclass(slots=True)
class _Lexed:
    """What lexing some lines gave."""

    pieces: list[Pieces]
    end: int
    """How far it went, in characters from where the lines begin."""
    stack: tuple[str, ...]
    """The lexer's states there."""
    starts: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """The states at lines that begin with a token of their own."""


class Highlighter:
    """Lexes the lines of one block; each but the last ends with its newline."""

    def __init__(self, language: str) -> None:
        self._lexer = lexer_for(language)
        self._resumes = (
            self._lexer is not None and type(self._lexer).get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed
        )
        self._exact = 0
        """Lines that are final."""
        self._ahead = 0
        """Characters behind those that their last token took too."""
        self._stack = _ROOT
        self._partial: Pieces = []
        self._given: dict[int, Pieces] = {}
        """What was sketched of lines that are not final."""
        self._base = 0
        self._base_stack = _ROOT
        self._end_stack = _ROOT

    def settle(self, lines: list[str], closed: bool) -> dict[int, Pieces]:
        """The lines that are final now and are not what was sketched of them."""
        new: dict[int, Pieces] = {}
        if self._lexer is None:
            new = {
                number: [(Token, line.rstrip("\n"))] for number, line in enumerate(lines[self._exact :], self._exact)
            }
            self._exact = len(lines)
        while self._exact < len(lines):
            if len(lines[self._exact]) > LONGEST:
                new[self._exact] = [(Token, lines[self._exact].rstrip("\n"))]
                self._exact += 1
                continue
            stop = _reach(lines, self._exact, CHUNK_LINES, CHUNK_CHARACTERS)
            ahead = _reach(lines, stop, AHEAD_LINES, AHEAD_CHARACTERS)
            if not closed and (ahead >= len(lines) or stop >= len(lines)):
                break
            self._settle_chunk(lines, min(stop, len(lines)), min(ahead, len(lines)), new)
        return {number: pieces for number, pieces in new.items() if self._given.pop(number, None) != pieces}

    def _settle_chunk(self, lines: list[str], stop: int, ahead: int, new: dict[int, Pieces]) -> None:
        first = self._exact
        size = sum(map(len, lines[first:stop]))
        lexed = self._lex(lines[first:ahead], self._stack, self._ahead, size)
        pieces = lexed.pieces
        pieces[0] = self._partial + pieces[0]
        self._stack, self._ahead, self._partial = lexed.stack, max(0, lexed.end - size), []
        end, over = stop, self._ahead
        while end < ahead and over >= len(lines[end]):
            over -= len(lines[end])
            end += 1
        if over:
            self._partial = pieces[end - first]
        self._exact, self._ahead = end, over
        for number in range(first, end):
            new[number] = pieces[number - first]

    def sketch(self, lines: list[str]) -> dict[int, Pieces]:
        """Lines that are not final and are not what was sketched of them before."""
        if self._lexer is None or self._exact >= len(lines):
            return {}
        if self._base < self._exact:
            self._base, self._base_stack = self._exact, self._stack
        new: dict[int, Pieces] = {}
        for number in range(len(lines) - 1, self._base - 1, -1):
            if len(lines[number]) > LONGEST:
                new |= {line: [(Token, lines[line].rstrip("\n"))] for line in range(self._base, number + 1)}
                self._base, self._base_stack = number + 1, _ROOT
                break
        lexed = self._lex(lines[self._base :], self._base_stack, 0, None)
        new |= dict(enumerate(lexed.pieces, self._base))
        self._end_stack = lexed.stack
        self._move_base(lines, lexed)
        new = {number: pieces for number, pieces in new.items() if self._given.get(number) != pieces}
        self._given |= new
        return new

    def _move_base(self, lines: list[str], lexed: _Lexed) -> None:
        """Begin the next sketch later, where this one was long: at a line that begins with a token of its own."""
        behind = len(lines) - self._base
        if behind <= SKETCH_LINES and sum(map(len, lines[self._base :])) <= SKETCH_CHARACTERS:
            return
        starts = [line for line in lexed.starts if line <= behind - min(behind, SKETCH_LINES) // 3]
        if starts and max(starts) > 0:
            self._base_stack = lexed.starts[max(starts)]
            self._base += max(starts)
        elif behind > AHEAD_LINES:
            self._base, self._base_stack = len(lines), lexed.stack

    def peek(self, line: str) -> Pieces:
        """A line that is still coming in, behind those that were sketched."""
        if self._lexer is None or len(line) > LONGEST:
            return [(Token, line)]
        return self._lex([line], self._end_stack, 0, None).pieces[0]

    def _lex(self, lines: list[str], stack: tuple[str, ...], start: int, stop: int | None) -> _Lexed:
        """Lex lines from a character on, up to the first token's end at or behind `stop`."""
        text = "".join(lines)
        cutter = _Cutter(lines, text, start)
        until = len(text) if stop is None else stop
        if self._resumes:
            end_stack = _run(self._lexer, cutter, list(stack), until)
            return _Lexed(cutter.pieces, cutter.at, end_stack, cutter.starts)
        assert self._lexer is not None
        for at, kind, value in self._lexer.get_tokens_unprocessed(text[start:]):
            if cutter.at >= until:
                break
            cutter.note(_ROOT)
            cutter.add(start + at, kind, len(value))
        cutter.add(until, Token, 0)
        return _Lexed(cutter.pieces, cutter.at, _ROOT, cutter.starts)


class _Cutter:
    """Cuts tokens at the ends of lines."""

    def __init__(self, lines: list[str], text: str, start: int) -> None:
        self.pieces: list[Pieces] = [[] for _ in lines]
        self.starts: dict[int, tuple[str, ...]] = {}
        self.text = text
        self.at = start
        self._ends: list[int] = []
        end = 0
        for line in lines:
            end += len(line)
            self._ends.append(end)
        self.line = 0
        while self.line < len(lines) - 1 and start >= self._ends[self.line]:
            self.line += 1

    def note(self, stack: Sequence[str]) -> None:
        """Remember the states where the next token begins a line."""
        if self.line not in self.starts and self.at == (self._ends[self.line - 1] if self.line else 0):
            self.starts[self.line] = tuple(stack)

    def add(self, at: int, kind: _TokenType, size: int) -> None:
        """The next token; text that the lexer left out before it is plain."""
        if at > self.at:
            self._add(Token, at)
        if at + size > self.at:
            self._add(kind, at + size)

    def _add(self, kind: _TokenType, end: int) -> None:
        at = self.at
        while at < end and self.line < len(self._ends):
            stop = min(end, self._ends[self.line])
            piece = self.text[at:stop].rstrip("\n")
            if piece:
                pieces = self.pieces[self.line]
                if pieces and (pieces[-1][0] is kind or piece.isspace()):
                    pieces[-1] = (pieces[-1][0], pieces[-1][1] + piece)
                else:
                    pieces.append((kind, piece))
            at = stop
            if stop == self._ends[self.line]:
                self.line += 1
        self.at = end


def _run(lexer: Any, cutter: _Cutter, stack: list[str], until: int) -> tuple[str, ...]:
    """Run a lexer's rules from the states of `stack`; the states where it stopped."""
    rules = lexer._tokens
    text = cutter.text
    idle = 0
    while cutter.at < until:
        cutter.note(stack)
        at = cutter.at
        for match, action, change in rules[stack[-1]]:
            found = match(text, at)
            if found is None:
                continue
            idle = idle + 1 if found.end() == at else 0
            if type(action) is _TokenType:
                cutter.add(at, action, found.end() - at)
            elif action is not None:
                for start, kind, value in action(lexer, found):
                    cutter.add(start, kind, len(value))
            cutter.add(found.end(), Token, 0)
            if change is not None:
                _change(stack, change)
            break
        else:
            idle = len(stack) + 100
        if idle > len(stack) + 50:
            idle = 0
            if text[at] == "\n":
                stack[:] = _ROOT
            cutter.add(at, Whitespace if text[at].isspace() else Error, 1)
    return tuple(stack)


def _change(stack: list[str], change: Any) -> None:
    """Enter and leave a lexer's states; one is always left."""
    if isinstance(change, int):
        del stack[max(1, len(stack) + change) :]
        return
    for state in (change,) if isinstance(change, str) else change:
        if state == "#pop":
            del stack[max(1, len(stack) - 1) :]
        else:
            stack.append(stack[-1] if state == "#push" else state)


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

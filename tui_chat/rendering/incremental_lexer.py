"""Runs Pygments' lexers so that they can stop at a line and resume there. Must not know colours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pygments.lexer import Lexer, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Error, Token, Whitespace, _TokenType
from pygments.util import ClassNotFound

LineTokens = list[tuple[_TokenType, str]]
"""The text of a line, without its newline, cut by kind."""
Stack = tuple[str, ...]
"""A lexer's states."""
LONGEST = 1_000
"""A longer line is not highlighted, and the lines around it are lexed without it."""
ROOT: Stack = ("root",)
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
    """Return the language named after an opening fence, in lower case; empty if there is none."""
    found = _NAME.search(info)
    return found[0].lower().removeprefix("language-").strip(".") if found is not None else ""


@lru_cache(maxsize=64)
def lexer_for(language: str) -> Lexer | None:
    """Return the lexer of a language by its name or an alias; `None` where there is none."""
    if language in _PLAIN:
        return None
    try:
        return get_lexer_by_name(_ALSO.get(language, language))
    except ClassNotFound:
        return None


@dataclass(slots=True)
class LexResult:
    """The result of lexing some lines."""

    pieces: list[LineTokens]
    end: int
    """How far it went, in characters from the start of the lines."""
    stack: Stack
    """The lexer's states there."""
    starts: dict[int, Stack] = field(default_factory=dict)
    """The states at lines that start with a token of their own."""


def lex_lines(
    lexer: Lexer, lines: list[str], stack: Stack = ROOT, start: int = 0, stop: int | None = None
) -> LexResult:
    """Lex lines from a character on, up to the first token's end at or behind `stop`."""
    text = "".join(lines)
    splitter = _LineSplitter(lines, text, start)
    until = len(text) if stop is None else stop
    if type(lexer).get_tokens_unprocessed is RegexLexer.get_tokens_unprocessed:
        end_stack = _run(lexer, splitter, list(stack), until)
        return LexResult(splitter.pieces, splitter.at, end_stack, splitter.starts)
    for at, kind, value in lexer.get_tokens_unprocessed(text[start:]):
        if splitter.at >= until:
            break
        splitter.record_line_start(ROOT)
        splitter.add(start + at, kind, len(value))
    splitter.add(until, Token, 0)
    return LexResult(splitter.pieces, splitter.at, ROOT, splitter.starts)


def plain_tokens(line: str) -> LineTokens:
    return [(Token, line.rstrip("\n"))]


class _LineSplitter:
    def __init__(self, lines: list[str], text: str, start: int) -> None:
        self.pieces: list[LineTokens] = [[] for _ in lines]
        self.starts: dict[int, Stack] = {}
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

    def record_line_start(self, stack: Sequence[str]) -> None:
        """Remember the states if the next token starts a line."""
        if self.line not in self.starts and self.at == (self._ends[self.line - 1] if self.line else 0):
            self.starts[self.line] = tuple(stack)

    def add(self, at: int, kind: _TokenType, size: int) -> None:
        """Add a token; text that the lexer skipped before it is plain."""
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


def _run(lexer: Any, splitter: _LineSplitter, stack: list[str], until: int) -> Stack:
    """Run a lexer's rules from the states of `stack`; return the states where it stopped."""
    rules = lexer._tokens
    text = splitter.text
    idle = 0
    while splitter.at < until:
        splitter.record_line_start(stack)
        at = splitter.at
        for match, action, change in rules[stack[-1]]:
            found = match(text, at)
            if found is None:
                continue
            idle = idle + 1 if found.end() == at else 0
            if type(action) is _TokenType:
                splitter.add(at, action, found.end() - at)
            elif action is not None:
                for start, kind, value in action(lexer, found):
                    splitter.add(start, kind, len(value))
            splitter.add(found.end(), Token, 0)
            if change is not None:
                _change(stack, change)
            break
        else:
            idle = len(stack) + 100
        if idle > len(stack) + 50:
            idle = 0
            if text[at] == "\n":
                stack[:] = ROOT
            splitter.add(at, Whitespace if text[at].isspace() else Error, 1)
    return tuple(stack)


def _change(stack: list[str], change: Any) -> None:
    """Push and pop a lexer's states; at least one remains."""
    if isinstance(change, int):
        del stack[max(1, len(stack) + change) :]
        return
    for state in (change,) if isinstance(change, str) else change:
        if state == "#pop":
            del stack[max(1, len(stack) - 1) :]
        else:
            stack.append(stack[-1] if state == "#push" else state)

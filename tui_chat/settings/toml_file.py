"""Reads a TOML file line-tolerantly: a mistake costs only its line, and every key has its line number.

Must not know what the keys mean.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from tui_chat.settings.values import Problem

_MOST_MISTAKES = 50
_MOST_BYTES = 1_000_000
_NAME = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_DOTTED = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER = re.compile(rf"\s*\[\s*({_DOTTED})\s*\]")
_KEY = re.compile(rf"\s*({_DOTTED})\s*=")
_AT_LINE = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class TomlFile:
    """The readable part of a file."""

    tree: Mapping[str, Any] = field(default_factory=dict)
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    """The line number of a table or key, by its path."""
    problems: tuple[Problem, ...] = ()

    def line(self, path: tuple[str, ...]) -> int | None:
        """Return the line of that key, or of the nearest thing around it."""
        while path:
            if path in self.lines:
                return self.lines[path]
            path = path[:-1]
        return None


def read_toml(path: Path) -> TomlFile:
    """Read a file; a missing file is empty, an unreadable file is empty with a problem."""
    try:
        raw = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else None
    except FileNotFoundError:
        return TomlFile()
    except OSError as error:
        return TomlFile(problems=(Problem(f"it cannot be read: {error.strerror or error}", str(path)),))
    if raw is None:
        return TomlFile(problems=(Problem("it is too large for settings", str(path)),))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return TomlFile(problems=(Problem("it is not UTF-8 text", str(path), line),))
    return _parse(text.replace("\r\n", "\n"), str(path))


def _parse(text: str, file: str) -> TomlFile:
    """Parse the text; blank the line of each mistake and parse again."""
    import tomllib

    lines = text.split("\n")
    problems: list[Problem] = []
    while len(problems) < _MOST_MISTAKES:
        try:
            tree = tomllib.loads("\n".join(lines), parse_float=_decimal)
        except (ValueError, RecursionError) as error:  # a mistake, or an integer of thousands of digits
            found = _AT_LINE.search(str(error))
            line = min(int(found[1]), len(lines)) if found else _last_key_line(lines)
            what = re.sub(r"\s*\(at .*\)", "", str(error)).replace("\n", " ")
            problems.append(Problem(f"not TOML: {what[:1].lower()}{what[1:]}", file, line))
            _leave_out(lines, line - 1)
        else:
            return TomlFile(tree, lines_of(lines), tuple(problems))
    return TomlFile(problems=tuple(problems))


def _decimal(text: str) -> Decimal:
    """Return the number; NaN if its exponent is impossible."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


def _last_key_line(lines: list[str]) -> int:
    """Return the line of the last key: the likely start of a value that never ends."""
    numbers = [number for number, line in enumerate(lines, start=1) if _KEY.match(line) or _HEADER.match(line)]
    return numbers[-1] if numbers else len(lines)


def _leave_out(lines: list[str], at: int) -> None:
    """Blank a line; with a broken table header also its keys, which would land in the table before it."""
    while at > 0 and not lines[at].strip():
        at -= 1
    is_head = lines[at].lstrip().startswith("[")
    lines[at] = ""
    while is_head and at + 1 < len(lines) and not lines[at + 1].lstrip().startswith("["):
        at += 1
        lines[at] = ""


def lines_of(lines: list[str]) -> dict[tuple[str, ...], int]:
    """Return the line number of every table and key by its path."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    fence = ""
    for number, line in enumerate(lines, start=1):
        if fence:
            fence = "" if fence in line else fence
            continue
        if head := _HEADER.match(line):
            table = _names(head[1])
            for depth in range(1, len(table) + 1):
                found.setdefault(table[:depth], number)
        elif key := _KEY.match(line):
            found.setdefault(table + _names(key[1]), number)
            value = line[key.end() :].lstrip()
            fence = value[:3] if value[:3] in ('"""', "'''") and value[:3] not in value[3:] else ""
    return found


def _names(dotted: str) -> tuple[str, ...]:
    import tomllib

    names = re.findall(_NAME, dotted)
    return tuple(str(tomllib.loads(f"v={name}")["v"]) if name[0] in "\"'" else name for name in names)

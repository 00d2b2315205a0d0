"""Proposes file names for a code block: those that the text names, then one with the suffix of its language."""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from itertools import count
from pathlib import Path

_FILE_NAME = re.compile(r"(?<![\w/.-])(?:[\w.-]+/)*([\w-][\w.-]*\.[A-Za-z]\w{0,9}|Dockerfile|Makefile)(?![\w/])")
_FENCE = re.compile(r"^ {0,3}(?:`{3,}|~{3,})[ \t]*([^\s`{]*)(.*)$", re.MULTILINE)
_LOOKED_BACK = 2000
_MOST = 5


def proposed_names(text: str, code: str, folder: Path) -> list[tuple[str, str]]:
    """Return names, the likeliest first, each with a word about where it comes from.

    `text` is the Markdown that holds the code. None of the names is taken in the folder.
    """
    language, title, before = _surroundings(text, code)
    patterns = _patterns(language)
    names: dict[str, str] = {}
    for named in (*_names_in(title), *reversed([*_names_in(before)])):
        if not patterns or any(fnmatch(named, pattern) for pattern in patterns):
            names.setdefault(named, "named in the text")
    suffix = next((pattern[1:] for pattern in patterns if re.fullmatch(r"\*\.\w+", pattern)), ".txt")
    free = next(name for number in count(1) if not (folder / (name := f"code-{number}{suffix}")).exists())
    found = [(name, note) for name, note in names.items() if not (folder / name).exists()][:_MOST]
    return [*found, (free, language)]


def _surroundings(text: str, code: str) -> tuple[str, str, str]:
    """Return the language after the fence that opens the code, the rest of that line, and the text above it."""
    first = code.split("\n", 1)[0]
    for fence in _FENCE.finditer(text):
        if text[fence.end() + 1 :].startswith(first) and code.rstrip("\n") in text[fence.end() :]:
            before = text[max(0, fence.start() - _LOOKED_BACK) : fence.start()]
            return fence[1].lower(), fence[2], before
    return "", "", ""


def _names_in(text: str) -> Iterator[str]:
    for found in _FILE_NAME.finditer(text):
        yield found[1]


def _patterns(language: str) -> list[str]:
    """Return the file name patterns of a language, the usual suffix first."""
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    if language in ("", "text", "plain", "txt"):
        return []
    try:
        return list(get_lexer_by_name(language).filenames)
    except ClassNotFound:
        return []

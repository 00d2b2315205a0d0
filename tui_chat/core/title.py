"""A conversation's title: made from its first prompt, or requested from a model."""

import re
from collections.abc import Sequence

from tui_chat.core.clean import clean_line

LONGEST_TITLE = 72
UNTITLED = "Untitled"
_BRIEF_LENGTH = 40
TITLE_INSTRUCTION = "Write a title for the conversation below"
"""The start of the request for a title."""
_REQUEST = (
    TITLE_INSTRUCTION + ": at most six words, in the language it is held in, naming what it is about."
    " Answer with the title alone, without quotes and without a full stop.\n\n"
    "<prompt>\n{}\n</prompt>\n\n<reply>\n{}\n</reply>"
)
_MOST_SHOWN = 2_000
"""Characters of the prompt and of the reply that are sent."""
_SHORT = 16
"""Characters of a first line that may be the same in many prompts."""
_FENCE = re.compile(r"^\s*(?:```|~~~).*$", re.MULTILINE)
_LABEL = re.compile(r"^title\s*:\s*", re.IGNORECASE)
_QUOTES = "\"'“”„‘’«»「」『』"
_MARKS = re.compile(r"^[#>*\-\s`]+|[`*_]{2,}")


def title_from(prompt: str) -> str:
    """Return the first line with text, without Markdown's markers, cut at a word."""
    return _first_line(prompt) or UNTITLED


def telling_title(prompt: str, file_names: Sequence[str] = ()) -> str:
    """Return the first line with text like `title_from`, and for a short one more.

    A short line such as `Review this.` gets what distinguishes it: the name of a file, or the next line.
    """
    title = _first_line(prompt)
    if len(title) > _SHORT:
        return title
    rest = prompt.partition("\n")[2] if title else ""
    more = next(iter(file_names), "") or _first_line(_FENCE.sub("", rest), skipped=title)
    return _cut(f"{title} · {clean_line(more)}" if title and more else title or clean_line(more)) or UNTITLED


def shown_title(title: str) -> str:
    """Return a title for a list: clean and never empty."""
    return clean_line(title) or UNTITLED


def brief_title(title: str) -> str:
    """Return a short title for use within a sentence."""
    shown = shown_title(title)
    return shown if len(shown) <= _BRIEF_LENGTH else f"{shown[: _BRIEF_LENGTH - 1].rstrip()}…"


def title_request(prompt: str, reply: str) -> str:
    return _REQUEST.format(_shown(prompt), _shown(reply))


def title_in(answer: str) -> str:
    """Return the title in a model's answer, without quotes and label; empty if there is none."""
    return _LABEL.sub("", _first_line(answer)).strip(_QUOTES + " ").rstrip(".。")


def _first_line(text: str, *, skipped: str = "") -> str:
    """Return the first line with text, apart from the one that is skipped."""
    for line in text.splitlines():
        title = " ".join(_MARKS.sub("", line).split())
        if title and title != skipped:
            return _cut(title)
    return ""


def _cut(title: str) -> str:
    if len(title) <= LONGEST_TITLE:
        return title
    cut = title[: LONGEST_TITLE - 1]
    word = cut.rpartition(" ")[0]
    return (word if len(word) > LONGEST_TITLE // 2 else cut).rstrip(" ,;:.–-") + "…"


def _shown(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"

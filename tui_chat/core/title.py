"""A conversation's title: made from its first prompt, or asked of a model."""

import re

from tui_chat.core.clean import clean_line

LONGEST_TITLE = 72
UNTITLED = "Untitled"
_BRIEF = 40
TITLE_WANTED = "Write a title for the conversation below"
"""How the request for one begins."""
_ASKED = (
    TITLE_WANTED + ": at most six words, in the language it is held in, naming what it is about."
    " Answer with the title alone, without quotes and without a full stop.\n\n"
    "<prompt>\n{}\n</prompt>\n\n<reply>\n{}\n</reply>"
)
_MOST_SHOWN = 2_000
"""Characters of a prompt and of a reply that are enough to tell what they are about."""
_LABEL = re.compile(r"^title\s*:\s*", re.IGNORECASE)
_QUOTES = "\"'“”„‘’«»「」『』"
_MARKS = re.compile(r"^[#>*\-\s`]+|[`*_]{2,}")


def title_from(prompt: str) -> str:
    """The first line that says something, without Markdown's marks, cut at a word."""
    return _first_line(prompt) or UNTITLED


def shown_title(title: str) -> str:
    """A title as any list shows it: clean, and never nothing."""
    return clean_line(title) or UNTITLED


def brief_title(title: str) -> str:
    """The same as it stands in the middle of a sentence."""
    shown = shown_title(title)
    return shown if len(shown) <= _BRIEF else f"{shown[: _BRIEF - 1].rstrip()}…"


def title_request(prompt: str, reply: str) -> str:
    """What a model is asked, so that it names what was said first."""
    return _ASKED.format(_shown(prompt), _shown(reply))


def title_in(answer: str) -> str:
    """The title in a model's answer, without the quotes and the label that some put around it; empty for none."""
    return _LABEL.sub("", _first_line(answer)).strip(_QUOTES + " ").rstrip(".。")


def _first_line(text: str) -> str:
    for line in text.splitlines():
        title = " ".join(_MARKS.sub("", line).split())
        if not title:
            continue
        if len(title) <= LONGEST_TITLE:
            return title
        cut = title[: LONGEST_TITLE - 1]
        word = cut.rpartition(" ")[0]
        return (word if len(word) > LONGEST_TITLE // 2 else cut).rstrip(" ,;:.–-") + "…"
    return ""


def _shown(text: str) -> str:
    text = text.strip()
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"

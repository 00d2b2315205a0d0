"""A conversation's first title, made from its first prompt."""

import re

LONGEST_TITLE = 72
_MARKS = re.compile(r"^[#>*\-\s`]+|[`*_]{2,}")


def title_from(prompt: str) -> str:
    """The first line that says something, without Markdown's marks, cut at a word."""
    for line in prompt.splitlines():
        title = " ".join(_MARKS.sub("", line).split())
        if not title:
            continue
        if len(title) <= LONGEST_TITLE:
            return title
        cut = title[: LONGEST_TITLE - 1]
        word = cut.rpartition(" ")[0]
        return (word if len(word) > LONGEST_TITLE // 2 else cut).rstrip(" ,;:.–-") + "…"
    return "Untitled"

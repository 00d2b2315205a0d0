"""Make the output of a tool fit for a model and a screen: no escapes, no overwritten lines, no hidden characters."""

import re

from tui_chat.core.clean import valid_text
from tui_chat.core.tool import MAX_RESULT_CHARACTERS, shortened

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|[ -/]*[0-~])?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


def plain_output(text: str) -> str:
    """Return what a terminal would show of an output in the end, as plain text."""
    text = _ESCAPES.sub("", valid_text(text))
    if "\r" in text:
        text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in text.split("\n"))
    return _HIDDEN.sub("", text)


def result_text(text: str, most: int = MAX_RESULT_CHARACTERS) -> str:
    """Return a result as the model gets it."""
    return shortened(plain_output(text).strip("\n"), most)

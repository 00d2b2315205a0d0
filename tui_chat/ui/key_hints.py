"""Hints: what to do next, with the key that does it. Knows no screen."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from tui_chat.ui.key_bindings import Keyboard

if TYPE_CHECKING:
    from tui_chat.core.conversation import Conversation
    from tui_chat.core.error import ChatError
    from tui_chat.core.turn import Turn

_DONE_BY = (
    ("try again", "reply.retry"),
    ("continue", "reply.continue"),
    ("regenerate", "reply.retry"),
    ("edit the prompt", "prompt.edit"),
    ("cancel it", "reply.cancel"),
    ("leave out a message", "read.leave_out"),
    ("lift the limit once", "budget.lift"),
)
"""The words of `wording.py` for what a key does."""
_BETWEEN = " · "
_KEYS = re.compile(
    r"(?:(?:(?:Ctrl|Alt|Shift)\+\S+|F\d+|Enter|Esc|Tab|Space|Insert|Delete|Home|End|PgUp|PgDn|[↑↓←→]+|\S)(?: |$))+"
)
"""The names of keys at the start of a step."""


def with_keys(next_step: str, keys: Keyboard, *, model: str = "model.choose") -> str:
    """Return a next step with its keys, such as `Check the network, then try again (Alt+R).`

    `model` is the action that chooses another model.
    """
    for words, action in (*_DONE_BY, ("choose another model", model)):
        if key := keys(action):
            next_step = re.sub(rf"\b{words}\b", rf"\g<0> ({key})", next_step, count=1, flags=re.IGNORECASE)
    return next_step


def error_with_keys(keys: Keyboard, error: "ChatError") -> str:
    """Return what went wrong and what to do about it."""
    from tui_chat.core.error import AttachmentRefused
    from tui_chat.wording import explain

    words = explain(error)
    sentence = words.sentence
    if isinstance(error, AttachmentRefused) and error.message:
        # Most start with the name of a file, which stays as it is.
        message = error.message.rstrip(".")
        start = message.partition(" ")[0] if message.startswith("no ") else ""
        sentence = f"{start.capitalize()}{message.removeprefix(start)}."
    return f"{sentence} {with_keys(words.next_step, keys)}"


def ending_with_keys(
    keys: Keyboard, turn: "Turn", conversation: "Conversation | None" = None
) -> tuple[str, str] | None:
    """Return how a turn ended and what to do about it, without the figures; `None` if it is complete.

    A request that was refused may be so for its files: with its conversation, sending it without them is a step.
    """
    from tui_chat.wording import ending  # late: the first screen has no turns

    words = ending(turn, with_facts=False)
    if words is None:
        return None
    step = with_keys(words.next_step, keys, model="reply.retry_with")
    key = keys("reply.without_files")
    if key and conversation is not None and _is_refused(turn) and _has_files(turn, conversation):
        step = f"Send it without files ({key}). {step}"
    return words.sentence, step


def _is_refused(turn: "Turn") -> bool:
    return turn.fault is not None and turn.fault.kind in ("request_refused", "attachment")


def _has_files(reply: "Turn", conversation: "Conversation") -> bool:
    from tui_chat.ui.attachment_marks import has_files

    prompt_id = reply.parent_id or ""
    return conversation.has(prompt_id) and any(map(has_files, conversation.path_to(prompt_id)))


def hint_line(keys: Keyboard, *steps: str | tuple[str, str]) -> str:
    """Return `Enter select · ↑↓ move · Esc cancel`, without the actions that have no key.

    A step is an action's id, or one or more ids separated by spaces and the text to show instead of a label.
    """
    shown: list[str] = []
    for step in steps:
        ids, text = (step, keys.label(step)) if isinstance(step, str) else step
        names = [name for action in ids.split() if (name := keys(action))]
        if names:
            separator = "" if set(names) <= set("↑↓") else " "
            shown.append(f"{separator.join(names)} {text}")
    return _BETWEEN.join(shown)


def fitted_hint(hint: str, width: int) -> str:
    """Return a hint line without the steps that do not fit; the last one stays longest."""
    steps = hint.split(_BETWEEN)
    while len(steps) > 1 and cell_len(_BETWEEN.join(steps)) > width:
        del steps[-2]
    return _BETWEEN.join(steps)


@lru_cache(64)
def hint_content(hint: str) -> Content:
    """Return hint lines with their keys brighter than what they do."""
    return Content("\n").join(_hint_row(line) for line in hint.split("\n"))


def _hint_row(hint: str) -> Content:
    line = Content.styled(hint, "$foreground-muted")
    at = 0
    for step in hint.split(_BETWEEN):
        if keys := _KEYS.match(step):
            line = line.stylize("$foreground", at, at + len(keys[0].rstrip()))
        at += len(step) + len(_BETWEEN)
    return line

"""Hints: what to do next, with the key that does it. Knows no screen."""

import re
from typing import TYPE_CHECKING

from tui_chat.ui.key_bindings import Keyboard

if TYPE_CHECKING:
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


def with_keys(next_step: str, keys: Keyboard, *, model: str = "model.choose") -> str:
    """Return a next step with its keys, such as `Check the network, then try again (Alt+R).`

    `model` is the action that chooses another model.
    """
    for words, action in (*_DONE_BY, ("choose another model", model)):
        if key := keys(action):
            next_step = re.sub(rf"\b{words}\b", rf"\g<0> ({key})", next_step, count=1, flags=re.IGNORECASE)
    return next_step


def ending_with_keys(keys: Keyboard, turn: "Turn") -> tuple[str, str] | None:
    """Return how a turn ended and what to do about it, without the figures; `None` if it is complete."""
    from tui_chat.wording import ending  # late: the first screen has no turns

    words = ending(turn, with_facts=False)
    if words is None:
        return None
    return words.sentence, with_keys(words.next_step, keys, model="reply.retry_with")


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
    return " · ".join(shown)

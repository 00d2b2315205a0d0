"""The next step as the app says it: each thing to do with the key that does it. Knows no screen."""

import re

from tui_chat.core.turn import Turn
from tui_chat.ui.key_bindings import Keyboard
from tui_chat.wording import ending

_DONE_BY = (
    ("try again", "reply.retry"),
    ("continue", "reply.continue"),
    ("say it differently", "prompt.edit"),
    ("cancel it", "reply.cancel"),
)
"""How the wording names what a key does."""


def with_keys(next_step: str, keys: Keyboard, *, model: str = "model.choose") -> str:
    """`Check the network, then try again (Ctrl+R).` `model` is the action by which another model is chosen."""
    for words, action in (*_DONE_BY, ("choose another model", model)):
        if key := keys(action):
            next_step = re.sub(rf"\b{words}\b", rf"\g<0> ({key})", next_step, count=1, flags=re.IGNORECASE)
    return next_step


def ending_with_keys(keys: Keyboard, turn: Turn) -> tuple[str, str] | None:
    """Return how a turn ended and what to do about it; `None` if it is complete."""
    words = ending(turn)
    if words is None:
        return None
    return words.sentence, with_keys(words.next_step, keys, model="reply.retry_with")

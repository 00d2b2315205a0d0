"""The next step as the app says it: each thing to do with the key that does it. Knows no screen."""

import re

from tui_chat.ui.key_bindings import Keyboard

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

"""Hides the user's own secrets in what tools answer: a key in the environment must not reach a model by accident."""

from collections.abc import Mapping

from tui_chat.tools.command import SECRET_NAMES

_SHORTEST = 12
"""Characters of a secret; a shorter value occurs in many texts by chance."""


def without_secrets(environ: Mapping[str, str], text: str) -> str:
    """Return the text with the name of the variable in place of each secret, the longest ones first."""
    for name, value in sorted(environ.items(), key=lambda item: -len(item[1])):
        if len(value) >= _SHORTEST and value in text and any(word in name.upper() for word in SECRET_NAMES):
            text = text.replace(value, f"[{name} is hidden]")
    return text

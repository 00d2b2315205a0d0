"""Hides the user's own secrets in what tools answer: a key in the environment must not reach a model by accident."""

from collections.abc import Mapping

from tui_chat.tools.command import SECRET_NAMES

_SHORTEST = 12
"""Characters of a secret; a shorter value occurs in many texts by chance."""


class SecretMask:
    def __init__(self, environ: Mapping[str, str]) -> None:
        self._secrets = sorted(
            {
                (value, name)
                for name, value in environ.items()
                if len(value) >= _SHORTEST and any(word in name.upper() for word in SECRET_NAMES)
            },
            key=lambda pair: -len(pair[0]),
        )

    def masked(self, text: str) -> str:
        """Return the text with the name of the variable in place of its value."""
        for value, name in self._secrets:
            if value in text:
                text = text.replace(value, f"[{name} is hidden]")
        return text

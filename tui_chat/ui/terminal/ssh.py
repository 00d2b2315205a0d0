"""Whether the terminal is on another machine, reached over SSH, and how long its keys may take.

Loaded before Textual, which reads the time once.
"""

from collections.abc import Mapping

_VARIABLES = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_LOCAL_ESCAPE_MS, _REMOTE_ESCAPE_MS = 10, 25


def is_over_ssh(environ: Mapping[str, str]) -> bool:
    """Return whether the program runs on another machine than the terminal."""
    return any(name in environ for name in _VARIABLES)


def escape_delay_ms(environ: Mapping[str, str]) -> int:
    """Return how long the rest of a key sequence may take: a terminal on this machine writes it in one piece."""
    return _REMOTE_ESCAPE_MS if is_over_ssh(environ) else _LOCAL_ESCAPE_MS

"""How a command ends: its exit code, and what is said on stderr when it failed."""

import sys

from tui_chat.core.clean import clean
from tui_chat.core.error import ChatError, Fault

DONE = 0
OUR_FAULT = 1
MISUSED = 2
SETTINGS = 3
PROVIDER = 4
STORAGE = 5
HUNG_UP = 129
INTERRUPTED = 130
PIPE_CLOSED = 141
TERMINATED = 143

_CODES = {
    "unexpected": OUR_FAULT,
    "not_found": MISUSED,
    "reply_in_flight": MISUSED,
    "format": MISUSED,
    "settings": SETTINGS,
    "key_rejected": SETTINGS,
    "storage": STORAGE,
}


def exit_code(error: ChatError | Fault) -> int:
    """The exit code an error stands for."""
    return _CODES.get(error.kind, PROVIDER)


def print_error(error: ChatError | Fault) -> None:
    """Say on stderr what happened, what the other side said, and what to do next."""
    from tui_chat.wording import explain

    words = explain(error)
    said = clean(error.message).strip()
    lines = [f"tui-chat: {words.sentence}"]
    if said and said != words.sentence:
        lines += [f"  {line}" for line in said.splitlines()[:12]]
    if error.request_id:
        lines.append(f"  request id: {clean(error.request_id)}")
    if words.next_step:
        lines.append(f"  {words.next_step}")
    print("\n".join(lines), file=sys.stderr)  # noqa: T201

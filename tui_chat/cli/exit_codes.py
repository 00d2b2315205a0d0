"""Exit codes, and the code of each kind of error."""

from tui_chat.core.error import ChatError, Fault

DONE = 0
OUR_FAULT = 1
MISUSED = 2
SETTINGS = 3
PROVIDER = 4
STORAGE = 5
TOOL_DENIED = 6
"""A tool call was not allowed, since there was no terminal to ask on."""
BUDGET = 7
"""The request would go over the budget."""
INTERRUPTED = 130
PIPE_CLOSED = 141

_CODES = {
    "unexpected": OUR_FAULT,
    "not_found": MISUSED,
    "reply_in_flight": MISUSED,
    "format": MISUSED,
    "attachment": MISUSED,
    "settings": SETTINGS,
    "key_rejected": SETTINGS,
    "storage": STORAGE,
    "budget": BUDGET,
}


def exit_code(error: ChatError | Fault) -> int:
    return _CODES.get(error.kind, PROVIDER)

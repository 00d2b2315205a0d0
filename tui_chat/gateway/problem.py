"""A request that is refused: the status, the reason and the next step. Knows no wire format."""

from dataclasses import dataclass, field

from tui_chat.core.error import ChatError, Fault, RateLimited
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.wording import explain

RETRY_IS_NO_USE = "x-should-retry"
"""The header by which the SDKs of OpenAI and Anthropic are kept from sending a request again."""

_STATUS = {
    "not_found": 404,
    "reply_in_flight": 409,
    "request_refused": 400,
    "format": 400,
    "rate_limited": 429,
    "budget": 429,
    "overloaded": 503,
    "unreachable": 502,
    "stream_cut": 502,
    "key_rejected": 502,
    "protocol_broken": 502,
}
_STATUS_BY_DETAIL = {
    ("request_refused", "no_such_model"): 404,
    ("request_refused", "no_such_provider"): 404,
    ("request_refused", "too_long"): 413,
    ("unreachable", "timeout"): 504,
    ("storage", "disk_full"): 507,
}


@dataclass
class Problem(Exception):
    """Why a request is refused."""

    status: int
    kind: str
    """One word that programs may compare."""
    message: str
    next_step: str = ""
    field_name: str | None = None
    """The field of the body or the query that is wrong."""
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


def problem_of(error: ChatError | Fault) -> Problem:
    """Return the problem that an error of the program is to a client."""
    fault = error.fault if isinstance(error, ChatError) else error
    words = explain(error)
    status = _STATUS_BY_DETAIL.get((fault.kind, fault.detail)) or _STATUS.get(fault.kind, 500)
    headers = {RETRY_IS_NO_USE: "false"}
    if isinstance(error, RateLimited) and error.retry_after_s is not None:
        headers["retry-after"] = str(max(1, round(error.retry_after_s)))
    return Problem(status, fault.kind, _message(words.sentence, fault.message), words.next_step, headers=headers)


def failure_of(turn: Turn) -> Problem | None:
    """Return why a reply failed; `None` if it did not."""
    if turn.status is not TurnStatus.FAILED or turn.fault is None:
        return None
    problem = problem_of(turn.fault)
    problem.headers["x-turn-id"] = turn.id
    return problem


def _message(sentence: str, reason: str) -> str:
    """Return what happened, and the reason where it adds something."""
    if reason.rstrip(".").lower() in sentence.lower():
        return sentence
    return f"{sentence} {reason[0].upper()}{reason[1:]}" + ("" if reason.endswith((".", "!", "?", ")")) else ".")


def wrong_field(name: str, wants: str) -> Problem:
    return Problem(400, "invalid_request", f"{name}: {wants}.", field_name=name)


def not_found() -> Problem:
    """Return the one answer for what is missing and for what the token may not see."""
    return Problem(404, "not_found", "Conversation not found.", "GET /api/v1/conversations lists all conversations.")

"""What is known of a model by its name alone, for a request that cannot wait for the list of models."""

import re

_UP_TO_4_5 = re.compile(
    r"claude-(?:(?:instant|2|3)[-.].*|(?:opus|sonnet|haiku)-4(?:-[0-5])?(?:-\d{8}|-latest)?|4-(?:opus|sonnet)-\d{8})"
)
_THINKS_NOT = re.compile(r"claude-(?:instant|2|3-(?!7))")
_MOST_OUTPUT = (
    (re.compile(r"claude-(?:instant|2|3-(?:opus|sonnet|haiku)).*"), 4_096),
    (re.compile(r"claude-3-5-.*"), 8_192),
    (re.compile(r"claude-(?:opus-4(?:-[01])?(?:-\d{8})?|4-opus-\d{8})"), 32_000),
    (re.compile(r"claude-.*"), 64_000),
)
_OTHER_OUTPUT = 8_192
"""For models of others that speak this wire."""
_BUDGETS = {"low": 2_048, "medium": 8_192, "high": 24_576, "xhigh": 32_768, "max": 48_000}
_LEAST_BUDGET = 1_024
_LEAST_ANSWER = 1_024


def is_old(model: str) -> bool:
    """Up to Claude 4.5: takes a reply to go on with, a temperature, a budget for thinking. Newer and unknown: no."""
    return _UP_TO_4_5.fullmatch(model) is not None


def thinks_to_a_budget(model: str) -> bool:
    """Whether it is one of the old ones that can think."""
    return is_old(model) and _THINKS_NOT.match(model) is None


def takes_effort(model: str) -> bool:
    """Whether it has a switch for effort."""
    return not is_old(model) or model.startswith("claude-opus-4-5")


def most_output(model: str) -> int:
    """Output tokens to allow when nobody says how many."""
    return next((limit for name, limit in _MOST_OUTPUT if name.fullmatch(model)), _OTHER_OUTPUT)


def thinking_budget(effort: str | None, max_tokens: int) -> int | None:
    """Tokens of thinking for a model that wants a number, leaving room for an answer; `None` when there is none."""
    budget = min(_BUDGETS.get(effort or "medium", _BUDGETS["medium"]), max_tokens - _LEAST_ANSWER)
    return budget if budget >= _LEAST_BUDGET else None

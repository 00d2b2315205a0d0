"""How far a reply may continue by itself with tools. Pure: reads no clock and runs nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from tui_chat.core.part import ToolCallPart
from tui_chat.core.tool import MAX_RESULT_CHARACTERS

ROUNDS, DOLLARS, MINUTES, REPEATS = "tool_rounds", "tool_usd", "tool_minutes", "tool_repeats"
"""Stop reasons of a reply that a limit ended."""
BUDGET = "budget"
"""Stop reason of a reply that the user's budget ended."""
STOPPED_BY_USER = "tool_stopped"
"""Stop reason of a reply that the user ended with the denial of a call."""


@dataclass(frozen=True, slots=True)
class ToolLimits:
    max_rounds: int = 20
    max_usd: Decimal = Decimal(1)
    max_minutes: float = 30.0
    max_same_calls: int = 3
    """The same call with the same result, before the model is going in circles."""
    max_result_characters: int = MAX_RESULT_CHARACTERS


class RoundCounter:
    """Counts the rounds of one reply, and its calls that change nothing."""

    def __init__(self, limits: ToolLimits) -> None:
        self._limits = limits
        self._rounds = 0
        self._results: Counter[tuple[str, str, str]] = Counter()

    def reached(self, calls: Sequence[ToolCallPart], elapsed_s: float, next_usd: Decimal | None) -> str | None:
        """Return the stop reason if these calls must not run; `next_usd` is the cost with the next request."""
        self._rounds += 1
        limits = self._limits
        if self._rounds >= limits.max_rounds:
            return ROUNDS
        if next_usd is not None and next_usd > limits.max_usd:
            return DOLLARS
        if elapsed_s > limits.max_minutes * 60:
            return MINUTES
        return REPEATS if any(map(self._is_circling, calls)) else None

    def why(self, reason: str) -> str:
        """Return the reason for the model, as the end of a sentence."""
        limits = self._limits
        return {
            ROUNDS: f"the limit of {limits.max_rounds} requests in one reply is reached",
            DOLLARS: f"the limit of ${limits.max_usd} for one reply is reached",
            MINUTES: f"the limit of {limits.max_minutes:g} minutes for one reply is reached",
            BUDGET: "the user's budget is reached",
            REPEATS: f"the same call gave the same result {limits.max_same_calls - 1} times",
        }[reason]

    def record(self, call: ToolCallPart, result: str) -> None:
        self._results[call.name, call.input_json, result] += 1

    def _is_circling(self, call: ToolCallPart) -> bool:
        same = (
            count
            for (name, given, _), count in self._results.items()
            if (name, given) == (call.name, call.input_json)
        )
        return max(same, default=0) >= self._limits.max_same_calls - 1

"""Whether and when to repeat a failed request. Pure: reads no clock and never sleeps."""

from dataclasses import dataclass

from tui_chat.core.error import ProviderError, RateLimited, StreamCut


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often to retry, and how long to wait."""

    max_attempts: int = 3
    first_delay_s: float = 1.0
    max_delay_s: float = 8.0
    max_wait_s: float = 60.0
    """A longer retry-after than this is not waited for; the error shows it instead."""
    jitter: float = 0.25
    """Share of a delay by which it may be shortened, so that many clients do not return at once."""

    def delay_s(self, error: ProviderError, attempt: int, random: float) -> float | None:
        """Return the seconds before the next attempt, or `None` to give up; `random` is between 0 and 1."""
        if not error.retryable or attempt >= self.max_attempts or isinstance(error, StreamCut):
            return None
        if isinstance(error, RateLimited) and error.detail == "quota":
            return None
        if error.retry_after_s is not None:
            return error.retry_after_s if error.retry_after_s <= self.max_wait_s else None
        delay = min(self.first_delay_s * 2.0 ** (attempt - 1), self.max_delay_s)
        return delay * (1 - self.jitter * random)

"""When a failed request is made again. Pure: knows no clock and sleeps for nobody."""

from dataclasses import dataclass

from tui_chat.core.error import ProviderError, RateLimited, StreamCut


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how patiently."""

    most_attempts: int = 3
    first_delay_s: float = 1.0
    longest_delay_s: float = 8.0
    longest_wait_s: float = 60.0
    """A provider that asks for a longer pause than this is not waited for; the pause is told instead."""
    jitter: float = 0.25
    """Share of a delay by which it may come earlier, so that many clients do not return at once."""

    def delay_s(self, error: ProviderError, attempt: int, random: float) -> float | None:
        """Seconds until the next attempt after `attempt` failed, or `None` to give up. `luck` is in 0 … 1."""
        if not error.retryable or attempt >= self.most_attempts or isinstance(error, StreamCut):
            return None
        if isinstance(error, RateLimited) and error.detail == "quota":
            return None
        if error.retry_after_s is not None:
            return error.retry_after_s if error.retry_after_s <= self.longest_wait_s else None
        delay = min(self.first_delay_s * 2.0 ** (attempt - 1), self.longest_delay_s)
        return delay * (1 - self.jitter * random)

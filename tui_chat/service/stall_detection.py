"""How a reply in flight is doing, judged by how long it has been silent. Knows no clock: it is told the time."""

from dataclasses import dataclass

from tui_chat.core.event import Health


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """Seconds of silence, once something has arrived, after which a reply counts as ill or as dead."""

    degraded_after_s: float = 15.0
    failed_after_s: float = 30.0


class HealthMonitor:
    """Watches one reply."""

    def __init__(self, limits: HealthLimits, now_s: float) -> None:
        self._limits = limits
        self._heard_s = now_s
        self._begun = False

    def heard(self, now_s: float) -> None:
        """Something arrived, if only a sign of life."""
        self._heard_s = now_s
        self._begun = True

    def restart(self, now_s: float) -> None:
        """A new request is made; silence before its first byte is no fault."""
        self._heard_s = now_s
        self._begun = False

    def silent_s(self, now_s: float) -> float:
        """Since the last sign of life, or since the request."""
        return now_s - self._heard_s

    def health(self, now_s: float) -> Health:
        """The state at that moment."""
        if not self._begun:
            return Health.WAITING
        silent_s = self.silent_s(now_s)
        if silent_s >= self._limits.failed_after_s:
            return Health.FAILED
        return Health.DEGRADED if silent_s >= self._limits.degraded_after_s else Health.HEALTHY

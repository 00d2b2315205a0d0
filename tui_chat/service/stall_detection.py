"""The health of a reply in flight, judged by how long it has been silent. Reads no clock: callers pass the time."""

from dataclasses import dataclass

from tui_chat.core.event import Health


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """Seconds of silence, after the first activity, until a reply is degraded or failed."""

    degraded_after_s: float = 15.0
    failed_after_s: float = 30.0


class HealthMonitor:
    def __init__(self, limits: HealthLimits, now_s: float) -> None:
        self._limits = limits
        self._last_activity_s = now_s
        self._has_activity = False

    def record_activity(self, now_s: float) -> None:
        """Record that something arrived, if only a keep-alive."""
        self._last_activity_s = now_s
        self._has_activity = True

    def restart(self, now_s: float) -> None:
        """Start over for a new request; silence before its first byte is no fault."""
        self._last_activity_s = now_s
        self._has_activity = False

    def silent_s(self, now_s: float) -> float:
        """Return the seconds since the last activity or the request."""
        return now_s - self._last_activity_s

    def health(self, now_s: float) -> Health:
        if not self._has_activity:
            return Health.WAITING
        silent_s = self.silent_s(now_s)
        if silent_s >= self._limits.failed_after_s:
            return Health.FAILED
        return Health.DEGRADED if silent_s >= self._limits.degraded_after_s else Health.HEALTHY

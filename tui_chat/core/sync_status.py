"""The state of sync, as the app and `sync status` show it. Knows neither the hub nor the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

SYNC_STATE: Final = "sync"
"""The key of the value that the sync process keeps in the database."""
DEVICES_STATE: Final = "sync-devices"
"""The key of the names of the machines, by device."""
_AWAY = ("away", "silent", "busy")


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """The last contact with the hub, and what is in the way of the next."""

    contact_at: datetime | None = None
    """When everything was last exchanged."""
    problem: str = ""
    """The detail of the `SyncError` since then; empty if there is none."""
    since: datetime | None = None
    """When the problem was first met."""

    @classmethod
    def from_state(cls, value: object) -> "SyncStatus":
        """Return the status that was stored; an unreadable one is unknown."""
        if not isinstance(value, Mapping):
            return cls()
        return cls(_moment(value.get("contact_at")), str(value.get("problem", "")), _moment(value.get("since")))

    @property
    def as_state(self) -> dict[str, Any]:
        """The status as JSON holds it."""
        return {
            "contact_at": None if self.contact_at is None else self.contact_at.isoformat(),
            "problem": self.problem,
            "since": None if self.since is None else self.since.isoformat(),
        }

    def with_problem(self, detail: str, now: datetime) -> "SyncStatus":
        """Return the status after a failure; the same problem keeps its time."""
        is_same = self.problem == detail or (self.problem in _AWAY and detail in _AWAY)
        return SyncStatus(self.contact_at, detail, self.since if is_same else now)


def sync_texts(
    status: SyncStatus, to_send: int, now: datetime, *, is_running: bool, restarts_at: datetime | None = None
) -> tuple[str, ...]:
    """Return the field of the footer, from long to short; `restarts_at` is for a process that has ended by itself."""
    waiting = f"{to_send:,} to send" if to_send else ""
    if restarts_at is not None and not is_running:
        stopped = f"sync stopped, starts again at {_clock(restarts_at, now)}"
        return (f"{waiting}, {stopped}", stopped, "sync stopped") if waiting else (stopped, "sync stopped")
    if status.problem in _AWAY:
        away = f"hub away since {_clock(status.since, now)}"
        return (f"{waiting}, {away}", f"{waiting}, hub away", waiting) if waiting else (away, "hub away")
    if status.problem:
        failed = "sync failed: tui-chat sync status"
        return (f"{waiting}, {failed}", failed, "sync failed") if waiting else (failed, "sync failed")
    if waiting:
        return (waiting,)
    if status.contact_at is None:
        return ("not synced yet", "not synced")
    return ("synced",) if is_running else (f"synced at {_clock(status.contact_at, now)}", "synced")


def _clock(moment: datetime | None, now: datetime) -> str:
    """Return the time of day; for another day, the date."""
    if moment is None:
        return "?"
    local = moment.astimezone(now.tzinfo)
    return f"{local:%H:%M}" if local.date() == now.date() else f"{local:%Y-%m-%d}"


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None

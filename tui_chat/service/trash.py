"""Empty the trash by age."""

from datetime import datetime, timedelta

from tui_chat.core.bounds import moment_in_bounds
from tui_chat.storage.store import Store

_CHECKED_AT = "trash_looked_at"
_CLOCK_CHANGED_AT = "trash_clock_leapt_at"
_MAX_CLOCK_CHANGE = timedelta(days=7)


async def empty_trash(store: Store, days: int, now: datetime) -> int:
    """Delete conversations that were in the trash for `days`; return how many.

    A wrong clock must not empty it: after a change of the clock, forward or back, by more than `days` or a week,
    nothing is deleted until `days` have passed again.
    """
    stored = await store.state(_CHECKED_AT)
    await store.set_state(_CHECKED_AT, now.isoformat())
    age = timedelta(days=days)
    checked_at = moment_in_bounds(stored)
    if checked_at is None:
        return 0
    if abs(now - checked_at) > max(age, _MAX_CLOCK_CHANGE):
        await store.set_state(_CLOCK_CHANGED_AT, now.isoformat())
        return 0
    clock_changed_at = moment_in_bounds(await store.state(_CLOCK_CHANGED_AT))
    if clock_changed_at is not None and now - clock_changed_at < age:
        return 0
    return await store.purge(now - age)

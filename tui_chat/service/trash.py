"""The trash, emptied by age."""

from datetime import datetime, timedelta

from tui_chat.core.bounds import moment_in_bounds
from tui_chat.storage.store import Store

_LOOKED_AT = "trash_looked_at"
_LEAPT_AT = "trash_clock_leapt_at"
_LEAP = timedelta(days=7)


async def empty_trash(store: Store, days: int, now: datetime) -> int:
    """Destroy what has lain in it for so many days; how many that were.

    A wrong clock must not empty it: after a leap, forward or back, longer than these days or a week, nothing is
    destroyed until as many days have passed again. What was deleted at a wrong hour is kept as long as the rest.
    """
    last = await store.state(_LOOKED_AT)
    await store.set_state(_LOOKED_AT, now.isoformat())
    age = timedelta(days=days)
    before = moment_in_bounds(last)
    if before is None:
        return 0
    if abs(now - before) > max(age, _LEAP):
        await store.set_state(_LEAPT_AT, now.isoformat())
        return 0
    leapt = moment_in_bounds(await store.state(_LEAPT_AT))
    if leapt is not None and now - leapt < age:
        return 0
    return await store.purge(now - age)

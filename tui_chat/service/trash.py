"""The trash, emptied by age."""

from datetime import datetime, timedelta

from tui_chat.storage.store import Store

_LOOKED_AT = "trash_looked_at"
_LEAP = timedelta(days=7)


async def empty_trash(store: Store, days: int, now: datetime) -> int:
    """Destroy what has lain in it for so many days; how many that were.

    A clock that was set forward must not empty it: after a leap longer than these days, or a week, nothing is
    destroyed until the program was started once more.
    """
    last = await store.state(_LOOKED_AT)
    await store.set_state(_LOOKED_AT, now.isoformat())
    age = timedelta(days=days)
    if last is None or now - datetime.fromisoformat(last) > max(age, _LEAP):
        return 0
    return await store.purge(now - age)

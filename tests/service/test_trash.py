"""The trash is emptied by age, never sooner, and not by a clock that was set forward."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.ui.library.test_data_source import made
from tui_chat.core.error import NotFound
from tui_chat.service.trash import empty_trash
from tui_chat.storage.store import Store

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


async def test_what_lay_there_long_enough_goes_and_the_rest_stays() -> None:
    clock = Clock()
    store = await Store.open(":memory:", clock=clock)
    await store.save_all([made(1), made(2), made(3)])
    await store.delete("c0001")
    gone = 0
    for _ in range(5):
        clock.now += timedelta(days=7)
        gone += await empty_trash(store, 30, clock.now)
        if clock.now == START + timedelta(days=7):
            await store.delete("c0002")
    assert gone == 1
    with pytest.raises(NotFound):
        await store.conversation("c0001")
    assert (await store.conversation("c0002")).deleted_at is not None
    assert (await store.conversation("c0003")).deleted_at is None
    await store.aclose()


async def test_a_day_too_soon_is_too_soon() -> None:
    clock = Clock()
    store = await Store.open(":memory:", clock=clock)
    await store.save_all([made(1)])
    await store.delete("c0001")
    for days in range(30):
        clock.now = START + timedelta(days=days)
        assert await empty_trash(store, 30, clock.now) == 0
    clock.now = START + timedelta(days=31)
    assert await empty_trash(store, 30, clock.now) == 1
    await store.aclose()


@pytest.mark.parametrize("days", [0, 1, 30])
async def test_a_clock_set_forward_destroys_nothing_at_once(days: int) -> None:
    clock = Clock()
    store = await Store.open(":memory:", clock=clock)
    await store.save_all([made(1)])
    assert await empty_trash(store, days, clock.now) == 0
    await store.delete("c0001")
    clock.now += timedelta(days=3650)
    assert await empty_trash(store, days, clock.now) == 0
    clock.now = START + timedelta(hours=1)
    assert await empty_trash(store, 30, clock.now) == 0, "set right again, nothing was lost"
    assert (await store.conversation("c0001")).title == "Title 1"
    await store.aclose()


@pytest.mark.parametrize("deleted_at", ["no date", "0001-01-01", "9999-12-31", ""])
async def test_a_deletion_date_that_cannot_be_read_destroys_nothing(deleted_at: str) -> None:
    clock = Clock()
    store = await Store.open(":memory:", clock=clock)
    await store.save_all([made(1), made(2)])
    await store.delete("c0001")
    await store.delete("c0002")
    await store._write(
        lambda db: db.execute("UPDATE conversation SET deleted_at = ? WHERE id = 'c0001'", (deleted_at,))
    )
    gone = 0
    for _ in range(6):
        clock.now += timedelta(days=7)
        gone += await empty_trash(store, 30, clock.now)
    assert gone == 1, "the other one went"
    assert (await store.conversation("c0001")).deleted_at is not None, "it is in the trash all the same"
    await store.aclose()


async def test_a_date_of_the_last_look_that_cannot_be_read_counts_as_none() -> None:
    store = await Store.open(":memory:")
    await store.set_state("trash_looked_at", "9999-12-31T23:59:59-23:59")
    assert await empty_trash(store, 30, START) == 0
    await store.aclose()

"""How long the sync process rests: as long as it worked, and much longer while the app is used."""

import os
import time
from pathlib import Path

import pytest

from tui_chat.sync.process import IN_USE_S, is_in_use, lock_path, note_use, try_lock
from tui_chat.sync.throttle import LONGEST_S, USED_FACTOR, Throttle


@pytest.mark.parametrize(
    ("is_used", "worked_s", "expected_s"),
    [(False, 0.01, 0.01), (True, 0.01, 0.01 * USED_FACTOR), (True, 0.2, LONGEST_S), (True, 3, 3), (False, 0, 0)],
)
async def test_rest_follows_the_work_and_the_use(is_used: bool, worked_s: float, expected_s: float) -> None:
    rested: list[float] = []

    async def sleep(seconds: float) -> None:
        rested.append(seconds)

    await Throttle(lambda: is_used, sleep).rest(worked_s)
    assert rested == [pytest.approx(expected_s)]


def test_use_of_the_app_is_seen_for_a_while(tmp_path: Path) -> None:
    database = tmp_path / "conversations.db"
    note_use(database)
    assert not is_in_use(database)  # no process syncs it, so there is nothing to slow down
    with try_lock(database):
        note_use(database)
        assert is_in_use(database)
        long_ago = time.time() - 2 * IN_USE_S
        os.utime(lock_path(database), (long_ago, long_ago))
        assert not is_in_use(database)

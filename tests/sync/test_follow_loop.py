"""When the sync process exchanges: backing off with jitter, at once for a change, never before it is over."""

import pytest

from tui_chat.core.error import SyncError
from tui_chat.sync.follow_loop import LONGEST_DELAY_S, Backoff, FollowLoop


class FakeHub:
    """Counts the exchanges; time passes only while something waits."""

    def __init__(self, failures: int = 0) -> None:
        self.now_s = 0.0
        self.exchanged_at: list[float] = []
        self.failed_at: list[float] = []
        self.pushes_at: set[float] = set()
        self.changes_at: set[float] = set()
        self._failures = failures

    async def exchange(self) -> None:
        if len(self.failed_at) < self._failures:
            raise SyncError(detail="away")
        self.exchanged_at.append(self.now_s)

    async def note_failure(self, error: SyncError) -> None:
        self.failed_at.append(self.now_s)

    async def has_changes(self) -> bool:
        return bool(due := {moment for moment in self.changes_at if moment <= self.now_s}) and not (
            self.changes_at.difference_update(due)
        )

    async def wait_for_push(self, timeout_s: float) -> bool:
        self.now_s += timeout_s
        due = {moment for moment in self.pushes_at if moment <= self.now_s}
        self.pushes_at -= due
        return bool(due)

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    async def run(self, until_s: float, every_s: float = 60) -> None:
        backoff = Backoff(lambda: 1.0)
        loop = FollowLoop(self, every_s, backoff=backoff, monotonic_s=lambda: self.now_s, sleep=self.sleep)
        await loop.follow(lambda: self.now_s >= until_s)


def test_backoff_doubles_up_to_five_minutes_and_starts_again_after_a_success() -> None:
    backoff = Backoff(lambda: 1.0)
    delays = [backoff.failed() for _ in range(12)]
    assert delays[:4] == [1, 2, 4, 8]
    assert delays[-1] == LONGEST_DELAY_S
    backoff.succeeded()
    assert backoff.failed() == 1


@pytest.mark.parametrize("drawn", [0.0, 0.5, 1.0])
def test_backoff_has_jitter(drawn: float) -> None:
    assert Backoff(lambda: drawn).failed() == 0.5 + drawn / 2


async def test_hub_is_polled_where_no_notice_arrives() -> None:
    hub = FakeHub()
    await hub.run(until_s=200)
    assert hub.exchanged_at == [0, 60, 120, 180]


async def test_notice_of_the_hub_and_change_here_lead_to_an_exchange_at_once() -> None:
    hub = FakeHub()
    hub.pushes_at, hub.changes_at = {10}, {20}
    await hub.run(until_s=50)
    assert hub.exchanged_at == [0, 10, 20]


async def test_hub_that_is_away_is_tried_less_and_less_often() -> None:
    hub = FakeHub(failures=6)
    await hub.run(until_s=70)
    assert hub.failed_at == [0, 1, 3, 7, 15, 31]
    assert hub.exchanged_at == [63]


async def test_change_while_the_hub_is_away_is_tried_soon_but_not_at_once() -> None:
    hub = FakeHub(failures=8)
    hub.changes_at = {32}
    await hub.run(until_s=50)
    assert hub.failed_at == [0, 1, 3, 7, 15, 31, 36]

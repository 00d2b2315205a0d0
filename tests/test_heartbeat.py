"""Checks share a wake-up, go on after one that fails, and end when they are stopped."""

import asyncio
from collections.abc import Callable

import pytest

from tui_chat.heartbeat import Heartbeat


class Clock:
    """What a heartbeat uses of an event loop; time passes when the test lets it."""

    def __init__(self, now_s: float, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = now_s
        self.handles: list[asyncio.TimerHandle] = []
        self._loop = asyncio.get_running_loop()
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: self)

    def time(self) -> float:
        return self.now_s

    def call_at(self, when_s: float, callback: Callable[[], object]) -> asyncio.TimerHandle:
        self.handles.append(asyncio.TimerHandle(when_s, callback, (), self._loop))
        return self.handles[-1]

    def due(self) -> list[float]:
        return sorted(handle.when() for handle in self.handles if not handle.cancelled())

    def wake(self) -> None:
        """Let the time of the next handles come."""
        self.now_s = self.due()[0]
        now, self.handles = (
            [one for one in self.handles if one.when() <= self.now_s],
            [one for one in self.handles if one.when() > self.now_s],
        )
        for handle in now:
            if not handle.cancelled():
                handle._callback()  # type: ignore[attr-defined]


async def test_heartbeats_started_at_any_time_share_their_wake_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, beats = Clock(100.3, monkeypatch), list[tuple[str, float]]()
    Heartbeat(lambda: beats.append(("often", clock.now_s)), 1).start()
    clock.now_s = 100.7
    Heartbeat(lambda: beats.append(("seldom", clock.now_s)), 2).start()
    for _ in range(4):
        clock.wake()
    assert beats == [
        ("often", 101),
        ("seldom", 102),
        ("often", 102),
        ("often", 103),
        ("seldom", 104),
        ("often", 104),
    ]


async def test_a_heartbeat_goes_on_after_a_check_that_fails_and_ends_when_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(5.0, monkeypatch)
    heartbeat = Heartbeat(lambda: 1 / 0, 1)
    heartbeat.start()
    assert clock.due() == [6]
    with pytest.raises(ZeroDivisionError):
        clock.wake()
    assert clock.due() == [7]
    heartbeat.stop()
    assert clock.due() == []

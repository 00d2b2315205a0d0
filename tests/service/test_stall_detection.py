"""Silence, judged."""

from tui_chat.core.event import Health
from tui_chat.service.stall_detection import HealthLimits, HealthMonitor


def test_silence_before_the_first_byte_is_waiting_however_long() -> None:
    monitor = HealthMonitor(HealthLimits(), now_s=0)
    assert monitor.health(599) is Health.WAITING


def test_silence_after_it_degrades_and_then_fails() -> None:
    monitor = HealthMonitor(HealthLimits(15, 30), now_s=0)
    monitor.record_activity(100)
    assert [monitor.health(now_s) for now_s in (100, 114.9, 115, 129.9, 130)] == [
        Health.HEALTHY,
        Health.HEALTHY,
        Health.DEGRADED,
        Health.DEGRADED,
        Health.FAILED,
    ]


def test_a_sign_of_life_makes_it_healthy_again() -> None:
    monitor = HealthMonitor(HealthLimits(15, 30), now_s=0)
    monitor.record_activity(0)
    monitor.record_activity(20)
    assert monitor.health(21) is Health.HEALTHY and monitor.silent_s(21) == 1


def test_a_new_request_may_be_silent_again() -> None:
    monitor = HealthMonitor(HealthLimits(15, 30), now_s=0)
    monitor.record_activity(1)
    monitor.restart(50)
    assert monitor.health(300) is Health.WAITING

"""The words that the footer shows about sync."""

from datetime import UTC, datetime, timedelta

import pytest

from tui_chat.core.sync_status import SyncStatus, sync_texts

NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
SINCE = datetime(2026, 11, 30, 14, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "to_send", "is_running", "expected"),
    [
        (SyncStatus(SINCE), 0, True, "synced"),
        (SyncStatus(SINCE), 0, False, "synced at 14:02"),
        (SyncStatus(SINCE - timedelta(days=3)), 0, False, "synced at 2026-11-27"),
        (SyncStatus(SINCE), 12, True, "12 to send"),
        (SyncStatus(), 0, True, "not synced yet"),
        (SyncStatus(SINCE, "away", SINCE), 12, True, "12 to send, hub away since 14:02"),
        (SyncStatus(SINCE, "silent", SINCE), 0, True, "hub away since 14:02"),
        (SyncStatus(SINCE, "wrong_key", SINCE), 1200, True, "1,200 to send, sync failed: tui-chat sync status"),
        (SyncStatus(SINCE, "hub_full", SINCE), 0, True, "sync failed: tui-chat sync status"),
    ],
)
def test_footer_shows_what_waits_and_why(status: SyncStatus, to_send: int, is_running: bool, expected: str) -> None:
    assert sync_texts(status, to_send, NOW, is_running=is_running)[0] == expected


@pytest.mark.parametrize(
    ("to_send", "is_running", "expected"),
    [
        (0, False, "sync stopped, starts again at 14:02"),
        (3, False, "3 to send, sync stopped, starts again at 14:02"),
        (0, True, "synced"),
    ],
)
def test_footer_shows_when_a_stopped_process_starts_again(to_send: int, is_running: bool, expected: str) -> None:
    assert sync_texts(SyncStatus(SINCE), to_send, NOW, is_running=is_running, restarts_at=SINCE)[0] == expected


def test_problem_keeps_its_time_while_it_lasts() -> None:
    first = SyncStatus(SINCE).with_problem("away", SINCE)
    assert first.with_problem("silent", NOW).since == SINCE
    assert first.with_problem("wrong_key", NOW).since == NOW


def test_status_survives_the_database() -> None:
    status = SyncStatus(SINCE, "away", NOW)
    assert SyncStatus.from_state(status.as_state) == status


@pytest.mark.parametrize(
    "value", [None, 3, {}, {"contact_at": "yesterday", "since": []}, {"contact_at": "2026-01-01"}]
)
def test_stored_status_that_is_odd_is_unknown(value: object) -> None:
    assert SyncStatus.from_state(value) == SyncStatus()

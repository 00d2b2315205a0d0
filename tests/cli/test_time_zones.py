"""Days and times are those of the machine's zone at that moment, also where clocks were changed since."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest

from tests.cli.conftest import Shell
from tests.storage.make import conversation, priced, prompt, reply
from tui_chat.core.format_numbers import when
from tui_chat.core.usage import Usage
from tui_chat.core.usage_report import UsageRow, report_on
from tui_chat.service.usage_report import moment_of
from tui_chat.storage.store import Store

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "Africa/Cairo",
    "Pacific/Apia",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Etc/GMT-14",
    "Etc/GMT+12",
    "UTC",
)
MakeZone = Callable[[str], ZoneInfo]


@pytest.fixture
def machine_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeZone]:
    """Moves this machine into a zone, and back afterwards."""

    def moved(name: str) -> ZoneInfo:
        try:
            zone = ZoneInfo(name)
        except ZoneInfoNotFoundError:
            pytest.skip(f"this machine does not know {name}")
        monkeypatch.setenv("TZ", name)
        time.tzset()
        return zone

    yield moved
    monkeypatch.undo()
    time.tzset()


def used(at: datetime) -> UsageRow:
    return UsageRow("c", "t", str(at), at, "m", Usage(output_tokens=1), None)


@pytest.mark.parametrize("name", ZONES)
def test_usage_by_day_counts_each_reply_on_the_day_that_the_clock_showed(name: str, machine_in: MakeZone) -> None:
    zone = machine_in(name)
    edges = [datetime(2025, month, day, tzinfo=zone) for month, day in ((3, 9), (3, 30), (7, 1), (10, 26), (11, 2))]
    moments = [
        edge.astimezone(UTC) + timedelta(hours=hours, seconds=seconds)
        for edge in edges
        for hours in range(-1, 5)
        for seconds in (-1, 0, 1, 1800)
    ]
    days: dict[str, int] = {}
    for moment in moments:
        key = moment.astimezone(zone).date().isoformat()
        days[key] = days.get(key, 0) + 1
    assert {line.key: line.replies for line in report_on(map(used, moments)).days} == days


def test_both_of_a_doubled_hour_are_counted_on_their_day(machine_in: MakeZone) -> None:
    zone = machine_in("Europe/Berlin")
    both = [datetime(2025, 10, 26, 2, 30, fold=fold, tzinfo=zone).astimezone(UTC) for fold in (0, 1)]
    assert both[1] - both[0] == timedelta(hours=1)
    ends = [datetime(2025, 10, 25, 22, tzinfo=UTC), datetime(2025, 10, 26, 22, 59, 59, tzinfo=UTC)]
    (day,) = report_on(map(used, [*both, *ends])).days
    assert (day.key, day.replies) == ("2025-10-26", 4)


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("day", ["2025-01-01", "2025-03-30", "2025-07-01", "2025-10-26", "2025-11-02"])
def test_usage_since_a_day_starts_at_its_own_midnight(day: str, name: str, machine_in: MakeZone) -> None:
    zone = machine_in(name)
    for now in (datetime(2025, 12, 24, 12, tzinfo=UTC), datetime(2025, 8, 1, 12, tzinfo=UTC)):
        midnight = datetime.fromisoformat(day).replace(tzinfo=zone)
        assert moment_of(day, now.astimezone()).astimezone(UTC) == midnight.astimezone(UTC)


def test_today_and_month_start_before_the_clocks_were_changed(machine_in: MakeZone) -> None:
    machine_in("Europe/Berlin")
    after = datetime(2025, 10, 26, 20, tzinfo=UTC).astimezone()
    assert moment_of("today", after) == datetime(2025, 10, 25, 22, tzinfo=UTC)
    assert moment_of("month", after) == datetime(2025, 9, 30, 22, tzinfo=UTC)


def test_a_list_shows_the_time_that_the_clock_showed_then(machine_in: MakeZone) -> None:
    machine_in("Europe/Berlin")
    now = datetime(2025, 10, 27, 11, tzinfo=UTC).astimezone()
    assert when(datetime(2025, 10, 24, 22, 30, tzinfo=UTC), now) == "Sat 00:30"
    assert when(datetime(2025, 10, 25, 22, 30, tzinfo=UTC), now) == "yesterday"
    assert when(datetime(2025, 6, 30, 22, 30, tzinfo=UTC), now) == "1 Jul"


@pytest.mark.slow
def test_the_usage_command_counts_summer_and_winter_each_by_its_own_clock(shell: Shell) -> None:
    moments = [datetime(2025, 7, 1, 22, 30, tzinfo=UTC), datetime(2025, 1, 15, 22, 30, tzinfo=UTC)]

    async def stored() -> None:
        store = await Store.open(shell.home / ".local/share/tui-chat/conversations.db")
        for number, moment in enumerate(moments):
            answer = replace(priced(reply("a", "p"), "1"), created_at=moment)
            await store.create(conversation(f"c{number}", prompt("p"), answer))
        await store.aclose()

    asyncio.run(stored())
    for zone, days in {
        "Europe/Berlin": ["2025-01-15", "2025-07-02"],
        "America/New_York": ["2025-01-15", "2025-07-01"],
        "Asia/Kathmandu": ["2025-01-16", "2025-07-02"],
        "Etc/GMT-14": ["2025-01-16", "2025-07-02"],
        "Etc/GMT+12": ["2025-01-15", "2025-07-01"],
    }.items():
        report = json.loads(shell("usage", "--json", TZ=zone).out)
        assert [line["key"] for line in report["by_day"]] == days, zone
        since = json.loads(shell("usage", "--json", "--since", days[1], TZ=zone).out)
        assert [line["key"] for line in since["by_day"]] == days[1:], zone

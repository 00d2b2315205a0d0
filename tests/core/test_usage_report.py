"""Replies added up by day, model and conversation: always the same sum."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tui_chat.core.usage import Cost, CostSum, Price, Usage
from tui_chat.core.usage_report import UsageLine, UsageRow, report_on

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICE = Price(Decimal(2), Decimal(10), Decimal("0.1"), Decimal("2.5"), Decimal(4))
counts = st.integers(0, 10**7)
moments = st.datetimes(datetime(2026, 10, 1), datetime(2026, 12, 1), timezones=st.just(UTC))
rows = st.builds(
    UsageRow,
    st.sampled_from(["c1", "c2", "c3"]),
    st.just("A title"),
    st.just("r"),
    moments,
    st.sampled_from(["a/x", "a/y", "b/z"]),
    st.builds(Usage, counts, counts, counts, counts, counts, estimated=st.booleans()),
    st.none() | st.builds(Cost, st.decimals(0, 100, places=9), st.booleans(), st.none() | st.just(PRICE)),
)


def row(**fields: object) -> UsageRow:
    return UsageRow(
        **(
            {
                "conversation_id": "c",
                "title": "T",
                "turn_id": "r",
                "at": NOON,
                "model": "a/x",
                "usage": Usage(1000, 5000, output_tokens=300),
                "cost": None,
            }
            | fields
        )
    )  # type: ignore[arg-type]


def added(lines: tuple[UsageLine, ...]) -> tuple[int, Usage, CostSum]:
    costs = [line.cost for line in lines]
    total = CostSum(
        sum((cost.total_usd for cost in costs), Decimal(0)),
        any(cost.estimated for cost in costs),
        sum(cost.unknown_replies for cost in costs),
        sum(cost.known_replies for cost in costs),
    )
    return sum(line.replies for line in lines), sum((line.usage for line in lines), Usage()), total


@given(st.lists(rows), st.none() | moments)
def test_days_models_and_conversations_all_add_up_to_the_total(some: list[UsageRow], since: datetime | None) -> None:
    report = report_on(some, since, UTC)
    expected = (report.total.replies, report.total.usage, report.total.cost)
    for lines in (report.days, report.models, report.conversations):
        assert added(lines) == expected
    assert report.total.replies == sum(since is None or one.at >= since for one in some)


def test_a_day_is_the_day_of_the_person_s_own_clock() -> None:
    late = row(at=datetime(2026, 11, 20, 23, 30, tzinfo=UTC))
    assert [line.key for line in report_on([late], zone=UTC).days] == ["2026-11-20"]
    assert [line.key for line in report_on([late], zone=timezone(timedelta(hours=2))).days] == ["2026-11-21"]


def test_lines_are_reported_with_the_dearest_first() -> None:
    some = [row(model=name, cost=Cost(Decimal(usd))) for name, usd in (("a", 1), ("b", 3), ("c", 2))]
    assert [line.key for line in report_on(some).models] == ["b", "c", "a"]


def test_what_caching_saved_goes_by_the_price_that_was_in_force() -> None:
    priced = row(cost=Cost(Decimal(1), price=PRICE))
    assert report_on([priced, row()]).total.saved_usd == 5000 * Decimal("1.9") / 1_000_000
    assert report_on([row()]).total.saved_usd is None


def test_times_are_medians_of_what_is_known() -> None:
    some = [row(ttft_ms=ms, duration_ms=ms + 1000) for ms in (100, 300, 9000)] + [row()]
    line = report_on(some).total
    assert (line.ttft_ms, line.tokens_per_s) == (300, 300)


def test_the_speed_of_an_estimate_is_not_shown() -> None:
    guessed = row(ttft_ms=10, duration_ms=1010, usage=Usage(output_tokens=100, estimated=True))
    assert guessed.tokens_per_s is None
    assert row(ttft_ms=10, duration_ms=10).tokens_per_s is None


def test_the_speed_of_a_reply_that_came_at_once_is_not_shown() -> None:
    assert row(ttft_ms=10, duration_ms=12).tokens_per_s is None
    assert row(ttft_ms=10, duration_ms=1010).tokens_per_s is not None


def test_a_chart_of_days_has_no_gaps() -> None:
    some = [row(at=NOON), row(at=NOON - timedelta(days=2))]
    lines = report_on(some, zone=UTC).each_day(date(2026, 11, 20), 4)
    assert [(line.key, line.replies) for line in lines] == [
        ("2026-11-17", 0),
        ("2026-11-18", 1),
        ("2026-11-19", 0),
        ("2026-11-20", 1),
    ]


def test_nothing_used_is_a_report_too() -> None:
    report = report_on([])
    assert report.total.replies == 0 and report.total.last_at is None and report.days == ()

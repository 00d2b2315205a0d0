"""Short figures that are true, and as wide as promised."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_chat.core.format_numbers import (
    TOKENS_WIDTH,
    cost_so_far,
    cost_sum,
    cost_with_source,
    dollars,
    duration,
    full_tokens,
    percent,
    seconds_running,
    short_tokens,
    speed,
    when,
)
from tui_chat.core.usage import Cost, CostSum, Price

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1000, "1.00k"),
        (1234, "1.23k"),
        (9999, "10.0k"),
        (12_345, "12.3k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_500, "1.00M"),
        (1_234_567, "1.23M"),
        (999_999_999, "1.00B"),
    ],
)
def test_tokens_are_short(count: int, shown: str) -> None:
    assert short_tokens(count) == shown
    assert short_tokens(count, estimated=True) == f"~{shown}"


@given(st.integers(0, 10**12 - 10**9))
def test_any_count_of_tokens_keeps_to_its_width_and_is_right_to_three_digits(count: int) -> None:
    shown = short_tokens(count)
    assert len(shown) <= TOKENS_WIDTH
    size = {"k": 10**3, "M": 10**6, "B": 10**9}.get(shown[-1], 1)
    assert float(shown.rstrip("kMB")) * size == pytest.approx(count, rel=0.00501)


def test_tokens_in_full_have_their_thousands_parted() -> None:
    assert (full_tokens(1234567), full_tokens(12, estimated=True)) == ("1,234,567", "~12")


@pytest.mark.parametrize(
    ("usd", "shown"),
    [
        ("0", "$0.00"),
        ("0E-9", "$0.00"),
        ("0.0000000004", "<$0.0000001"),
        ("0.0000004", "$0.0000004"),
        ("0.00000123", "$0.0000012"),
        ("0.00034", "$0.00034"),
        ("0.0012", "$0.0012"),
        ("0.0132", "$0.0132"),
        ("0.1234567", "$0.1235"),
        ("0.99996", "$1.00"),
        ("1", "$1.00"),
        ("12345.67", "$12,345.67"),
        ("1E+3", "$1,000.00"),
        ("-0.0013", "-$0.0013"),
    ],
)
def test_dollars_have_as_many_digits_as_are_significant(usd: str, shown: str) -> None:
    assert dollars(Decimal(usd)) == shown


def test_an_unknown_cost_is_a_question_mark_and_an_estimate_shows_it() -> None:
    assert dollars(None) == dollars(None, estimated=True) == "?"
    assert dollars(Decimal("0.0132"), estimated=True) == "~$0.0132"


@given(st.decimals("0.0000001", "99999", places=9))
def test_no_cost_is_ever_shown_as_nothing_or_far_off(usd: Decimal) -> None:
    shown = dollars(usd)
    figure = Decimal(shown.replace("$", "").replace(",", ""))
    assert figure > 0
    assert abs(figure - usd) <= max(usd * Decimal("0.051"), Decimal("0.00000005"))


def test_a_sum_shows_when_it_is_not_all() -> None:
    assert cost_sum(CostSum()) == "–"
    assert cost_sum(CostSum(Decimal("0.42"), False, 0, 3)) == "$0.4200"
    assert cost_sum(CostSum(Decimal("0.42"), True, 1, 3)) == "~$0.4200+?"
    assert cost_sum(CostSum(unknown_replies=2)) == "?"
    assert cost_sum(CostSum(known_replies=1)) == "$0.00"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0.0s"),
        (-1, "0.0s"),
        (0.44, "0.4s"),
        (9.96, "10s"),
        (59.6, "1m 00s"),
        (72.4, "1m 12s"),
        (3599.6, "1h 00m"),
        (7380, "2h 03m"),
        (90_000, "1d 01h"),
    ],
)
def test_durations_are_shown_in_two_units_at_most(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_a_running_clock_never_runs_ahead() -> None:
    assert [seconds_running(value) for value in (0, 0.99, 59.99, 60, 119.9)] == [
        "0s",
        "0s",
        "59s",
        "1m 00s",
        "1m 59s",
    ]


def test_speed_has_a_digit_after_the_point_only_when_slow() -> None:
    assert [speed(value) for value in (None, 4.23, 9.96, 1234.5)] == ["–", "4.2 tok/s", "10 tok/s", "1,234 tok/s"]


@pytest.mark.parametrize(
    ("share", "shown"),
    [(None, "?"), (0, "0%"), (0.0001, "<1%"), (0.07, "7%"), (0.999, "99%"), (1, "100%"), (1.2, "120%")],
)
def test_a_share_is_whole_only_when_the_limit_is_reached(share: float | None, shown: str) -> None:
    assert percent(share) == shown


def test_a_conversation_without_figures_costs_nothing_that_is_known() -> None:
    assert cost_so_far(None, estimated=False) == "–"
    assert cost_so_far(None, estimated=True) == "?"
    assert cost_so_far(Decimal("0.42"), estimated=True) == "~$0.4200"
    assert cost_so_far(Decimal(0), estimated=False) == "$0.00"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 21, 0, 5), "00:05"),
        (datetime(2026, 11, 20, 23, 59), "yesterday"),
        (datetime(2026, 11, 17, 9, 30), "Tue 09:30"),
        (datetime(2026, 11, 3, 9, 30), "3 Nov"),
        (datetime(2025, 11, 3, 9, 30), "3 Nov 2025"),
        (datetime(2026, 11, 23, 9, 30), "23 Nov"),
    ],
)
def test_a_moment_is_shown_as_precisely_as_needed(moment: datetime, text: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert when(moment.replace(tzinfo=zone).astimezone(UTC), NOW.astimezone(zone)) == text


def test_a_cost_shows_what_it_is_from() -> None:
    price = Price.of(Decimal(2), Decimal(10))
    assert cost_with_source(Cost(Decimal("0.5"))) == "$0.5000"
    assert cost_with_source(Cost(Decimal("0.5"), billed=True, price=price)) == "$0.5000, as the provider billed it"
    assert cost_with_source(Cost(Decimal("0.5"), price=price)) == "$0.5000, by your price: $2.00 in, $10.00 out"
    assert cost_with_source(Cost(Decimal(0), price=Price.of(Decimal(0), Decimal(0)))) == "$0.00, free"
    listed = replace(price, source="genai-prices 0.2.3")
    assert cost_with_source(Cost(Decimal("0.5"), True, listed)).startswith(
        "~$0.5000, by genai-prices 0.2.3: $2.00 in"
    )

"""No number and no moment, whatever it is, ends what shows it; widths hold."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.attacks import attack
from tests.ui.widgets.test_footer_layout import STREAMING, footer_line
from tui_chat.core.bounds import MOST_TOKENS, UNKNOWN_MOMENT
from tui_chat.core.format_numbers import (
    TOKENS_WIDTH,
    UNKNOWN,
    WHEN_WIDTH,
    date_text,
    dollars,
    duration,
    full_tokens,
    iso_text,
    percent,
    seconds_running,
    short_tokens,
    speed,
    tokens_of,
    when,
)
from tui_chat.core.prompt_forecast import ContextUse
from tui_chat.core.text_width import text_width
from tui_chat.core.usage import UNKNOWN_USAGE, Cost, CostSum, Usage
from tui_chat.ui.widgets.footer_layout import fit, footer_fields

NOW = datetime(2026, 11, 29, tzinfo=UTC)
zones = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize("usd", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_dollars_that_are_no_number_are_unknown(usd: str) -> None:
    assert dollars(Decimal(usd)) == dollars(Decimal(usd), estimated=True) == UNKNOWN


@pytest.mark.parametrize(("usd", "shown"), [("1E+40", ">$999B"), ("1E+12", ">$999B"), ("-1E+999999", "->$999B")])
def test_dollars_too_large_for_any_bill_are_shown_as_more(usd: str, shown: str) -> None:
    assert dollars(Decimal(usd)) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (999_499_999_999, "999B"),
        (10**12, "1.00T"),
        (123 * 10**12, "123T"),
        (999_499_999_999_999, "999T"),
        (10**15, ">999T"),
        (2**63 - 1, ">999T"),
        (10**4200, ">999T"),
        (-1, "?"),
        (-(2**63), "?"),
    ],
)
def test_tokens_of_a_thousand_billion_are_a_trillion(count: int, shown: str) -> None:
    assert short_tokens(count) == shown and len(shown) <= TOKENS_WIDTH


def test_speed_beyond_any_model_is_short() -> None:
    assert speed(500e12) == "500T tok/s" and speed(1e300) == ">999T tok/s" and speed(99_999) == "99,999 tok/s"
    assert speed(float("inf")) == speed(float("nan")) == speed(-1.0) == "? tok/s"


def test_unknown_tokens_are_a_question_mark_and_a_sum_shows_that_it_is_not_all() -> None:
    assert tokens_of(UNKNOWN_USAGE, 0) == "?"
    total = Usage(1500) + UNKNOWN_USAGE
    assert tokens_of(total, total.input_tokens) == "1.50k+?"


def test_an_unknown_moment_is_a_question_mark() -> None:
    assert when(UNKNOWN_MOMENT, NOW) == date_text(UNKNOWN_MOMENT, "%Y") == "?" and iso_text(UNKNOWN_MOMENT) is None


@given(st.decimals(), st.floats(), st.integers() | st.integers(10**12, 10**30))
@attack
def test_no_number_is_too_strange_to_be_shown(usd: Decimal, number: float, count: int) -> None:
    assert all(len(dollars(usd, estimated=mark)) < 30 for mark in (False, True))
    assert len(short_tokens(count)) <= TOKENS_WIDTH and len(full_tokens(count)) <= 25
    assert max(map(len, (duration(number), seconds_running(number)))) <= 9
    assert len(speed(number)) <= len("99,999 tok/s") and len(percent(number)) <= len(">999%")


@given(st.datetimes(timezones=st.none() | zones), zones)
@attack
def test_no_moment_is_too_strange_to_be_shown(moment: datetime, zone: timezone) -> None:
    assert 0 < len(when(moment, NOW.astimezone(zone))) <= WHEN_WIDTH
    assert date_text(moment, "%H:%M", zone)


counts = st.integers(0, MOST_TOKENS)


@given(st.builds(Usage, counts, counts, counts, counts, counts) | st.just(UNKNOWN_USAGE), st.booleans())
@attack
def test_the_footer_keeps_its_widths_with_any_usage(usage: Usage, estimated: bool) -> None:
    usage = replace(usage, estimated=estimated)
    cost, total = Cost(Decimal("0.0132"), estimated), CostSum(Decimal("0.42"), estimated, 0, 2)
    state = replace(STREAMING, usage=usage, cost=cost, total=total, total_all=total, tokens_per_s=None)
    cached = 10_003 if usage.cache_read_tokens else 0
    usual = replace(state, usage=Usage(3, cached, 600, output_tokens=1234, estimated=True))
    for width in (40, 60, 80, 120, 200):
        assert text_width(footer_line(state, width)) == width
        shown, expected = (
            [(one.name, text_width(one.text)) for one in fit(footer_fields(one_state), width)]
            for one_state in (state, usual)
        )
        assert shown == expected or usage.unknown


@given(st.integers(0, 10**16), st.none() | st.integers(0, MOST_TOKENS))
@attack
def test_the_share_of_the_context_is_shown_whatever_it_is(tokens: int, window: int | None) -> None:
    assert text_width(footer_line(replace(STREAMING, context=ContextUse(tokens, window)), 120)) == 120

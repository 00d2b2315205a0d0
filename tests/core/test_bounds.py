"""What a figure from outside may be; all else is unknown, and never 0."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, localcontext
from decimal import Inexact as InexactSignal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.attacks import attack
from tui_chat.core.bounds import (
    EXACT,
    MOST_TOKENS,
    MOST_USD,
    OutOfBounds,
    count_in_bounds,
    dollars_in_bounds,
    moment_in_bounds,
    reported_count,
)

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
amounts = st.decimals(0, MOST_USD, allow_nan=False) | st.decimals(0, 10, places=40)


@pytest.mark.parametrize(
    "value",
    ["NaN", "sNaN", "Infinity", "-1", "1E+40", "1e308", "1E+999999999999999999999", "9" * 4000, "0." + "3" * 4000,
     "x", "", "0E-4000", "0E+4000", 5e-324, 1e308, float("inf"), float("nan"), 10**4000, -1, True, None, [], b"1",
     Decimal("Infinity"), Decimal("1E+10")],
    ids=lambda value: str(value)[:12],
)  # fmt: skip
def test_dollars_out_of_bounds_are_unknown(value: object) -> None:
    assert dollars_in_bounds(value) is None


@given(amounts)
@attack
def test_dollars_in_bounds_are_exact_to_the_last_digit(usd: Decimal) -> None:
    for value in (usd, str(usd)):
        found = dollars_in_bounds(value)
        exponent = usd.as_tuple().exponent
        if isinstance(exponent, int) and -40 <= exponent <= 40 and len(str(usd)) <= 60:
            assert found is not None and found.compare_total(usd) == 0


@given(st.lists(amounts.map(dollars_in_bounds).filter(lambda usd: usd is not None), max_size=20))
@attack
def test_a_sum_of_dollars_in_bounds_is_never_rounded(parts: list[Decimal]) -> None:
    total = Decimal(0)
    for usd in parts:
        total = EXACT.add(total, usd)
    with localcontext() as context:
        context.prec = 2000
        context.traps[InexactSignal] = True
        assert total == sum(parts, Decimal(0))


@given(anything)
@attack
def test_nothing_is_a_count_but_a_number_in_bounds(value: object) -> None:
    count = count_in_bounds(value)
    assert count is None or (type(count) is int and 0 <= count <= MOST_TOKENS and not isinstance(value, bool))
    dollars_in_bounds(value)
    moment_in_bounds(value)
    try:
        assert 0 <= reported_count(value) <= MOST_TOKENS
    except OutOfBounds:
        assert isinstance(value, int | float)


@pytest.mark.parametrize(
    "text",
    ["9999-12-31", "0001-01-01", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2026-02-30", "soon", ""],
)
def test_a_date_at_the_end_of_the_calendar_is_unknown(text: str) -> None:
    assert moment_in_bounds(text) is None


@given(st.datetimes(), st.integers(-1439, 1439), st.integers(-1439, 1439))
@attack
def test_a_date_in_bounds_can_be_shown_in_every_time_zone(at: datetime, written: int, shown: int) -> None:
    moment = moment_in_bounds(at.replace(tzinfo=timezone(timedelta(minutes=written))).isoformat())
    if moment is not None:
        assert moment.astimezone(timezone(timedelta(minutes=shown))) == moment
        assert moment_in_bounds(moment.astimezone(UTC).isoformat()) == moment
    else:
        assert not 3 <= at.year <= 9997

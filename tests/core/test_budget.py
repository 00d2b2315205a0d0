"""Limits: their text, and when they are passed."""

from decimal import Decimal

import pytest

from tui_chat.core.budget import Limit, Span, Spending, Standing, over, parse_limit, report_line


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("", Limit()),
        ("$5", Limit(Decimal(5))),
        ("$0.50, 2M tokens", Limit(Decimal("0.50"), 2_000_000)),
        ("200k", Limit(None, 200_000)),
        ("1500 tokens, $3", Limit(Decimal(3), 1500)),
    ],
)
def test_a_limit_is_read(text: str, limit: Limit) -> None:
    assert parse_limit(text) == limit


@pytest.mark.parametrize("text", ["five", "$", "$5, $6", "5 euros", "-1", "$-1", "1e9"])
def test_an_unreadable_limit_names_what_it_wants(text: str) -> None:
    with pytest.raises(ValueError, match="dollars or tokens"):
        parse_limit(text)


def test_a_limit_is_passed_by_dollars_or_by_tokens_and_not_by_reaching_it() -> None:
    limits = {Span.DAY: Limit(Decimal(1), 100)}
    assert over(limits, {Span.DAY: Spending(Decimal(1), 100)}) == ()
    assert over(limits, {Span.DAY: Spending(Decimal("1.01"), 0)})
    assert over(limits, {Span.DAY: Spending(Decimal(0), 101)})


def test_unknown_dollars_are_reported_and_not_taken_for_nothing() -> None:
    standing = Standing(Span.DAY, Spending(Decimal(1), 10, unknown_replies=2), Limit(Decimal(4)))
    assert report_line(standing) == (
        "over $1.00 of $4.00 today (25%); 2 replies without a price count by tokens only"
    )

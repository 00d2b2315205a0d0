"""The usage report and a model's price as lines of text."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tui_chat.core.known_price import KnownPrice, PriceList
from tui_chat.core.text_width import text_width
from tui_chat.core.usage import Cost, Price, Usage
from tui_chat.core.usage_report import UsageRow, report_on
from tui_chat.core.usage_report_text import (
    USAGE_HEADS,
    age_of,
    price_lines,
    price_table,
    table,
    usage_cells,
    usage_table,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICE = Price(Decimal("0.100"), Decimal(5), Decimal("0.01"), Decimal("0.125"), Decimal("0.2"), source="a list 1.0")
ROW = UsageRow("c", "Ships", "r", NOW, "a/b", Usage(10, 2000, output_tokens=300), Cost(Decimal("0.0132")), 400, 2400)
BUNDLED = PriceList("a list 1.0", 2000, None, date(2026, 11, 9))


def test_a_line_has_a_figure_under_each_head() -> None:
    figures = dict(zip(USAGE_HEADS, usage_cells(report_on([ROW]).total), strict=True))
    assert figures == {
        "replies": "1",
        "input": "2.01k",
        "cached": "2.00k",
        "output": "300",
        "thinking": "0",
        "cost": "$0.0132",
        "cache saved": "–",
        "first token": "0.4s",
        "speed": "150 tok/s",
    }


def test_the_total_stands_under_its_lines_in_the_same_columns() -> None:
    report = report_on([ROW, replace(ROW, conversation_id="d", title="本地の会話", cost=None)])
    lines = usage_table(report.conversations, report.total)
    assert [line.split()[0] for line in lines] == ["replies", "Ships", "本地の会話", "total"]
    assert len({text_width(line) for line in lines}) == 1
    assert "$0.0132+?" in lines[-1] and " ? " in lines[2]


def test_an_estimate_is_marked_in_every_figure_it_touches() -> None:
    guessed = replace(ROW, usage=replace(ROW.usage, estimated=True), cost=Cost(Decimal("0.0132"), True, PRICE))
    shown = usage_cells(report_on([ROW, guessed]).total)
    assert all(figure.startswith("~") for figure in shown[1:7])


def test_a_title_is_shortened_cleaned_and_never_missing() -> None:
    wild = [
        replace(ROW, conversation_id=str(n), title=title) for n, title in enumerate(("x" * 99, "a\x1b[2J\nb", ""))
    ]
    report = report_on(wild)
    text = "\n".join(usage_table(report.conversations, report.total))
    assert "\x1b" not in text and "(untitled)" in text and "…" in text
    assert all(text_width(line) < 140 for line in text.splitlines())


def test_a_rate_is_shown_to_its_last_digit() -> None:
    assert price_table(KnownPrice("a/b", PRICE, tiers=((100_000, replace(PRICE, input_usd=Decimal("0.5"))),))) == [
        "                      input  output  cache read  write 5 min  write 1 h",
        "$ per million tokens  $0.10   $5.00       $0.01       $0.125      $0.20",
        "above 100,000 input   $0.50   $5.00       $0.01       $0.125      $0.20",
    ]


def test_everything_known_of_a_price_is_reported() -> None:
    price = replace(PRICE, thinking_usd=Decimal(3), web_search_usd=Decimal("0.005"), request_usd=Decimal("0.012"))
    known = KnownPrice("a/b", price, "Bee", (), date(2026, 3, 13), 200_000, "As of\x1b[2J today")
    lines = price_lines(known, BUNDLED, NOW)
    assert lines[0] == "a/b (Bee)"
    assert lines[3:] == [
        "thinking $3.00 per million tokens",
        "web search $0.005 each",
        "each request $0.012",
        "a reply costs ? if it used a service tier that is not above, a code interpreter or image generation",
        "context window 200,000 tokens",
        "in force since 2026-03-13",
        "source: a list 1.0, its newest change is of 2026-11-09",
        "As of␛[2J today",
    ]


def test_an_unknown_price_shows_it_and_what_to_do() -> None:
    lines = price_lines(KnownPrice("ollama/x", None), BUNDLED, NOW)
    assert lines[0] == "ollama/x" and "unknown" in lines[1] and "settings" in lines[1] and "$" not in "".join(lines)


def test_the_user_s_own_price_has_no_age() -> None:
    lines = price_lines(KnownPrice("a/b", Price.of(Decimal(1), Decimal(2))), BUNDLED, NOW)
    assert lines[-1] == "source: settings"


def test_the_age_of_a_list_is_reported_as_far_as_it_is_known() -> None:
    fetched = replace(BUNDLED, fetched_at=NOW - timedelta(days=2, hours=3))
    assert age_of(fetched, NOW) == "downloaded 2d 03h ago"
    assert age_of(replace(BUNDLED, newest_change=None), NOW) == "of unknown age"


def test_a_table_of_nothing_but_heads_is_a_line() -> None:
    assert table([("", "cost")]) == ["  cost"]

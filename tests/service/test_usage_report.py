"""The usage report: from the store, for programs, since a moment."""

import csv
import io
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from tests.service.conftest import MakeHarness
from tests.storage.make import NOON, conversation, priced, prompt, reply, side_request
from tui_chat.core.usage import Usage
from tui_chat.service.usage_report import as_csv, as_dict, lines_by, moment_of, record_of, usage_report
from tui_chat.storage.store import Store

HERE = timezone(timedelta(hours=2))
NOW = datetime(2026, 11, 20, 12, 30, tzinfo=HERE)


async def test_the_report_adds_up_to_what_the_conversations_say(make_harness: MakeHarness) -> None:
    harness = await make_harness()
    conversations = [(await harness.completed_reply(text))[1] for text in ("one", "two", "three")]
    await (await harness.service.retry(conversations[0].id, conversations[0].path[-1].id)).wait()
    conversations[0] = await harness.service.open(conversations[0].id)
    report = await usage_report(harness.store)
    assert report.total.replies == 4
    assert report.total.cost.total_usd == sum(one.cost.total_usd for one in conversations) == 20
    assert report.total.usage == sum((one.usage for one in conversations), Usage())
    assert {line.key: line.cost for line in report.conversations} == {one.id: one.cost for one in conversations}


async def test_what_titles_cost_is_in_every_sum_but_is_no_reply(store: Store) -> None:
    await store.create(
        conversation("c1", prompt("p"), priced(reply("r", "p"), "1"), side_requests=(side_request("e", "0.5"),))
    )
    report = await usage_report(store)
    for line in (report.total, *report.days, *report.models, *report.conversations):
        assert (line.replies, line.cost.total_usd, line.usage.total_tokens) == (1, Decimal("1.5"), 64)


async def test_a_program_reads_the_same_figures_exactly(store: Store) -> None:
    await store.create(conversation("c1", prompt("p"), priced(reply("a", "p"), "0.00000000123"), title="Ships"))
    await store.create(conversation("c2", prompt("p"), priced(reply("b", "p"), None), title="Harbours"))
    report = await usage_report(store, zone=UTC)
    printed = as_dict(report)
    assert printed["total"]["cost_usd"] == "0.00000000123" and printed["total"]["unknown_cost_replies"] == 1
    assert printed["by_day"][0]["key"] == NOON.date().isoformat()
    table = list(csv.DictReader(io.StringIO(as_csv(report, "conversation"))))
    assert [(line["label"], line["cost_usd"]) for line in table] == [("Ships", "0.00000000123"), ("Harbours", "")]
    assert list(table[0]) == list(record_of(report.total)) == list(printed["total"])


async def test_an_unknown_cost_is_null_and_never_nothing(store: Store) -> None:
    await store.create(conversation("c1", prompt("p"), priced(reply("a", "p"), None)))
    assert record_of((await usage_report(store)).total)["cost_usd"] is None


async def test_an_empty_table_still_has_its_head(store: Store) -> None:
    assert as_csv(await usage_report(store), "day").startswith("key,label,replies,")


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
async def test_a_title_is_never_a_formula(store: Store, title: str) -> None:
    await store.create(conversation("c1", prompt("p"), priced(reply("a", "p"), "1"), title=title))
    (line,) = csv.DictReader(io.StringIO(as_csv(await usage_report(store), "conversation")))
    assert line["label"] == f"'{title}"


async def test_only_replies_since_a_moment_are_counted(store: Store) -> None:
    await store.create(conversation("c1", prompt("p"), priced(reply("a", "p"), "1")))
    assert (await usage_report(store, NOON)).total.replies == 1
    assert (await usage_report(store, NOON + timedelta(seconds=1))).total.replies == 0


async def test_lines_come_by_day_model_or_conversation(store: Store) -> None:
    await store.create(conversation("c1", prompt("p"), priced(reply("a", "p"), "1")))
    report = await usage_report(store, zone=UTC)
    assert [lines_by(report, by)[0].key for by in ("day", "model", "conversation")] == [
        NOON.date().isoformat(),
        "demo/tour",
        "c1",
    ]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("24h", NOW - timedelta(hours=24)),
        (" 7D ", NOW - timedelta(days=7)),
        ("2w", NOW - timedelta(days=14)),
        ("today", datetime(2026, 11, 20, tzinfo=HERE)),
        ("month", datetime(2026, 11, 1, tzinfo=HERE)),
        ("2026-11-03", datetime(2026, 11, 3, tzinfo=HERE)),
        ("2026-11-03T10:00:00+00:00", datetime(2026, 11, 3, 10, tzinfo=UTC)),
    ],
)
def test_moment_of_reads_spans_words_and_dates(text: str, moment: datetime) -> None:
    assert moment_of(text, NOW, HERE) == moment


@pytest.mark.parametrize("text", ["", "yesterdayish", "7", "d", "2026-13-01"])
def test_what_is_no_moment_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="try 7d"):
        moment_of(text, NOW)

"""Numbers and dates in the database that cannot be believed: no command and no screen may end over one."""

import asyncio
import io
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.attacks import attack
from tests.support.hostile_database import COUNTS, TEXTS, Column, columns_of, fill_library, poison
from tui_chat.cli.commands.doctor import _faults
from tui_chat.cli.conversation_table import as_dict, rows_for_people
from tui_chat.cli.transcript import print_transcript
from tui_chat.core.conversation import Conversation
from tui_chat.core.prompt_forecast import Draft, context_use, forecast
from tui_chat.core.usage_report_text import usage_table
from tui_chat.formats.markdown import to_markdown
from tui_chat.formats.native import dumps, loads
from tui_chat.formats.plain_text import to_plain
from tui_chat.formats.transcript import Branch
from tui_chat.service import usage_report as reports
from tui_chat.service.import_export import all_ids
from tui_chat.service.usage_report import as_csv, lines_by, usage_report
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.range_check import NUMBER_COLUMNS
from tui_chat.storage.range_check import TEXT_COLUMNS as CHECKED_TEXTS
from tui_chat.storage.store import Store
from tui_chat.ui.widgets.footer_layout import FooterState, fit, footer_fields

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SUMS = {"turns", "known_replies", "unknown_replies", "estimated_replies", "cost_usd"}
"""Of a conversation: another check compares them with what they are the sums of."""
FLAGS = {"usage_estimated", "cost_estimated", "cost_billed"}
"""Any number but 0 is yes."""

UNCHECKED = {"sync.one", "outbox.kind", "stamp.kind", "waiting.kind", "waiting.is_ready", "piece.size"} | {
    f"unread.{name}" for name in ("kind", "rank", "counter")
}
"""What a record of sync is about: a wrong one is dropped, or read again."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("library") / "data" / DATABASE
    asyncio.run(fill_library(path))
    return path.read_bytes()


@pytest.fixture(scope="module")
def columns(library: bytes) -> list[Column]:
    with closing(sqlite3.connect(":memory:")) as db:
        db.deserialize(library)
        return columns_of(db)


async def store_of(library: bytes) -> Store:
    """A store in memory that holds the library."""
    store = await Store.open(":memory:")

    def fill() -> None:
        db = store._database._db
        db.deserialize(library)
        db.execute("PRAGMA foreign_keys = OFF")

    await store._thread.run(fill)
    return store


def show(conversation: Conversation) -> None:
    """Everything that draws a conversation."""
    to_plain(conversation, Branch.CURRENT)
    to_markdown(conversation, Branch.ALL)
    assert loads(dumps(conversation)).id == conversation.id
    forecast(conversation, Draft("demo/tour", (), conversation.head), NOW)
    for turn in conversation.turns:
        costs = conversation.path_cost, conversation.cost
        context = context_use(conversation, 200_000)
        state = FooterState("demo/tour", usage=turn.usage, cost=turn.cost, total=costs[0], total_all=costs[1])
        for shown in (state, FooterState("demo/tour", tokens_per_s=turn.tokens_per_s, context=context)):
            fit(footer_fields(shown), 80)


async def read_everything(store: Store) -> None:
    """All that reads the library, as commands and screens do it."""
    summaries = [
        *await store.summaries(), *await store.summaries(archived=True), *await store.summaries(deleted=True)
    ]  # fmt: skip
    rows_for_people(summaries)
    shown = await store.conversation("c1")
    json.dumps([as_dict(summary) for summary in summaries])
    output_of(lambda: print_transcript(shown, Branch.ALL, 80))
    for conversation_id in [*await all_ids(store), "c3"]:
        show(await store.conversation(conversation_id))
        await store.conversation_changes(conversation_id)
    for since in (None, NOW - timedelta(days=30)):
        report = await usage_report(store, since)
        for by in ("day", "model", "conversation"):
            usage_table(lines_by(report, by), report.total, 80)
            as_csv(report, by)
        report.each_day(NOW.date(), 30)
        assert reports.as_dict(report)["total"]
    assert [hit.conversation_id for hit in await store.search("harbour")] == ["c1"]
    await store.search("harbour after:2020 before:2030-01-01 title:ships")
    await store.stats()
    await store.prompts()


@given(
    at=st.integers(0, 10**6),
    number=st.sampled_from(COUNTS) | st.integers(-(2**63), 2**63 - 1),
    text=st.sampled_from(TEXTS),
    all_rows=st.booleans(),
)
@attack
def test_no_number_or_date_in_the_database_ends_what_reads_it(
    library: bytes, columns: list[Column], at: int, number: int, text: str, all_rows: bool
) -> None:
    column = columns[at % len(columns)]
    value = number if column.is_integer else text

    async def attack_it() -> None:
        store = await store_of(library)
        try:
            if not await store._write(lambda db: poison(db, column, value, all_rows=all_rows)):
                return
            await read_everything(store)
            found = await store.check()
            assert found.damage == ()
            mended = await store.repair()
            assert mended.found == found
            after = await store.check()
            assert _faults(after) == []
            await read_everything(store)
            # What is sent now is saved all the same.
            await store.set_head("c1", None)
            await store.add_prompt("Why not?")
        finally:
            await store.aclose()

    asyncio.run(attack_it())


def output_of(do: Callable[[], object]) -> str:
    """What it prints."""
    into, before = io.BytesIO(), sys.stdout
    sys.stdout = io.TextIOWrapper(into, encoding="utf-8", write_through=True)
    try:
        do()
        return into.getvalue().decode()
    finally:
        sys.stdout = before


def test_the_check_knows_every_column_of_figures_and_dates(columns: list[Column]) -> None:
    checked = {(one.table, one.name) for one in NUMBER_COLUMNS} | {(one.table, one.name) for one in CHECKED_TEXTS}
    for column in columns:
        is_sum = column.table == "conversation" and column.name in SUMS
        exempt = column.is_key or column.name in FLAGS or is_sum or str(column) in UNCHECKED
        assert exempt != ((column.table, column.name) in checked), column

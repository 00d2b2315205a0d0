"""Conversations as rows: within any window, and whole for programs."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rich.cells import cell_len

from tui_chat.cli import conversation_table
from tui_chat.core.conversation import ConversationSummary

AT = datetime(2025, 3, 4, 12, tzinfo=UTC)
SUMMARY = ConversationSummary("0123456789abcdef", "Rate limiters", "openai/gpt-5.1", 12, AT, AT, Decimal("0.0132"))
FOUND = (
    SUMMARY,
    replace(SUMMARY, title="日本語のタイトル：全文検索とデータベースの設計について考える会話"),
    replace(SUMMARY, title="[bold]x[/] \x1b[31m " * 20, cost_usd=None),
    replace(SUMMARY, title="", turns=0),
)


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_every_row_fits_the_window_and_stands_in_its_columns(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(conversation_table, "width", lambda: width)
    lines = conversation_table.rows_for_people(FOUND).splitlines()
    assert {cell_len(line) for line in lines} == {width}
    assert all(line.startswith("01234567   4 Mar 2025  ") for line in lines)
    assert ("gpt-5.1" in lines[0]) == (width >= 92) and ("$0.0132" in lines[0]) == (width >= 62)
    assert "\x1b" not in lines[2] and "Untitled" in lines[3]


def test_programs_get_every_value_and_nothing_only_for_what_is_unknown() -> None:
    lines = [line.split("\t") for line in conversation_table.rows_for_programs(FOUND).splitlines()]
    assert lines[0] == [SUMMARY.id, "Rate limiters", "openai/gpt-5.1", "12", AT.isoformat(), "0.0132"]
    assert lines[2][-1] == "" and lines[3][1] == "" and lines[3][3] == "0"

"""A row fits its width, whatever it holds; columns go as the window narrows; a match stays highlighted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from tui_chat.core.conversation import ConversationSummary, SearchHit
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.rendering.styles import DARK
from tui_chat.ui.library.row_layout import RowContext, conversation_row, head, hit_rows

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
SUMMARY = ConversationSummary(
    "id",
    "Rate limiters, compared",
    "anthropic/claude-sonnet-5-5",
    12,
    NOW,
    NOW - timedelta(hours=1),
    Decimal("0.0132"),
)
HIT = SearchHit("id", "turn", "Buckets", Role.ASSISTANT, "demo/tour", NOW, "a leaky bucket leaks", ((8, 14),))
HIGHLIGHT = Style(bold=True, color="yellow")
TITLES = (
    "short",
    "wide 日本語のとても長い題名です" * 4,
    "👩‍👩‍👧‍👦 family" * 9,
    "x" * 500,
    "",
    "\x1b]0;evil\x07\nnext \u202eline",
)


def width_of(segments: Sequence[Segment]) -> int:
    return sum(cell_len(segment.text) for segment in segments)


def shown(summary: ConversationSummary, width: int, *, is_marked: bool = False) -> str:
    return "".join(part.text for part in conversation_row(summary, RowContext(width, DARK, NOW), is_marked=is_marked))


@pytest.mark.parametrize("width", range(27, 201))
def test_every_row_takes_exactly_its_width(width: int) -> None:
    guise = RowContext(width, DARK, NOW)
    assert width_of(head(guise)) == width
    for title in TITLES:
        assert width_of(conversation_row(replace(SUMMARY, title=title), guise, is_marked=False)) == width
        for line in hit_rows(replace(HIT, title=title), guise, is_marked=True, highlight=HIGHLIGHT):
            assert width_of(line) <= max(width, 2 + 12 + 2 + cell_len("tour") + 2 + 11)


def test_columns_go_as_the_window_narrows_and_the_title_never() -> None:
    assert shown(SUMMARY, 120).split()[3:] == ["claude-sonnet-5-5", "12", "$0.0132", "14:00"]
    assert shown(SUMMARY, 80).split() == ["Rate", "limiters,", "compared", "12", "$0.0132", "14:00"]
    assert shown(SUMMARY, 60).split() == ["Rate", "limiters,", "compared", "12", "14:00"]
    assert shown(SUMMARY, 42).split() == ["Rate", "limiters,", "compared", "14:00"]
    assert shown(SUMMARY, 30).startswith("  Rate limiters")


def test_a_cost_is_shown_only_where_it_is_known() -> None:
    for unknown in (replace(SUMMARY, cost_usd=None, cost_estimated=True), replace(SUMMARY, cost_usd=None)):
        assert not {"$", "?", "–"} & set(shown(unknown, 80))
    assert "~$0.0132" in shown(replace(SUMMARY, cost_estimated=True), 80)


@pytest.mark.parametrize(
    ("status", "sign"),
    [
        (TurnStatus.FAILED, "!"),
        (TurnStatus.INTERRUPTED, "!"),
        (TurnStatus.CANCELLED, "■"),
        (TurnStatus.COMPLETE, " "),
    ],
)
def test_the_state_of_a_conversation_has_a_sign(status: TurnStatus, sign: str) -> None:
    assert shown(replace(SUMMARY, status=status), 80).startswith(f"{sign} ")


def test_branches_and_tags_stand_behind_the_title_as_far_as_they_fit() -> None:
    labelled = replace(SUMMARY, branches=3, tags=("work", "later"))
    assert f"{SUMMARY.title}  ‹3›  #work  #later" in shown(labelled, 120)
    narrow = shown(labelled, 62)
    assert SUMMARY.title in narrow and "…" not in narrow and "#later" not in narrow


def test_marked_and_live_ones_are_marked() -> None:
    assert shown(SUMMARY, 80, is_marked=True).startswith("✓ ")
    assert shown(replace(SUMMARY, is_live=True), 80).startswith("● ")
    assert shown(replace(SUMMARY, title=""), 80).startswith("  Untitled")


def test_nothing_in_a_title_steers_the_terminal() -> None:
    row = shown(replace(SUMMARY, title=TITLES[-1]), 120)
    assert not any(sign in row for sign in "\x1b\x07\n\u202e")
    assert "next" in row


def test_the_hit_is_highlighted_where_it_stands_and_nothing_else() -> None:
    _, line = hit_rows(HIT, RowContext(80, DARK, NOW), is_marked=False, highlight=HIGHLIGHT)
    assert "".join(part.text for part in line).strip() == "a leaky bucket leaks"
    assert [part.text for part in line if part.style == HIGHLIGHT] == ["bucket"]


@pytest.mark.parametrize(
    "before", ["Ask anything again for the next page: branches, the ", "x" * 60, "日本語のとても長い題名です" * 3]
)
def test_the_first_match_is_within_a_narrow_row(before: str) -> None:
    snippet = f"{before}library, and the command line of the program"
    hit = replace(HIT, snippet=snippet, marks=((len(before), len(before) + 7),))
    _, line = hit_rows(hit, RowContext(40, DARK, NOW), is_marked=False, highlight=HIGHLIGHT)
    assert [part.text for part in line if part.style == HIGHLIGHT] == ["library"]
    assert width_of(line) <= 40 and "".join(part.text for part in line).startswith("  … ")


def test_a_hit_among_line_breaks_and_controls_is_still_highlighted_whole() -> None:
    snippet = "one\n\n\x1b[2J two  three\tfour"
    at = snippet.index("three")
    hit = replace(HIT, snippet=snippet, marks=((0, 3), (at, at + 5)))
    _, line = hit_rows(hit, RowContext(80, DARK, NOW), is_marked=False, highlight=HIGHLIGHT)
    text = "".join(part.text for part in line)
    assert [part.text for part in line if part.style == HIGHLIGHT] == ["one", "three"]
    assert "\x1b" not in text and "\n" not in text and text.index("three") < text.index("four")
    assert " three four" in text


def test_the_first_row_of_a_hit_shows_conversation_role_and_time() -> None:
    first, _ = hit_rows(HIT, RowContext(80, DARK, NOW), is_marked=False, highlight=HIGHLIGHT)
    assert "".join(part.text for part in first).split() == ["Buckets", "tour", "15:00"]
    mine, _ = hit_rows(replace(HIT, role=Role.USER), RowContext(80, DARK, NOW), is_marked=False, highlight=HIGHLIGHT)
    assert "you" in "".join(part.text for part in mine)

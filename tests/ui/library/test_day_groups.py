"""The list is grouped by the day of last use."""

from datetime import UTC, datetime, timedelta

from tui_chat.ui.library.day_groups import groups_of, spans

NOW = datetime(2026, 3, 5, 9, 30, tzinfo=UTC)


def test_spans_start_with_today_and_never_overlap() -> None:
    groups = spans(NOW)
    assert [label for label, _ in groups[:4]] == ["Today", "Yesterday", "Last 7 days", "Last 30 days"]
    moments = [moment for _, moment in groups]
    assert moments == sorted(moments, reverse=True) and len(set(moments)) == len(moments)
    assert groups[0][1] <= NOW < groups[0][1] + timedelta(days=1)
    assert groups[4][0] == "February 2026"


def test_every_row_is_a_heading_or_a_conversation() -> None:
    groups = groups_of(["Pinned", "Today", "Yesterday", "Older"], [2, 0, 3, 1])
    assert [(group.label, group.first_row, group.first, group.count) for group in groups] == [
        ("Pinned", 0, 0, 2),
        ("Yesterday", 3, 2, 3),
        ("Older", 7, 5, 1),
    ]

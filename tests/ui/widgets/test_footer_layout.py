"""The line under the conversation, at every width."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest

from tui_chat.core.prompt_forecast import ContextUse
from tui_chat.core.text_width import text_width
from tui_chat.core.usage import Cost, CostSum, Usage
from tui_chat.ui.widgets.footer_layout import Activity, FooterState, activity_text, fit, footer_fields

WIDTHS = range(40, 201)
COSTS = [Decimal("0.0000004") * 10**power for power in range(11)] + [Decimal("12345.67"), Decimal(0)]
STREAMING = FooterState(
    "anthropic/claude-sonnet-5-5",
    activity=Activity.STREAMING,
    seconds=72.3,
    tokens_per_s=42.1,
    usage=Usage(3, 10_003, 600, output_tokens=1234, estimated=True),
    cost=Cost(Decimal("0.0132"), True),
    total=CostSum(Decimal("0.4213"), True, 0, 4),
    total_all=CostSum(Decimal("0.6713"), True, 1, 6),
    context=ContextUse(11_106, 200_000, True),
    hint="esc stop",
)


def footer_line(state: FooterState, width: int) -> str:
    """The line as plain text, exactly as wide."""
    fields = fit(footer_fields(state), width)
    left, right = ("  ".join(one.text for one in fields if one.at_right is side) for side in (False, True))
    return left + " " * (width - text_width(left) - text_width(right)) + right


def costing(usd: Decimal, estimated: bool) -> FooterState:
    total = CostSum(usd * 2, estimated, 0, 2)
    return replace(STREAMING, cost=Cost(usd, estimated), total=total, total_all=total)


@pytest.mark.parametrize("usd", COSTS)
@pytest.mark.parametrize("estimated", [False, True])
def test_at_every_width_it_is_exactly_as_wide_and_shows_what_the_reply_costs(usd: Decimal, estimated: bool) -> None:
    for width in WIDTHS:
        line = footer_line(costing(usd, estimated), width)
        assert text_width(line) == width
        (cost,) = [
            field.text.removeprefix("reply").strip()
            for field in fit(footer_fields(costing(usd, estimated)), width)
            if field.name == "cost"
        ]
        assert cost.startswith("~$" if estimated else "$") and cost in line


def test_more_room_never_shows_less() -> None:
    fields, before = footer_fields(STREAMING), 0
    for width in WIDTHS:
        letters = sum(len(field.text.replace(" ", "")) for field in fit(fields, width))
        assert letters >= before
        before = letters


def test_everything_that_counts_is_there_on_eighty_columns() -> None:
    line = footer_line(replace(STREAMING, total_all=STREAMING.total), 80)
    for word in ("sonnet-5-5", "streaming 1m 12s", "~$0.0132", "~$0.4213", "~$0.4213", "out 1.23k"):
        assert word in line


def test_a_wide_line_shows_it_in_words() -> None:
    line = footer_line(STREAMING, 190)
    assert line.startswith("anthropic/claude-sonnet-5-5  streaming 1m 12s  42 tok/s  esc stop  ")
    end = "~in 10.6k  out 1.23k  cached 10.0k  context  ~5%"
    assert line.endswith(f"~$0.0132  ~$0.4213 here · over ~$0.6713 with all branches  {end}")


def test_fields_go_in_one_order() -> None:
    fields = footer_fields(STREAMING)
    shown = [[field.name for field in fit(fields, width)] for width in reversed(WIDTHS)]
    gone = [name for wider, narrower in pairwise(shown) for name in wider if name not in narrower]
    assert gone == ["hint", "speed", "tokens", "total", "context"]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_growing_figures_move_nothing(width: int) -> None:
    def places(output: int, usd: str, estimated: bool) -> list[tuple[str, int]]:
        usage = Usage(3, 10_003, 600, output_tokens=output, estimated=estimated)
        cost, total = Cost(Decimal(usd), estimated), CostSum(Decimal(usd) + 1, estimated, 0, 2)
        state = replace(STREAMING, usage=usage, cost=cost, total=total, total_all=total)
        return [(field.name, text_width(field.text)) for field in fit(footer_fields(state), width)]

    ends = [places(1, "0.0012", True), places(987_654, "99.87", True), places(987_654, "99.87", False)]
    assert ends[0] == ends[1] == ends[2]


UNPRICED = replace(STREAMING, cost=None, total=CostSum(unknown_replies=1), total_all=CostSum(unknown_replies=1))


def test_an_unknown_cost_is_shown_in_words() -> None:
    line = footer_line(UNPRICED, 120)
    assert line.count("no price") == 1 and "$" not in line


STATES = {
    "idle": replace(STREAMING, activity=Activity.IDLE, hint="", keys=("Enter send · / commands", "Enter send")),
    "waiting": replace(STREAMING, activity=Activity.WAITING, hint="", keys=("Esc stop · Enter queue", "Esc stop")),
    "streaming": replace(STREAMING, hint="", keys=("Esc stop · Enter queue", "Esc stop")),
    "retrying": replace(
        STREAMING, activity=Activity.RETRYING, hint="", keys=("Enter retry now · Esc stop", "Enter retry now")
    ),
    "unknown price": UNPRICED,
    "unknown tokens": replace(STREAMING, usage=Usage(unknown=True)),
    "branches": replace(STREAMING, activity=Activity.IDLE),
    "background": replace(STREAMING, background=2, hint="", keys=("Esc stop · Enter queue", "Esc stop")),
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_no_figure_is_a_question_mark_at_any_width(state: FooterState) -> None:
    for width in WIDTHS:
        line = footer_line(state, width)
        assert text_width(line) == width and "?" not in line


def test_what_to_press_while_a_reply_streams_is_there_on_sixty_columns() -> None:
    assert "Esc stop" in footer_line(STATES["streaming"], 60)
    assert "Esc stop · Enter queue" in footer_line(STATES["streaming"], 200)


def test_replies_in_the_background_are_counted() -> None:
    assert "2 more in background" in footer_line(STATES["background"], 200)
    assert "+2" in footer_line(STATES["background"], 100)


def test_before_the_first_reply_there_is_nothing_to_pay() -> None:
    line = footer_line(FooterState("demo/story", hint="f1 help"), 60)
    assert line == "demo/story  f1 help".ljust(60)


def test_where_nothing_branched_the_total_is_shown_once() -> None:
    assert " of " not in footer_line(replace(STREAMING, total_all=STREAMING.total), 160)


def test_sums_that_look_the_same_are_shown_once() -> None:
    free = CostSum(Decimal(0), False, 0, 2)
    state = replace(STREAMING, total=free, total_all=replace(free, known_replies=3))
    assert "total" in footer_line(state, 200) and "branches" not in footer_line(state, 200)


def test_what_is_going_on_is_one_word_and_a_clock() -> None:
    texts = [activity_text(FooterState(activity=activity, seconds=4.2)) for activity in Activity]
    assert texts[:5] == ["", "waiting 4s", "streaming 4s", "stalled 4s", "retry in 4s"]


def test_a_wide_letter_in_a_model_s_name_takes_its_two_columns() -> None:
    for width in WIDTHS:
        assert text_width(footer_line(replace(STREAMING, model="本地/模型一二三四五六七八九十"), width)) == width


def test_a_model_s_name_cannot_steer_the_terminal() -> None:
    line = footer_line(replace(STREAMING, model="a/b\x1b[2J\nc"), 120)
    assert "\x1b" not in line and "\n" not in line


def test_no_room_at_all_is_an_empty_line() -> None:
    assert footer_line(STREAMING, 3) == "   "


def test_an_empty_context_is_not_shown() -> None:
    empty = FooterState("demo/tour", context=ContextUse(0, 200_000, True))
    assert "context" not in footer_line(empty, 80)
    assert "context" in footer_line(replace(empty, context=ContextUse(900, 200_000, True)), 80)

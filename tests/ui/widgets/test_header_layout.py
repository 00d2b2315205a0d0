"""The line above a conversation, at every width."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tui_chat.core.conversation import Conversation
from tui_chat.core.part import TextPart
from tui_chat.core.prompt_forecast import ContextUse
from tui_chat.core.text_width import text_width
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import CostSum, Usage
from tui_chat.ui.widgets.header_layout import (
    LEAST_TITLE,
    HeaderState,
    branch_number,
    header_fields,
    without_streaming,
)

NOW = datetime(2026, 11, 29, tzinfo=UTC)
FULL = HeaderState(
    "Review my rate limiter design",
    (2, 3),
    "rust",
    "",
    ContextUse(76_000, 200_000),
    CostSum(Decimal("0.0213"), False, 0, 3),
    CostSum(Decimal("0.0513"), False, 0, 5),
)
STATES = {
    "idle": FULL,
    "unknown price": replace(FULL, total=CostSum(unknown_replies=1), total_all=CostSum(unknown_replies=1)),
    "part unknown": replace(FULL, total=CostSum(Decimal("0.02"), True, 1, 2)),
    "kept nowhere": replace(FULL, badge="TEMPORARY"),
    "no context": replace(FULL, context=None),
    "one branch": replace(FULL, branch=(1, 1), total_all=FULL.total),
}


def words(state: HeaderState, width: int) -> str:
    return "  ".join(field.text for field in header_fields(state, width))


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_header_fits_every_width_and_leaves_room_for_the_title(state: HeaderState) -> None:
    for width in range(40, 201):
        shown = words(state, width)
        assert text_width(shown) <= width - LEAST_TITLE and "?" not in shown


def test_a_wide_header_is_a_sentence() -> None:
    assert words(FULL, 160) == ("‹2/3›  profile rust  38% of 200k context  $0.0213 here · $0.0513 with all branches")
    assert words(STATES["unknown price"], 160).endswith("no price")
    assert "over ~$0.0200 here" in words(STATES["part unknown"], 160)


def test_less_than_one_percent_is_no_estimate() -> None:
    assert "  <1% of 200k context" in words(replace(FULL, context=ContextUse(76, 200_000, True)), 160)
    assert "  ~38% of 200k context" in words(replace(FULL, context=ContextUse(76_000, 200_000, True)), 160)


def test_a_warning_stays_longer_than_the_profile() -> None:
    for width in range(40, 201):
        shown = words(STATES["kept nowhere"], width)
        assert "TEMPORARY" in shown or "rust" not in shown


def test_branch_number_counts_the_ends_of_the_tree() -> None:
    def turn(id: str, parent: str | None, role: Role) -> Turn:
        return Turn(id, parent, role, (TextPart("x"),), TurnStatus.COMPLETE, NOW)

    turns = (turn("p", None, Role.USER), turn("a", "p", Role.ASSISTANT), turn("b", "p", Role.ASSISTANT))
    conversation = Conversation("c", NOW, NOW, turns=turns, head="b")
    assert branch_number(conversation) == (2, 2)
    assert branch_number(conversation.with_head("a")) == (1, 2)
    assert branch_number(Conversation("c", NOW, NOW)) == (1, 1)


def test_a_streaming_reply_has_no_cost_yet_rather_than_no_price() -> None:
    reply = Turn("a", None, Role.ASSISTANT, (TextPart("x"),), TurnStatus.STREAMING, NOW, usage=Usage(1))
    coming = Conversation("c", NOW, NOW, turns=(reply,), head="a")
    assert without_streaming(coming.path_cost, coming) == CostSum()
    ended = replace(coming, turns=(replace(reply, status=TurnStatus.COMPLETE),))
    assert without_streaming(ended.path_cost, ended).unknown_replies == 1

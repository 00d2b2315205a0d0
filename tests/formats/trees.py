"""Conversations that hypothesis makes up: any tree, any part, any status, any text that is Unicode."""

from datetime import UTC, timedelta, timezone
from decimal import Decimal

from hypothesis import strategies as st

from tui_chat.core.conversation import Conversation, Options, Origin, SideRequest, TitleSource
from tui_chat.core.error import Fault
from tui_chat.core.part import (
    AttachmentPart,
    Opaque,
    OtherPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Cost, Price, Usage

texts = st.text(max_size=30)
words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
counts = st.integers(0, 10**9)
optional_counts = st.none() | counts
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-8))])
dates = st.datetimes(timezones=zones).filter(lambda date: 2 < date.year < 9998)
amounts = st.decimals(Decimal(0), Decimal(10**6), allow_nan=False, places=9) | st.sampled_from(
    [Decimal("0"), Decimal("0E-8"), Decimal("1.50"), Decimal("1E+2")]
)
opaques = st.none() | st.builds(Opaque, words, texts)
parts = st.one_of(
    st.builds(TextPart, texts, opaques),
    st.builds(ThinkingPart, texts, opaques),
    st.builds(ToolCallPart, words, words, texts, st.booleans(), opaques),
    st.builds(ToolResultPart, words, texts, st.booleans(), opaques),
    st.builds(AttachmentPart, texts, words, st.binary(max_size=40), opaques),
    st.builds(OtherPart, words, opaques),
)
usages = st.builds(Usage, counts, counts, counts, counts, counts, counts, counts, st.booleans(), st.none() | amounts)
prices = st.builds(Price, amounts, amounts, amounts, amounts, amounts, amounts, texts, st.none() | amounts, amounts)
costs = st.builds(Cost, amounts, st.booleans(), st.none() | prices, st.booleans())
side_requests = st.lists(
    st.builds(SideRequest, words, words, words, dates, usages, st.none() | costs),
    max_size=2,
    unique_by=lambda errand: errand.id,
)
faults = st.builds(Fault, words, texts, st.none() | words, words)
options = st.builds(
    Options,
    optional_counts,
    st.none() | st.floats(0, 2) | st.sampled_from([0, 1]),
    st.none() | words,
    st.none() | st.booleans(),
)


@st.composite
def conversations(draw: st.DrawFn, identity: str = "c", most_turns: int = 6) -> Conversation:
    """Any conversation; turns answer any earlier one or none."""
    turns: list[Turn] = []
    for index in range(draw(st.integers(0, most_turns))):
        parent = draw(st.sampled_from([None, *(turn.id for turn in turns)]))
        turns.append(
            Turn(
                id=f"{identity}-{index}",
                parent_id=parent,
                role=draw(st.sampled_from(Role)),
                parts=tuple(draw(st.lists(parts, max_size=4))),
                status=draw(st.sampled_from(TurnStatus)),
                created_at=draw(dates),
                model=draw(words),
                usage=draw(st.none() | usages),
                cost=draw(st.none() | costs),
                stop_reason=draw(st.none() | words),
                stop_detail=draw(texts),
                fault=draw(st.none() | faults),
                request_id=draw(st.none() | words),
                ttft_ms=draw(optional_counts),
                duration_ms=draw(optional_counts),
            )
        )
    return Conversation(
        id=identity,
        created_at=draw(dates),
        updated_at=draw(dates),
        title=draw(texts),
        title_source=draw(st.sampled_from(TitleSource)),
        model=draw(words),
        system=draw(texts),
        options=draw(options),
        turns=tuple(turns),
        head=draw(st.sampled_from([None, *(turn.id for turn in turns)])),
        archived_at=draw(st.none() | dates),
        deleted_at=draw(st.none() | dates),
        origin=draw(st.none() | st.builds(Origin, words, words, words, words)),
        side_requests=tuple(draw(side_requests)),
    )

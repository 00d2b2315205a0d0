"""Any tree that can be made comes back from the file as it went in."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.make import as_stored, conversation, live, prompt
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.conversation import Conversation, Options, Origin, SideRequest, TitleSource
from tui_chat.core.error import Fault
from tui_chat.core.event import PartDelta, PartEnd, TextDelta, ThinkingDelta, ToolCallDelta
from tui_chat.core.part import (
    AttachmentPart,
    Opaque,
    OtherPart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Cost, Price, Usage
from tui_chat.storage.store import Store

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["\x00", "a\x00b", "\x1b[31m", "'; DROP TABLE turn; --", "搜索", "🎉", "\u202e", "%_", "İ"]
)
MOMENT = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)).flatmap(
    lambda at: st.integers(-840, 840).map(lambda minutes: at.replace(tzinfo=timezone(timedelta(minutes=minutes))))
)
USD = st.decimals(Decimal(0), Decimal(1000), places=9) | st.sampled_from([Decimal("1E-9"), Decimal("0.00")])
COUNT = st.integers(0, 10**9)
OPAQUE = st.none() | st.builds(Opaque, TEXT, TEXT)
PART: st.SearchStrategy[Part] = st.one_of(
    st.builds(TextPart, TEXT, OPAQUE),
    st.builds(ThinkingPart, TEXT, OPAQUE),
    st.builds(ToolCallPart, TEXT, TEXT, TEXT, st.booleans(), OPAQUE),
    st.builds(ToolResultPart, TEXT, TEXT, st.booleans(), OPAQUE),
    st.builds(AttachmentPart, TEXT, TEXT, st.binary(max_size=20), OPAQUE),
    st.builds(OtherPart, TEXT, OPAQUE),
)
PRICE = st.builds(Price, USD, USD, USD, USD, USD, USD, TEXT, st.none() | USD, USD)
USAGE = st.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, COUNT, st.booleans(), st.none() | USD)
COST = st.builds(Cost, USD, st.booleans(), st.none() | PRICE, st.booleans())
ERRANDS = st.lists(
    st.builds(SideRequest, TEXT, TEXT, TEXT, MOMENT, USAGE, st.none() | COST),
    max_size=2,
    unique_by=lambda one: one.id,
).map(tuple)
ENDED = st.sampled_from([status for status in TurnStatus if status is not TurnStatus.STREAMING])
OPTIONS = st.builds(
    Options,
    max_tokens=st.none() | COUNT,
    temperature=st.none() | st.floats(0, 2),
    effort=st.none() | TEXT,
    thinking=st.none() | st.booleans(),
)


@st.composite
def turns(draw: st.DrawFn) -> tuple[Turn, ...]:
    """A tree, oldest first, each turn under any of those before it or at the root."""
    ids = draw(st.lists(TEXT.filter(bool), max_size=7, unique=True))
    made = []
    for at, turn_id in enumerate(ids):
        made.append(
            Turn(
                turn_id,
                draw(st.none() | st.sampled_from(ids[:at])) if at else None,
                draw(st.sampled_from(Role)),
                draw(st.lists(PART, max_size=4).map(tuple)),
                draw(ENDED),
                draw(MOMENT),
                draw(TEXT),
                draw(st.none() | USAGE),
                draw(st.none() | COST),
                draw(st.none() | TEXT),
                draw(TEXT),
                draw(st.none() | st.builds(Fault, TEXT, TEXT, st.none() | TEXT, TEXT)),
                draw(st.none() | TEXT),
                draw(st.none() | COUNT),
                draw(st.none() | COUNT),
            )
        )
    return tuple(made)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Everything a conversation may be."""
    drawn = draw(turns())
    return Conversation(
        draw(TEXT.filter(bool)),
        draw(MOMENT),
        draw(MOMENT),
        draw(TEXT),
        draw(st.sampled_from(TitleSource)),
        draw(TEXT),
        draw(TEXT),
        draw(OPTIONS),
        drawn,
        draw(st.none() | st.sampled_from([turn.id for turn in drawn])) if drawn else None,
        draw(st.none() | MOMENT),
        draw(st.none() | MOMENT),
        draw(st.none() | st.builds(Origin, TEXT, TEXT, TEXT, TEXT)),
        draw(ERRANDS),
    )


@pytest.mark.slow
@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(conversations(), conversations())
async def test_whatever_is_saved_comes_back_equal(one: Conversation, other: Conversation) -> None:
    store = await Store.open(":memory:")
    await store.save(one)
    assert await store.conversation(one.id) == as_stored(one)
    await store.save(one)
    assert await store.conversation(one.id) == as_stored(one)
    if other.id != one.id:
        await store.create(other)
        assert await store.conversation(other.id) == as_stored(other)
    assert await store.conversation(one.id) == as_stored(one)
    assert (await store.check()).is_healthy
    (summary,) = [
        summary
        for asked in ({}, {"archived": True}, {"deleted": True})
        for summary in await store.summaries(**asked)  # type: ignore[arg-type]
        if summary.id == one.id
    ]
    assert summary.turns == len(one.turns) and summary.title == one.title
    assert summary.cost_usd == (one.cost.total_usd if one.cost.known_replies else None)
    await store.aclose()


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(conversations(), st.data())
async def test_saving_again_in_another_shape_gives_that_shape(one: Conversation, data: st.DataObject) -> None:
    store = await Store.open(":memory:")
    await store.save(one)
    order = data.draw(st.permutations(one.turns))
    moved = replace(one, turns=tuple(order))
    await store.save(moved)
    assert await store.conversation(one.id) == as_stored(moved)
    assert (await store.check()).is_healthy
    await store.aclose()


DELTA = st.one_of(
    st.builds(TextDelta, TEXT.filter(bool)),
    st.builds(ThinkingDelta, TEXT),
    st.builds(ToolCallDelta, st.sampled_from(["t1", "t2"]), st.sampled_from(["", "search"]), TEXT, st.booleans()),
    st.builds(PartDelta, PART),
    st.builds(PartEnd, OPAQUE, st.none() | st.sampled_from(["t1", "t2", "t3"])),
)


@settings(max_examples=100)
@given(st.lists(st.lists(DELTA, max_size=8), max_size=6))
async def test_checkpoints_make_the_same_turn_as_the_deltas_at_once(batches: list[list[object]]) -> None:
    store = await Store.open(":memory:")
    await store.create(conversation("c1"))
    await store.append("c1", [prompt("u1"), live("a1", "u1")], head="a1")
    builder = TurnBuilder(live("a1", "u1"))
    for batch in batches:
        await store.checkpoint("a1", batch)  # type: ignore[arg-type]
        for delta in batch:
            builder.add(delta)  # type: ignore[arg-type]
    assert (await store.conversation("c1")).turn("a1") == builder.turn
    await store.aclose()

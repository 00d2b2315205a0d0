"""The bounded reader: nothing is lost, and little is held."""

import asyncio
import sys
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tui_chat.core.event import PartEnd, ReplyEvent, TextDelta, ThinkingDelta, ToolCallDelta, TurnEnded, UsageChanged
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.service.joining_reader import JoiningReader

EVENTS = st.one_of(
    st.builds(TextDelta, st.text(min_size=1)),
    st.builds(ThinkingDelta, st.text()),
    st.builds(ToolCallDelta, st.sampled_from("ab"), st.just("tool"), st.text()),
    st.builds(UsageChanged, st.builds(Usage, st.integers(0, 9)), st.none()),
    st.just(PartEnd()),
)


def flat(events: list[ReplyEvent]) -> list[tuple[str, str]]:
    """Return the text of each stretch of deltas."""
    stretches: list[tuple[str, str]] = []
    for event in events:
        match event:
            case TextDelta(text):
                kind, piece = "text", text
            case ThinkingDelta(text):
                kind, piece = "thinking", text
            case ToolCallDelta(call_id, _, text):
                kind, piece = f"tool {call_id}", text
            case PartEnd():
                kind, piece = "end", "|"
            case _:
                continue
        if stretches and stretches[-1][0] == kind:
            stretches[-1] = (kind, stretches[-1][1] + piece)
        else:
            stretches.append((kind, piece))
    return stretches


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS), st.sets(st.integers(0, 50)))
def test_a_slow_reader_gets_all_text_in_its_order(events: list[ReplyEvent], reads: set[int]) -> None:
    reader, got = JoiningReader(), []
    for number, event in enumerate(events):
        reader.put("turn", event)
        if number in reads:
            got += [item[1] for item in iter(reader.take, None) if item is not None]
    got += [item[1] for item in iter(reader.take, None) if item is not None]
    assert flat(got) == flat(events)
    last = [event for event in events if isinstance(event, UsageChanged)][-1:]
    assert [event for event in got if isinstance(event, UsageChanged)][-1:] == last


def test_a_reader_that_does_not_read_holds_little_more_than_the_text() -> None:
    reader = JoiningReader()
    for number in range(50_000):
        reader.put("turn", TextDelta("word "))
        if number % 100 == 0:
            reader.put("turn", UsageChanged(Usage(output_tokens=number), None))
    reader.put("turn", TurnEnded(Turn("turn", None, Role.ASSISTANT, (), TurnStatus.COMPLETE, datetime.now(UTC))))
    assert reader.joined_deltas > 49_000
    items = list(iter(reader.take, None))
    size = sum(sys.getsizeof(item[1].text) for item in items if item is not None and isinstance(item[1], TextDelta))
    assert len(items) < 1_100 and size < 400_000


def test_deltas_of_two_turns_are_not_joined() -> None:
    reader = JoiningReader()
    for turn_id in "aab":
        reader.put(turn_id, TextDelta("x"))
    assert list(iter(reader.take, None)) == [("a", TextDelta("xx")), ("b", TextDelta("x"))]


async def test_reading_waits_for_the_next_event_or_the_timeout() -> None:
    reader = JoiningReader()
    assert await reader.get(0.01) is None
    waiting = asyncio.create_task(reader.get(5))
    await asyncio.sleep(0)
    reader.put("turn", TextDelta("x"))
    assert await waiting == ("turn", TextDelta("x"))

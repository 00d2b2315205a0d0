"""A reply that its provider pauses goes on by itself, with the figures of each request."""

from collections.abc import Sequence

import pytest

from tests.service.conftest import MakeHarness
from tests.support.tools import ScriptedToolbox, answer, calls
from tui_chat.core.conversation import Options
from tui_chat.core.event import PartDelta, PartEnd, ProviderEvent, Stopped, TextDelta, ToolCallDelta, UsageReported
from tui_chat.core.part import ToolCallPart, ToolResultPart, ToolStatus
from tui_chat.core.rounds import rounds_of
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.service.dependencies import Policy
from tui_chat.service.tool_limits import ToolLimits

PAUSED: Sequence[ProviderEvent] = (
    TextDelta("I search. "),
    PartEnd(),
    UsageReported(Usage(10, output_tokens=2, web_searches=3)),
    Stopped("pause_turn"),
)


async def test_a_paused_reply_is_sent_back_as_it_is_and_goes_on(make_harness: MakeHarness) -> None:
    harness = await make_harness(PAUSED, answer(usage=Usage(20, output_tokens=5, web_searches=1)))
    reply = await harness.service.send(harness.new_conversation(), "hi")
    turn = (await reply.wait()).turn
    assert (turn.status, turn.text, turn.stop_reason) == (TurnStatus.COMPLETE, "I search. Done.", "end_turn")
    second = harness.provider.requests[1]
    assert second.is_paused and [part.role.value for part in second.turns] == ["user", "assistant"]
    assert [part.usage for part in rounds_of(turn)] == [
        Usage(10, output_tokens=2, web_searches=3),
        Usage(20, output_tokens=5, web_searches=1),
    ]
    assert turn.usage is not None and turn.usage.web_searches == 4


async def test_the_request_after_a_pause_may_call_tools(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    harness = await make_harness(PAUSED, calls(("c1", "look", "{}")), answer(), toolbox=toolbox)
    conversation = harness.service.new_conversation("demo/tour", options=Options(tools=("look",)))
    turn = (await (await harness.service.send(conversation, "hi")).wait()).turn
    assert toolbox.ran == ["c1"] and turn.stop_reason == "end_turn"
    assert [request.is_paused for request in harness.provider.requests] == [False, True, False]


@pytest.mark.parametrize("most", [1, 3])
async def test_a_reply_that_pauses_for_ever_ends_at_the_limit_of_rounds(make_harness: MakeHarness, most: int) -> None:
    policy = Policy(tools=ToolLimits(max_rounds=most))
    harness = await make_harness(*[PAUSED] * (most + 2), policy=policy)
    turn = (await (await harness.service.send(harness.new_conversation(), "hi")).wait()).turn
    assert turn.status is TurnStatus.COMPLETE and len(harness.provider.requests) <= most + 1


async def test_a_server_call_waits_while_the_client_s_calls_are_answered(make_harness: MakeHarness) -> None:
    toolbox = ScriptedToolbox()
    mixed: Sequence[ProviderEvent] = (
        ToolCallDelta("s1", "web_search", '{"query": "q"}', on_server=True),
        PartEnd(None, "s1"),
        ToolCallDelta("c1", "look", "{}"),
        PartEnd(None, "c1"),
        Stopped("tool_use"),
    )
    found = PartDelta(ToolResultPart("s1", "found"))
    harness = await make_harness(mixed, (found, *answer()), toolbox=toolbox)
    conversation = harness.service.new_conversation("demo/tour", options=Options(tools=("look", "web_search")))
    turn = (await (await harness.service.send(conversation, "hi")).wait()).turn
    assert toolbox.ran == ["c1"] and turn.status is TurnStatus.COMPLETE
    results = [part for part in turn.parts if isinstance(part, ToolResultPart)]
    assert [(part.call_id, part.status) for part in results] == [("c1", ToolStatus.DONE), ("s1", ToolStatus.DONE)]
    answered = [part for turn in harness.provider.requests[1].turns for part in turn.parts]
    assert [part.call_id for part in answered if isinstance(part, ToolResultPart)] == ["c1"]
    assert [part.call_id for part in answered if isinstance(part, ToolCallPart)] == ["s1", "c1"]

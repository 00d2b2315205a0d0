"""A toolbox whose tools do what a test asks for, and a check that a branch is valid on every wire."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tui_chat.core.event import PartEnd, ProviderEvent, Stopped, TextDelta, ToolCallDelta, UsageReported
from tui_chat.core.part import ToolCallPart, ToolStatus
from tui_chat.core.provider import Request
from tui_chat.core.provider_presets import PRESETS
from tui_chat.core.rounds import expand_rounds
from tui_chat.core.tool import ArgumentsRefused, CallReview, Effect, Tool, ToolOutcome
from tui_chat.core.turn import Turn
from tui_chat.core.usage import Usage
from tui_chat.providers.anthropic.request import Capabilities, message_params
from tui_chat.providers.anthropic.stream import opaque_block
from tui_chat.providers.openai.request import request_body

SCHEMA = json.dumps({"type": "object", "properties": {"path": {"type": "string"}}})
LOOK = Tool("look", "Look at something.", SCHEMA, Effect.READ, fingerprint="look-1")
ACT = Tool("act", "Do something.", SCHEMA, Effect.EXECUTE, fingerprint="act-1")
USAGE = Usage(input_tokens=7, output_tokens=3)


class ScriptedToolbox:
    """Counts what runs; `act` asks, `look` is free."""

    def __init__(self, *, run: Callable[[ToolCallPart], Awaitable[ToolOutcome]] | None = None) -> None:
        self.ran: list[str] = []
        self._run = run
        self.tools: tuple[Tool, ...] = (ACT, LOOK)
        self.output = "working"
        """What a running tool reports."""

    async def offered(self, chosen: Sequence[str]) -> tuple[Tool, ...]:
        return tuple(tool for tool in self.tools if tool.name in chosen)

    async def review(self, tool: Tool, call: ToolCallPart) -> CallReview:
        try:
            given = json.loads(call.input_json or "{}")
        except ValueError:
            raise ArgumentsRefused("The arguments are not JSON.") from None
        subject = str(given.get("path", ""))
        return CallReview(tool, tool.effect is Effect.READ, f"{tool.name} {subject}", call.input_json, subject)

    async def run(self, tool: Tool, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        self.ran.append(call.call_id)
        report(self.output)
        if self._run is not None:
            return await self._run(call)
        return ToolOutcome(f"{tool.name} says {call.input_json}", ToolStatus.DONE)

    async def aclose(self) -> None:
        return


def calls(*wanted: tuple[str, str, str], text: str = "Let me see.", usage: Usage = USAGE) -> list[ProviderEvent]:
    """One request that ends with these calls: id, name, arguments."""
    events: list[ProviderEvent] = [TextDelta(text), PartEnd()] if text else []
    for call_id, name, given in wanted:
        events.append(ToolCallDelta(call_id, name, given))
        block = {"type": "tool_use", "id": call_id, "name": name, "input": json.loads(given)}
        events.append(PartEnd(opaque_block(block), call_id))
    return [*events, UsageReported(usage), Stopped("tool_use")]


def answer(text: str = "Done.", usage: Usage = USAGE) -> list[ProviderEvent]:
    """One request that ends with text."""
    return [TextDelta(text), PartEnd(), UsageReported(usage), Stopped("end_turn")]


def assert_valid_on_every_wire(turns: Sequence[Turn], model: str = "claude-sonnet-5-5") -> None:
    """The next request has a result for every call, right after it, on both wires."""
    request = Request(model, expand_rounds(turns), tools=(ACT, LOOK))
    _assert_anthropic(message_params(request, Capabilities())["messages"])
    _assert_openai(request_body(request, PRESETS["openai"].dialect)["messages"])


def _assert_anthropic(messages: list[dict[str, Any]]) -> None:
    for at, message in enumerate(messages):
        used = [block["id"] for block in message["content"] if block["type"] == "tool_use"]
        assert message["role"] == ("user", "assistant")[at % 2] and message["content"]
        if used:
            following = messages[at + 1]["content"]
            assert [block.get("tool_use_id") for block in following[: len(used)]] == used
        answered = [block["tool_use_id"] for block in message["content"] if block["type"] == "tool_result"]
        before = [block.get("id") for block in messages[at - 1]["content"]] if at else []
        assert set(answered) <= set(before)


def _assert_openai(messages: list[dict[str, Any]]) -> None:
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            assert waiting.pop(0) == message["tool_call_id"]
            continue
        assert not waiting
        waiting = [call["id"] for call in message.get("tool_calls", ())]
        for call in message.get("tool_calls", ()):
            json.loads(call["function"]["arguments"])
    assert not waiting


async def until(condition: Callable[[], object]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)

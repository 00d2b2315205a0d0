"""The contract of plug-ins, for their tests: each function raises `AssertionError` with what is wrong.

async def test_the_contract() -> None:
    await check_provider(EchoProvider(ProviderConfig("echo", "echo")), "some-model")
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from tui_chat.core.builder import TurnBuilder
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError
from tui_chat.core.event import (
    PartDelta,
    PartEnd,
    ReplyOpened,
    SignOfLife,
    Stopped,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageReported,
)
from tui_chat.core.part import TextPart, ToolCallPart
from tui_chat.core.provider import Provider, Request
from tui_chat.core.tool import ArgumentsRefused, CallReview, Tool, Toolbox
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.formats.import_tree import Imported
from tui_chat.formats.native import dumps, loads

_EVENTS = (
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    PartDelta,
    PartEnd,
    ReplyOpened,
    UsageReported,
    Stopped,
    SignOfLife,
)
_TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CLOSE_TIMEOUT_S = 2.0


async def check_provider(provider: Provider, model: str, prompt: str = "Hello?") -> Turn:
    """Hold a provider to its contract, with one whole reply and one that is closed early; return the reply."""
    assert provider.name and "/" not in provider.name, "the name is the first half of `provider/model`"
    for listed in await provider.models():
        assert listed.ref.startswith(f"{provider.name}/"), f"{listed.ref} is not {provider.name}/MODEL"
    request = Request(model, (_turn("1", None, Role.USER, prompt),))
    tokens = await provider.count_tokens(request)
    assert tokens is None or tokens >= 0, "count_tokens returns a count, or None"
    assert isinstance(provider.can_continue(model), bool), "can_continue returns a bool"
    turn = await _whole_reply(provider, request)
    async with asyncio.timeout(_CLOSE_TIMEOUT_S):
        async with aclosing(provider.stream(request)) as events:
            async for _ in events:
                break
    await provider.aclose()
    return turn


async def _whole_reply(provider: Provider, request: Request) -> Turn:
    builder = TurnBuilder(Turn("2", "1", Role.ASSISTANT, (), TurnStatus.STREAMING, datetime.now(UTC)))
    try:
        async with aclosing(provider.stream(request)) as events:
            async for event in events:
                assert isinstance(event, _EVENTS), f"{event!r} is no event of a provider"
                assert builder.stopped is None, f"{event!r} came after Stopped"
                if isinstance(event, TextDelta):
                    assert event.text, "a TextDelta is never empty"
                    event.text.encode()  # raises for half a surrogate pair
                if isinstance(event, UsageReported):
                    assert event.usage.unknown or event.usage.is_in_bounds, f"{event.usage} cannot be"
                builder.add(event)
    except ChatError:
        raise
    except AssertionError:
        raise
    except Exception as fault:
        raise AssertionError(f"a provider raises errors of tui_chat.core.error only, not {fault!r}") from fault
    assert builder.stopped is not None, "a stream ends with Stopped, or raises"
    return builder.turn


async def check_toolbox(toolbox: Toolbox, chosen: Sequence[str], arguments: Mapping[str, Any]) -> tuple[Tool, ...]:
    """Hold a toolbox to its contract: what it offers, and the review of a call with these arguments; runs nothing."""
    tools = await toolbox.offered(chosen)
    assert tools, f"nothing is offered for {chosen}"
    assert tools == await toolbox.offered(chosen), "the same choice gives the same tools in the same order"
    assert not await toolbox.offered(()), "what is not chosen is not offered"
    for tool in tools:
        assert _TOOL_NAME.fullmatch(tool.name), f"{tool.name!r} is no name on every wire"
        assert isinstance(json.loads(tool.schema_json), dict), f"the schema of {tool.name} is no JSON object"
        assert tool.fingerprint, f"{tool.name} has no fingerprint, so a permission could not be bound to it"
        try:
            review = await toolbox.review(tool, ToolCallPart("1", tool.name, json.dumps(arguments)))
        except ArgumentsRefused:
            continue
        assert isinstance(review, CallReview) and review.tool == tool, f"the review of {tool.name} is of another tool"
    await toolbox.aclose()
    return tools


def check_format(
    matches: Callable[[dict[str, Any]], bool], read: Callable[[dict[str, Any]], Imported], value: dict[str, Any]
) -> Imported:
    """Hold an importer to its contract, with a conversation of its format; return what it reads."""
    assert matches(value) is True, "the conversation is not recognized"
    assert matches({}) is False, "an empty object is recognized"
    imported = read(value)
    assert isinstance(imported, Imported), f"{imported!r} is not Imported"
    conversation = imported.conversation
    assert conversation.turns, "the conversation has no turns"
    assert conversation.head is not None and conversation.has(conversation.head), "the head is none of its turns"
    again = loads(dumps(conversation))
    assert again.turns == conversation.turns, "the turns do not survive an export"
    return imported


def check_exporter(write: Callable[[Conversation], str], conversation: Conversation) -> str:
    """Hold an exporter to its contract, with a conversation and with an empty one; return what it writes."""
    text = write(conversation)
    assert isinstance(text, str) and text, "a conversation with turns gives a text"
    assert text == write(conversation), "the same conversation gives the same text"
    text.encode()  # raises for half a surrogate pair
    assert isinstance(write(replace(conversation, turns=(), head=None)), str), "an empty one gives a text too"
    return text


def _turn(turn_id: str, parent_id: str | None, role: Role, text: str) -> Turn:
    return Turn(turn_id, parent_id, role, (TextPart(text),), TurnStatus.COMPLETE, datetime.now(UTC))

"""A program that stood still for a while, stopped or on a laptop asleep, does not blame the server for it."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.faults.plan import Disk, Plan, Server, plan
from tests.faults.test_program import served
from tests.providers.anthropic.encoder import provider
from tests.support.wire_server import Wire
from tui_chat.core.error import StreamCut
from tui_chat.core.event import TextDelta, TurnEnded
from tui_chat.core.turn import TurnStatus
from tui_chat.providers.anthropic.provider import AnthropicProvider
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.stall_detection import HealthLimits
from tui_chat.storage.store import Store

LIMITS = HealthLimits(0.1, 0.3)


def schedule(server: Server) -> Plan:
    """A reply of forty words, and nothing else that goes wrong."""
    words = tuple(f"word{number} " for number in range(40))
    return replace(plan(0), texts=words, before=(), server=server, server_at=20, disk=Disk.FINE, pace_s=0.01)


async def asleep_in_the_middle(wire: Wire, path: Path) -> TurnEnded:
    """Ask, stand still for longer than any limit once something has come, and go on."""
    adapter = provider(wire.url)

    async def provider_for(model: str) -> AnthropicProvider:
        return adapter

    store = await Store.open(path)
    service = ChatService(store, Dependencies(provider_for, policy=Policy(health=LIMITS, save_interval_s=0.02)))
    reply = await service.send(service.new_conversation("anthropic/claude-sonnet-5-5"), "hello")
    slept = False
    async for event in reply:
        if isinstance(event, TextDelta) and not slept:
            slept = True
            time.sleep(4 * LIMITS.failed_after_s)
    await service.aclose()
    await adapter.aclose()
    await store.aclose()
    return await reply.wait()


@pytest.mark.parametrize("run", range(3))
async def test_what_arrived_meanwhile_is_taken_and_the_reply_goes_on(run: int, tmp_path: Path) -> None:
    whole = schedule(Server.FINE)
    wire = Wire(*whole.answers())
    with served(wire):
        ended = await asleep_in_the_middle(wire, tmp_path / "conversations.db")
    assert (ended.turn.status, ended.error) == (TurnStatus.COMPLETE, None)
    assert ended.turn.text == whole.text


async def test_a_server_that_stays_silent_afterwards_is_given_up_as_ever(tmp_path: Path) -> None:
    hung = schedule(Server.HANG)
    wire = Wire(*hung.answers())
    with served(wire):
        ended = await asleep_in_the_middle(wire, tmp_path / "conversations.db")
    assert isinstance(ended.error, StreamCut) and ended.error.detail == "stalled"
    assert ended.turn.text and hung.text.startswith(ended.turn.text)


async def test_a_clock_set_back_in_the_middle_loses_and_reorders_nothing(tmp_path: Path) -> None:
    whole = schedule(Server.FINE)
    moments = iter(datetime(2026, 11, 21, tzinfo=UTC) - timedelta(days=number) for number in range(10_000))
    wire = Wire(*whole.answers())
    with served(wire):
        adapter = provider(wire.url)

        async def provider_for(model: str) -> AnthropicProvider:
            return adapter

        store = await Store.open(tmp_path / "conversations.db", clock=lambda: next(moments))
        service = ChatService(store, Dependencies(provider_for, now=lambda: next(moments)))
        conversation = service.new_conversation("anthropic/claude-sonnet-5-5")
        for words in ("first", "second", "third"):
            reply = await service.send(conversation, words)
            await reply.wait()
            conversation = await service.open(reply.conversation_id)
        stored = await store.conversation(conversation.id)
        await service.aclose()
        await adapter.aclose()
        await store.aclose()
    assert [turn.text for turn in stored.path_to(stored.head)] == [
        "first", whole.text, "second", "fine", "third", "fine"
    ]  # fmt: skip
    assert all(turn.duration_ms is None or turn.duration_ms >= 0 for turn in stored.turns)

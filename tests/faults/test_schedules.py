"""Whatever goes wrong together, no prompt is lost, what arrived is kept, and the next turn works.

`TUI_CHAT_FAULTS` is how many schedules are played, `TUI_CHAT_FAULT` plays the one of that number.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest

from tests.faults.plan import Disk, Key, Plan, Server, plan
from tests.providers.anthropic.encoder import provider
from tests.support.wire_server import Wire
from tui_chat.core.error import ChatError, ReplyInFlight
from tui_chat.core.event import TextDelta, TurnEnded, TurnStarted
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.providers.anthropic.provider import AnthropicProvider
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.reply import Reply
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.service.stall_detection import HealthLimits
from tui_chat.storage.store import Store

_ONE = os.environ.get("TUI_CHAT_FAULT")
SEEDS = [int(_ONE)] if _ONE else list(range(int(os.environ.get("TUI_CHAT_FAULTS", "60"))))
PROMPT, MORE = "keep this prompt", "and this one"
ENDS_WITHIN_S = 20.0


class Played:
    """What happened while a schedule was played."""

    def __init__(self, schedule: Plan, service: ChatService, store: Store, path: Path) -> None:
        self.plan = schedule
        self.service = service
        self.store = store
        self.path = path
        self.accepted: list[str] = []
        self.ended: dict[str, TurnEnded] = {}
        self.shown: dict[str, str] = {}
        self.conversation_id = ""
        self.has_left = False

    async def follow(self, reply: Reply) -> None:
        """Read a reply to its end, as the screen does."""
        async for event in reply:
            match event:
                case TurnStarted(turn=turn):
                    self.shown[reply.turn_id] = turn.text
                case TextDelta(text):
                    self.shown[reply.turn_id] += text
                case TurnEnded():
                    self.ended[reply.turn_id] = event

    async def act(self, reply: Reply) -> list[Reply]:
        """What the person does meanwhile; the replies that follow."""
        await asyncio.sleep(self.plan.key_at_s)
        match self.plan.key:
            case Key.STOP:
                reply.cancel()
            case Key.SEND_MORE:
                with suppress(ReplyInFlight):
                    conversation = await self.service.open(self.conversation_id)
                    more = await self.service.send(conversation, MORE)
                    self.accepted.append(MORE)
                    return [more]
            case Key.RETRY:
                reply.cancel()
                await reply.wait()
                return [await self.service.retry(self.conversation_id, reply.turn_id)]
            case Key.LEAVE:
                self.has_left = True
                await self.service.aclose()
            case Key.NOTHING:
                pass
        return []

    async def harm(self) -> None:
        """What happens to the store, and what restores it."""
        schedule = self.plan
        await asyncio.sleep(schedule.disk_at_s)
        if self.has_left:
            return
        match schedule.disk:
            case Disk.FULL | Disk.FULL_FOR_GOOD:
                await self._run("PRAGMA max_page_count = 1")
            case Disk.READ_ONLY:
                await self._run("PRAGMA query_only = 1")
            case Disk.SLOW:
                await self._slow(0.01)
            case Disk.LOCKED:
                await asyncio.to_thread(self._lock, schedule.disk_for_s)
            case Disk.DELETED:
                self.path.unlink()
            case Disk.FINE:
                return
        await asyncio.sleep(schedule.disk_for_s)
        if schedule.disk is not Disk.FULL_FOR_GOOD:
            await self.mend()

    async def mend(self) -> None:
        """All is well with the disk again."""
        await self._run("PRAGMA max_page_count = 1000000")
        await self._run("PRAGMA query_only = 0")
        await self._slow(0)

    async def _run(self, statement: str) -> None:
        database = self.store._database
        await self.store._thread.run(lambda: database._db.execute(statement).fetchall() and None)

    async def _slow(self, seconds: float) -> None:
        database = self.store._database
        trace = (lambda _: time.sleep(seconds)) if seconds else None
        await self.store._thread.run(lambda: database._db.set_trace_callback(trace))

    def _lock(self, seconds: float) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None, timeout=5)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")


@asynccontextmanager
async def stage(schedule: Plan, folder: Path) -> AsyncIterator[Played]:
    path = folder / "conversations.db"
    async with Wire(*schedule.answers()) as wire:
        adapter: AnthropicProvider = provider(wire.url)

        async def provider_for(model: str) -> AnthropicProvider:
            return adapter

        policy = Policy(RetryPolicy(first_delay_s=0.01), HealthLimits(0.1, 0.4), save_interval_s=0.02)
        store = await Store.open(path)
        service = ChatService(store, Dependencies(provider_for, policy=policy))
        try:
            yield Played(schedule, service, store, path)
        finally:
            await service.aclose()
            await adapter.aclose()
            await store.aclose()


@pytest.mark.parametrize("seed", SEEDS)
async def test_nothing_is_lost_in_any_mixture_of_faults(seed: int, tmp_path: Path) -> None:
    schedule = plan(seed)
    print(schedule)
    async with stage(schedule, tmp_path) as played:
        async with asyncio.timeout(ENDS_WITHIN_S):
            reply = await played.service.send(played.service.new_conversation("anthropic/claude-sonnet-5-5"), PROMPT)
            played.accepted.append(PROMPT)
            played.conversation_id = reply.conversation_id
            harming = asyncio.create_task(played.harm())
            following = [asyncio.create_task(played.follow(reply))]
            for other in await played.act(reply):
                following.append(asyncio.create_task(played.follow(other)))
            await asyncio.gather(*following)
            await harming
        check_what_was_shown(played)
        await check_memory(played)
        if schedule.key is not Key.LEAVE:
            await played.mend()
            async with asyncio.timeout(ENDS_WITHIN_S):
                await next_turn_works(played)
        await played.service.aclose()
    if schedule.disk is not Disk.FULL_FOR_GOOD or schedule.key is not Key.LEAVE:
        await check_disk(played)


def check_what_was_shown(played: Played) -> None:
    """Every reply ended and its end was reported; what was shown is how it ended, and nothing that was not sent."""
    assert set(played.ended) == set(played.shown)
    for turn_id, ended in played.ended.items():
        assert ended.turn.text == played.shown[turn_id]
        assert played.plan.text.startswith(ended.turn.text) or ended.turn.text == "fine"
        assert ended.turn.status is not TurnStatus.STREAMING
        if ended.turn.status is TurnStatus.COMPLETE:
            assert ended.turn.text in (played.plan.text, "fine")
        if ended.error is not None:
            assert isinstance(ended.error, ChatError) and ended.error.message
            assert type(ended.error).__name__ != "Unexpected"


async def check_memory(played: Played) -> None:
    """The conversation that is shown has everything, saved or not."""
    conversation = await played.service.open(played.conversation_id)
    assert [turn.text for turn in conversation.turns if turn.role is Role.USER] == played.accepted
    for turn_id, ended in played.ended.items():
        assert conversation.turn(turn_id).text == ended.turn.text


async def next_turn_works(played: Played) -> None:
    """What was unsaved is saved, and one can go on; the server may still refuse what it has refused in advance."""
    for _ in range(6):
        conversation = await played.service.open(played.conversation_id)
        reply = await played.service.send(conversation, MORE)
        played.accepted.append(MORE)
        await played.follow(reply)
        if played.ended[reply.turn_id].turn.status is TurnStatus.COMPLETE:
            return
    raise AssertionError("no later turn worked")


async def check_disk(played: Played) -> None:
    """Everything is on the disk, and another program finds it whole."""
    with closing(sqlite3.connect(played.path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    store = await Store.open(played.path)
    try:
        stored = await store.conversation(played.conversation_id)
        assert [turn.text for turn in stored.turns if turn.role is Role.USER] == played.accepted
        for turn_id, ended in played.ended.items():
            turn = stored.turn(turn_id)
            assert (turn.text, turn.status) == (ended.turn.text, ended.turn.status)
    finally:
        await store.aclose()


def test_the_schedules_mix_every_fault_with_every_other() -> None:
    seen = {(one.server, one.disk, one.key) for one in map(plan, range(1000))}
    assert {server for server, _, _ in seen} == set(Server)
    assert {disk for _, disk, _ in seen} == set(Disk)
    assert {key for _, _, key in seen} == set(Key)
    assert len(seen) > 200

"""The last checkpoint: what arrived is kept without an event loop, once, or the caller does not wait for it."""

import asyncio
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.storage.conftest import Open
from tests.storage.make import conversation, live, prompt
from tui_chat.core.error import StorageError
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.turn import TurnStatus
from tui_chat.providers.demo.provider import DemoProvider
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.storage.store import Store

WORDS = [f"word{number} " for number in range(400)]


async def begin(store: Store) -> None:
    await store.create(conversation("c1"))
    await store.append("c1", [prompt("u1"), live("a1", "u1")], head="a1")


async def test_it_follows_what_was_asked_for_before_and_nothing_follows_it(open_store: Open) -> None:
    store = await open_store()
    await begin(store)
    before = asyncio.ensure_future(store.checkpoint("a1", [TextDelta("one ")]))
    await asyncio.sleep(0)
    assert store.checkpoint_last(lambda: [("gone", [TextDelta("lost")]), ("a1", [TextDelta("two")])], 5)
    await before
    with pytest.raises(StorageError):
        await store.checkpoint("a1", [TextDelta("two")])
    assert not store.checkpoint_last(lambda: [("a1", [TextDelta("two")])], 5)
    again = await open_store()
    assert (await again.conversation("c1")).turn("a1").text == "one two"


async def test_a_locked_database_is_not_waited_for(open_store: Open, path: Path) -> None:
    store = await open_store()
    await begin(store)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        start_s = time.monotonic()
        assert not store.checkpoint_last(lambda: [("a1", [TextDelta("late")])], 0.2)
        assert time.monotonic() - start_s < 1


async def test_a_closed_store_takes_nothing(open_store: Open) -> None:
    store = await open_store()
    await begin(store)
    await store.aclose()
    assert not store.checkpoint_last(lambda: [("a1", [TextDelta("late")])], 5)


@pytest.mark.parametrize("seed", range(20))
async def test_at_any_moment_of_a_running_reply_it_keeps_what_arrived_once(seed: int, open_store: Open) -> None:
    store = await open_store()
    provider = DemoProvider.playing([*(TextDelta(word) for word in WORDS), Stopped("end_turn")], pace=1.0)

    async def provider_for(_: str) -> DemoProvider:
        return provider

    service = ChatService(store, Dependencies(provider_for, policy=Policy(save_interval_s=0.001)))
    reply = await service.send(service.new_conversation("demo/tour"), "hi")
    arrived: list[int] = []

    def save() -> None:
        time.sleep(Random(seed).uniform(0, 0.03))
        arrived.append(reply.turn.text.count(" "))
        service.save_unsaved(5)

    thread = threading.Thread(target=save)
    thread.start()
    await reply.wait()
    thread.join()
    again = await open_store()
    kept = (await again.conversation(reply.conversation_id)).turn(reply.turn_id)
    assert "".join(WORDS).startswith(kept.text)
    assert kept.text.count(" ") >= arrived[0] - 1  # one may be between the reply's turn and its queue
    assert kept.status in (TurnStatus.COMPLETE, TurnStatus.STREAMING)
    await service.aclose()

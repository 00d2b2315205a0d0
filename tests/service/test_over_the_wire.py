"""The whole path below the screen: a loopback server, the real adapter, the service, a database file."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.providers.anthropic.encoder import provider, sse
from tests.service.conftest import heard
from tests.support.wire_server import Answer, End, Step, Wire
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError, Overloaded, StreamCut
from tui_chat.core.event import RetryScheduled, TextDelta, TurnEnded, TurnStarted
from tui_chat.core.turn import TurnStatus
from tui_chat.providers.anthropic.provider import AnthropicProvider
from tui_chat.service.chat import ChatService
from tui_chat.service.dependencies import Dependencies, Policy
from tui_chat.service.reply import Reply
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.storage.store import Store

CLOSED_WITHIN_S = 0.1
START = sse(
    {
        "type": "message_start",
        "message": {"id": "m", "type": "message", "usage": {"input_tokens": 7, "output_tokens": 1}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
)
END = sse(
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
)


def delta(text: str) -> bytes:
    return sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})


WHOLE: tuple[Step, ...] = (START, delta("fine"), END)


class Street:
    """A server at one end, a conversation at the other."""

    def __init__(self, wire: Wire, store: Store) -> None:
        self.wire = wire
        self.store = store
        self.adapter: AnthropicProvider = provider(wire.url)

        async def provider_for(model: str) -> AnthropicProvider:
            return self.adapter

        policy = Policy(RetryPolicy(first_delay_s=5.0), save_interval_s=0.02)
        self.service = ChatService(store, Dependencies(provider_for, policy=policy))

    async def send(self, text: str = "hello", conversation: Conversation | None = None) -> Reply:
        return await self.service.send(
            conversation or self.service.new_conversation("anthropic/claude-sonnet-5-5"), text
        )

    async def stored(self, reply: Reply) -> Any:
        return (await self.store.conversation(reply.conversation_id)).turn(reply.turn_id)


@pytest.fixture
async def streets(tmp_path: Path) -> AsyncIterator[Any]:
    """Makes streets whose server gives these answers."""
    made: list[Street] = []

    async def make(*answers: Answer) -> Street:
        wire = await Wire(*answers).start()
        made.append(Street(wire, await Store.open(tmp_path / "conversations.db")))
        return made[-1]

    yield make
    for street in made:
        await street.service.aclose()
        await street.adapter.aclose()
        await street.store.aclose()
        await street.wire.stop()


async def text_shown(reply: Reply) -> str:
    """What a reader was shown, to the end."""
    shown = ""
    async for event in reply:
        match event:
            case TurnStarted(turn=turn):
                shown = turn.text
            case TextDelta(text):
                shown += text
    return shown


async def closed_after(street: Street, stopped_s: float) -> float:
    seen = street.wire.requests[-1]
    async with asyncio.timeout(5):
        await seen.gone.wait()
    assert seen.client_left and seen.gone_at_s is not None
    return seen.gone_at_s - stopped_s


@pytest.mark.parametrize("answer", [Answer(wait_s=60), Answer((End.HANG,))], ids=["header", "body"])
async def test_cancel_before_the_first_byte_closes_the_connection_at_once(streets: Any, answer: Answer) -> None:
    street = await streets(answer)
    reply = await street.send()
    async with asyncio.timeout(5):
        while not street.wire.requests:
            await asyncio.sleep(0.001)
    reply.cancel()
    stopped_s = time.monotonic()
    ended = await reply.wait()
    assert ended.turn.status is TurnStatus.CANCELLED and ended.error is None
    assert await closed_after(street, stopped_s) < CLOSED_WITHIN_S
    assert await street.stored(reply) == ended.turn


async def test_cancel_in_the_middle_keeps_on_disk_what_was_shown(streets: Any) -> None:
    street = await streets(Answer((START, delta("one "), delta("two "), End.PING)))
    reply = await street.send()
    shown = asyncio.create_task(text_shown(reply))
    async for event in reply:
        if isinstance(event, TextDelta) and event.text == "two ":
            break
    stopped_s = time.monotonic()
    reply.cancel()
    reply.cancel()
    assert await closed_after(street, stopped_s) < CLOSED_WITHIN_S
    assert await shown == "one two " == (await street.stored(reply)).text


async def test_cancel_at_the_moment_of_the_end_is_one_of_the_two_endings(streets: Any) -> None:
    street = await streets(Answer(WHOLE))
    for _ in range(20):
        reply = await street.send()
        async for event in reply:
            if isinstance(event, TextDelta):
                reply.cancel()
        ended = await reply.wait()
        assert ended.turn.status in (TurnStatus.CANCELLED, TurnStatus.COMPLETE)
        assert ended.turn.text == "fine" and await street.stored(reply) == ended.turn


async def test_cancel_in_a_countdown_makes_no_further_request(streets: Any) -> None:
    street = await streets(Answer.json({"type": "error", "error": {"type": "overloaded_error"}}, status=529))
    reply = await street.send()
    async for event in reply:
        if isinstance(event, RetryScheduled):
            reply.cancel()
    assert (await reply.wait()).turn.status is TurnStatus.CANCELLED
    assert len(street.wire.requests) == 1


@pytest.mark.parametrize(
    ("steps", "kinds"),
    [
        (
            (
                START,
                delta("half"),
                sse({"type": "error", "error": {"type": "overloaded_error", "message": "SECRET"}}),
            ),
            Overloaded,
        ),
        ((START, delta("half"), End.RESET), StreamCut),
        ((START, delta("half"), End.CLOSE), StreamCut),
        ((START, delta("half"), End.CUT), StreamCut),
        ((START, delta("half"), b"data: {not json SECRET\n\n"), StreamCut),
        ((START, delta("half"), sse({"type": "content_block_stop", "index": 0}), End.CUT), StreamCut),
    ],
    ids=["error event", "reset", "closed", "clean end", "garbage", "after the last delta"],
)
async def test_a_broken_reply_keeps_its_half_and_the_next_turn_works(
    streets: Any, steps: tuple[Step, ...], kinds: type[ChatError]
) -> None:
    street = await streets(Answer(steps, headers={"request-id": "req_42"}), Answer(WHOLE))
    reply = await street.send("one")
    ended: TurnEnded = (await heard(reply))[-1]  # type: ignore[assignment]
    assert isinstance(ended.error, kinds) and ended.error.request_id == "req_42"
    stored = await street.stored(reply)
    assert (stored.text, stored.status, stored.fault.request_id) == ("half", TurnStatus.FAILED, "req_42")
    conversation = await street.service.open(reply.conversation_id)
    second = await street.send("two", conversation)
    assert (await second.wait()).turn.text == "fine"
    body = street.wire.requests[-1].body.decode()
    assert "half" in body and "SECRET" not in body and "overloaded" not in body


async def test_an_error_before_the_first_byte_names_its_request(streets: Any) -> None:
    refusal = {"type": "error", "error": {"type": "invalid_request_error", "message": "too long"}}
    street = await streets(Answer.json(refusal, status=400, headers={"request-id": "req_1"}), Answer(WHOLE))
    reply = await street.send("one")
    ended = await reply.wait()
    assert ended.error is not None and ended.error.kind == "request_refused" and ended.error.request_id == "req_1"
    second = await street.send("two", await street.service.open(reply.conversation_id))
    assert (await second.wait()).turn.status is TurnStatus.COMPLETE

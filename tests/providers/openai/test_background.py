"""Replies that go on at the server: followed again when the connection is lost, requested once, and cancelled."""

import json
from contextlib import aclosing
from typing import Any

import pytest

from tests.providers.openai.test_provider import ASK, fails, provider, turn
from tests.support.wire_server import Answer, End, Wire
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.error import ProviderError, RequestRefused, StreamCut
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.turn import Role, Turn
from tui_chat.providers.openai import background
from tui_chat.providers.openai.provider import OpenAICompatibleProvider

WORDS = ("One ", "two ", "three ", "four.")
MESSAGE = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "".join(WORDS)}]}
USAGE = {"input_tokens": 7, "output_tokens": 4}


def events() -> list[dict[str, Any]]:
    """A whole reply."""
    made: list[dict[str, Any]] = [
        {"type": "response.queued", "response": {"id": "resp_1", "status": "queued"}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**MESSAGE, "content": []}},
        *({"type": "response.output_text.delta", "output_index": 0, "delta": word} for word in WORDS),
        {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE},
        {
            "type": "response.completed",
            "response": {"id": "resp_1", "status": "completed", "output": [MESSAGE], "usage": USAGE},
        },
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(made)]


def body(first: int = 0, end: int | None = None) -> bytes:
    return b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events()[first:end])


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(background, "_LONGEST_PAUSE_S", 0.01)


async def reply_of(made: OpenAICompatibleProvider) -> tuple[Turn, list[Any]]:
    built, seen = TurnBuilder(turn(Role.ASSISTANT, "")), []
    async for event in made.stream(ASK):
        built.add(event)
        seen.append(event)
    return built.turn, seen


@pytest.mark.parametrize("end", [End.RESET, End.CLOSE, End.CUT])
@pytest.mark.parametrize("repeats", [0, 2], ids=["from the last event", "with events that come again"])
async def test_a_lost_reply_is_followed_again_and_requested_once(end: End, repeats: int) -> None:
    answers = (
        Answer((body(0, 3), 0.02, end)),
        Answer.json({"error": {"message": "a moment"}}, status=503),
        Answer((body(3 - repeats, 5), 0.02, end)),
        Answer((body(5),)),
    )
    async with Wire(*answers) as wire, provider(wire.url, api="responses", background=True) as made:
        whole, seen = await reply_of(made)
        assert whole.text == "".join(WORDS)
        assert [event.text for event in seen if isinstance(event, TextDelta)] == list(WORDS)
        assert [event for event in seen if isinstance(event, UsageReported)][-1].usage.output_tokens == 4
        assert isinstance(seen[-1], Stopped)
    first, *others = wire.requests
    assert (first.method, first.json["background"], first.json["store"]) == ("POST", True, True)
    follow = "/v1/responses/resp_1?stream=true&starting_after="
    assert [(seen.method, seen.path) for seen in others] == [
        ("GET", f"{follow}2"),
        ("GET", f"{follow}2"),
        ("GET", f"{follow}4"),
    ]


async def test_a_server_that_answers_with_the_whole_reply_completes_it() -> None:
    whole = Answer.json({"object": "response", **events()[-1]["response"]})
    async with (
        Wire(Answer((body(0, 3), 0.02, End.RESET)), whole) as wire,
        provider(wire.url, api="responses", background=True) as made,
    ):
        assert (await reply_of(made))[0].text == "".join(WORDS)


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (Answer.json({"error": {"message": "no"}}, status=400), RequestRefused),
        (Answer((End.RESET,)), ProviderError),
        (Answer((b"data: {}\n\n", 0.02, End.RESET)), StreamCut),
        (Answer((body(0, 3) + b'data: {"type": "error", "message": "it broke"}\n\n',)), StreamCut),
    ],
    ids=["refused", "no answer", "no id", "an error of the server"],
)
async def test_what_is_not_a_lost_reply_fails_as_ever(first: Answer, kind: type[ProviderError]) -> None:
    async with Wire(first) as wire, provider(wire.url, api="responses", background=True) as made:
        await fails(made, kind)
    assert [seen.method for seen in wire.requests] == ["POST"]


async def test_a_reply_that_the_server_does_not_know_any_more_is_a_cut() -> None:
    gone = Answer.json({"error": {"message": "no such response"}}, status=404)
    async with (
        Wire(Answer((body(0, 3), 0.02, End.RESET)), gone) as wire,
        provider(wire.url, api="responses", background=True) as made,
    ):
        await fails(made, StreamCut)
        await made.aclose()
    assert [seen.method for seen in wire.requests][:2] == ["POST", "GET"]


async def test_a_reply_is_given_up_when_the_server_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_LONGEST_S", 0.05)
    away = Answer.json({"error": {"message": "a moment"}}, status=503)
    async with (
        Wire(Answer((body(0, 3), 0.02, End.RESET)), away) as wire,
        provider(wire.url, api="responses", background=True) as made,
    ):
        await fails(made, StreamCut)


async def test_a_reply_that_is_stopped_is_cancelled_at_the_server() -> None:
    cancelled = Answer.json({"id": "resp_1", "status": "cancelled"})
    async with (
        Wire(Answer((body(0, 4), End.HANG)), routes={"/v1/responses/resp_1/cancel": cancelled}) as wire,
        provider(wire.url, api="responses", background=True) as made,
    ):
        async with aclosing(made.stream(ASK)) as stream:
            async for event in stream:
                if isinstance(event, TextDelta):
                    break
        await made.aclose()
    assert [(seen.method, seen.path) for seen in wire.requests][1:] == [("POST", "/v1/responses/resp_1/cancel")]


async def test_without_the_setting_nothing_is_stored_or_followed() -> None:
    async with (
        Wire(Answer((body(0, 3), 0.02, End.RESET))) as wire,
        provider(wire.url, api="responses") as made,
    ):
        await fails(made, StreamCut)
    (seen,) = wire.requests
    assert seen.json["store"] is False and "background" not in seen.json

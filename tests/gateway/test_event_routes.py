"""Streams that follow conversations: late readers, readers that come back, other processes."""

import asyncio
import json
from random import Random

import pytest

from tests.gateway.conftest import API, Event, Gateway, MakeGateway, events_of, until
from tui_chat.core.event import PartEnd, Stopped, TextDelta, ThinkingDelta
from tui_chat.core.turn import TurnStatus
from tui_chat.providers.demo.provider import Step
from tui_chat.storage.store import Store


def text_of(events: list[Event], text: str = "") -> str:
    """Return the text that a client shows that applies these events to what it has."""
    for event in events:
        match event.name:
            case "started":
                text = ""
            case "snapshot" | "ended":
                text = event.data["turn"]["text"]
            case "text":
                text += event.data["text"]
    return text


async def test_a_late_reader_gets_a_snapshot_and_the_rest(make_gateway: MakeGateway) -> None:
    go_on = asyncio.Event()
    gateway = await make_gateway(
        (TextDelta("one "), TextDelta("two "), go_on, TextDelta("three"), Stopped("end_turn"))
    )
    ids = await gateway.start()
    await gateway.arrived(ids["conversation"], "one two ")
    async with gateway.http.stream("GET", f"{API}/{ids['conversation']}/events") as response:
        early = await until(response, "snapshot")
        assert early[-1].data["turn"]["text"] == "one two "
        go_on.set()
    async with gateway.http.stream("GET", f"{API}/{ids['conversation']}/events") as response:
        events = await until(response, "ended")
    assert text_of(events) == "one two three"


async def test_a_reader_that_was_away_for_the_end_gets_it(make_gateway: MakeGateway) -> None:
    go_on = asyncio.Event()
    gateway = await make_gateway((TextDelta("one "), go_on, TextDelta("two"), Stopped("end_turn")))
    ids = await gateway.start()
    place = f"{API}/{ids['conversation']}/events"
    async with gateway.http.stream("GET", place) as response:
        seen = await until(response, "snapshot", "text")
    go_on.set()
    await gateway.ended(ids["conversation"])
    async with gateway.http.stream("GET", place, headers={"last-event-id": seen[-1].event_id}) as response:
        events = await until(response, "ended")
    assert events[-1].data["turn"]["text"] == "one two"
    ended_id = events[-1].event_id
    async with gateway.http.stream("GET", place, headers={"last-event-id": ended_id}) as response:
        again = asyncio.create_task(until(response, "ended"))
        done, _ = await asyncio.wait({again}, timeout=0.5)
        assert not done, "the end is sent once"
        again.cancel()


async def test_all_conversations_are_followed_in_one_stream(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((TextDelta("Hello"), Stopped("end_turn")))
    async with gateway.http.stream("GET", "/api/v1/events") as response:
        events = events_of(response)
        first, second = await gateway.start("one"), await gateway.start("two")
        ended = set()
        async for event in events:
            if event.name == "ended":
                ended.add(event.data["conversation_id"])
            if len(ended) == 2:
                break
    assert ended == {first["conversation"], second["conversation"]}


async def test_an_own_token_follows_its_own_only(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((TextDelta("Hello"), Stopped("end_turn")))
    async with (
        gateway.client(gateway.add_token("guest")) as guest,
        guest.stream("GET", "/api/v1/events") as response,
    ):
        theirs = await gateway.start("theirs")
        await gateway.ended(theirs["conversation"])
        mine = (await guest.post(API, json={"text": "mine"})).json()
        events = await until(response, "ended")
    assert {event.data.get("conversation_id", mine["conversation"]) for event in events} == {mine["conversation"]}


async def test_a_reply_of_another_process_is_followed_and_cancelled(make_gateway: MakeGateway) -> None:
    """Two services on one database stand for two processes: neither has the other's reply in memory."""
    go_on = asyncio.Event()
    owner = await make_gateway((TextDelta("one "), go_on, TextDelta("two "), asyncio.Event()))
    other = await make_gateway(folder=freed_folder(owner))
    ids = await owner.start()
    async with other.http.stream("GET", f"{API}/{ids['conversation']}/events") as response:
        events = events_of(response)
        seen: list[Event] = []
        async for event in events:
            seen.append(event)
            if text_of(seen) == "one ":
                go_on.set()
            if text_of(seen) == "one two ":
                break
        started_s = asyncio.get_running_loop().time()
        assert (await other.http.post(f"{API}/{ids['conversation']}/cancel")).json() == {"cancelled": True}
        async for event in events:
            if event.name == "ended":
                break
        took_s = asyncio.get_running_loop().time() - started_s
    assert event.data["turn"]["status"] == "cancelled"
    assert event.data["turn"]["text"] == "one two "
    assert took_s < 2, "half a second on a machine at rest"
    assert (await owner.ended(ids["conversation"])).turns[-1].status is TurnStatus.CANCELLED


def freed_folder(gateway: Gateway):  # type: ignore[no-untyped-def]
    """Return the same data folder, free for a second server."""
    (gateway.folder / "serve.json").unlink()
    return gateway.folder


async def test_a_change_by_another_program_is_reported(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((TextDelta("Hello"), Stopped("end_turn")))
    ids, _ = await gateway.started_and_ended("first")
    async with gateway.http.stream("GET", f"{API}/{ids['conversation']}/events") as response:
        events = events_of(response)
        assert (await anext(events)).data["conversation"]["title"] == "first"
        program = await Store.open(gateway.folder / "conversations.db")
        await program.rename(ids["conversation"], "Renamed elsewhere")
        await program.aclose()
        assert (await anext(events)).data["conversation"]["title"] == "Renamed elsewhere"


async def test_every_stream_is_closed_properly_when_the_server_stops(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((TextDelta("kept"), asyncio.Event()))
    ids = [await gateway.start(f"number {number}") for number in range(8)]
    followers = [
        asyncio.create_task(read_to_the_end(gateway, f"{API}/{one['conversation']}/events"))
        for one in ids
        for _ in "ab"
    ]
    await asyncio.wait(followers, timeout=0.5)
    started_s = asyncio.get_running_loop().time()
    await gateway.backend.service.aclose()
    await gateway.server.stop()
    assert asyncio.get_running_loop().time() - started_s < 2.5
    for events in await asyncio.gather(*followers):
        assert [event.name for event in events][-2:] == ["ended", "closing"]
        assert events[-2].data["turn"]["status"] == "interrupted"
        assert events[-2].data["turn"]["text"] == "kept"


async def read_to_the_end(gateway: Gateway, path: str) -> list[Event]:
    async with gateway.http.stream("GET", path) as response:
        return [event async for event in events_of(response)]


@pytest.mark.parametrize("seed", range(3))
async def test_a_reader_cut_at_any_byte_ends_with_the_stored_text(seed: int, make_gateway: MakeGateway) -> None:
    random = Random(seed)
    steps: list[Step] = [ThinkingDelta("well "), ThinkingDelta("then"), PartEnd()]
    for number in range(600):
        steps += [TextDelta(random.choice(["word ", "\n\n", "é", "👩‍💻 ", 'quote" ', "data: x\n"])), 0.001]
        steps += [PartEnd()] if number % 97 == 0 else []
    gateway = await make_gateway((*steps, Stopped("end_turn")))
    ids = await gateway.start()
    place, text, last_id = f"{API}/{ids['conversation']}/events", "", f"{ids['reply']}:0"
    for _ in range(30):
        cut, data = random.randrange(1, 9_000), b""
        async with gateway.http.stream("GET", place, headers={"last-event-id": last_id}) as response:
            async for piece in response.aiter_raw():
                data += piece
                if len(data) >= cut or b"event: ended" in data:
                    break
        for event in whole_events(data[:cut]):
            text, last_id = text_of([event], text), event.event_id or last_id
        if last_id.endswith(":end"):
            break
    else:
        await gateway.ended(ids["conversation"])
        async with gateway.http.stream("GET", place, headers={"last-event-id": last_id}) as response:
            text = text_of(await until(response, "ended"), text)
    stored = await gateway.store.conversation(ids["conversation"])
    assert text == stored.turns[-1].text
    assert len(text) > 600


def whole_events(data: bytes) -> list[Event]:
    """Return the events that arrived whole before a connection was cut."""
    events = []
    for block in data.decode(errors="replace").split("\n\n")[:-1]:
        fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
        if "data" in fields:
            events.append(Event(fields.get("event", ""), json.loads(fields["data"]), fields.get("id", "")))
    return events


async def test_a_client_that_does_not_read_is_cut_and_the_others_get_everything(
    make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui_chat.gateway.stream_response.SEND_TIMEOUT_S", 1.0)
    filler = "x" * 2_000
    steps: list[Step] = [TextDelta(filler) for _ in range(3_000)]
    for at in range(0, 3_000, 50):
        steps.insert(at, 0.02)
    gateway = await make_gateway((*steps, Stopped("end_turn")))
    ids = await gateway.start()
    host, _, port = gateway.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
    place = f"{API}/{ids['conversation']}/events"
    writer.write(
        f"GET {place} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {gateway.token}\r\n\r\n".encode()
    )
    async with gateway.http.stream("GET", place) as response:
        events = await until(response, "ended")
    assert text_of(events) == filler * 3_000
    for _ in range(100):
        streams = (await gateway.http.get("/api/v1/metrics")).json()["streams"]
        if "stalled" in {stream["outcome"] for stream in streams}:
            break
        await asyncio.sleep(0.1)
    else:
        raise AssertionError(f"it was not cut: {streams}")
    writer.close()
    assert reader is not None

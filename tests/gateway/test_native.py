"""The native API: conversations, search, turns."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.gateway.conftest import API, MakeGateway, events_of, until
from tui_chat.core.error import Overloaded
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.gateway import backend
from tui_chat.gateway.backend import MOST_REPLIES, GatewayOptions

HELLO = (TextDelta("Hel"), TextDelta("lo"), UsageReported(Usage(3, output_tokens=2)), Stopped("end_turn"))


def endless() -> tuple[object, ...]:
    return (TextDelta("on and "), asyncio.Event())


async def test_a_prompt_is_stored_before_the_answer_is_sent(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(endless())
    ids = await gateway.start("remember this", model="demo/tour", system="Be brief.")
    stored = await gateway.store.conversation(ids["conversation"])
    assert [turn.text for turn in stored.turns if turn.role is Role.USER] == ["remember this"]
    assert stored.turns[1].id == ids["reply"]
    assert stored.system == "Be brief."


async def test_a_conversation_is_listed_read_and_found(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    ids, _ = await gateway.started_and_ended("a question about kestrels")
    listed = (await gateway.http.get(API)).json()["conversations"]
    assert [(row["id"], row["title"]) for row in listed] == [(ids["conversation"], "a question about kestrels")]
    whole = (await gateway.http.get(f"{API}/{ids['conversation']}")).json()
    prompt, reply = whole["turns"]
    assert (prompt["role"], reply["text"], reply["status"]) == ("user", "Hello", "complete")
    assert reply["usage"]["output_tokens"] == 2 and reply["cost_usd"] == "5"
    hits = (await gateway.http.get("/api/v1/search", params={"q": "kestrels"})).json()["hits"]
    assert [hit["turn_id"] for hit in hits] == [ids["prompt"]]


async def test_pages_of_the_list_follow_the_cursor(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    for number in range(5):
        await gateway.started_and_ended(f"number {number}")
    titles, cursor = [], ""
    while True:
        page = (await gateway.http.get(API, params={"limit": 2, "cursor": cursor})).json()
        titles += [row["title"] for row in page["conversations"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert titles == [f"number {number}" for number in reversed(range(5))]
    assert (await gateway.http.get(API, params={"cursor": "x"})).status_code == 400


async def test_send_retry_edit_continue_and_fork(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    ids, _ = await gateway.started_and_ended("first")
    place = f"{API}/{ids['conversation']}"
    second = (await gateway.http.post(f"{place}/turns", json={"text": "second"})).json()
    await gateway.ended(ids["conversation"])
    again = (await gateway.http.post(f"{place}/turns/{second['reply']}/retry")).json()
    await gateway.ended(ids["conversation"])
    edited = (await gateway.http.post(f"{place}/turns/{second['prompt']}/edit", json={"text": "other"})).json()
    stored = await gateway.ended(ids["conversation"])
    assert stored.turn(second["prompt"]).parent_id == ids["reply"]
    assert stored.turn(again["reply"]).parent_id == second["prompt"]
    assert stored.turn(edited["prompt"]).parent_id == ids["reply"]
    assert [turn.text for turn in stored.path] == ["first", "Hello", "other", "Hello"]
    forked = await gateway.http.post(f"{place}/turns/{second['reply']}/fork")
    assert forked.status_code == 201
    assert [turn["text"] for turn in forked.json()["turns"]] == ["first", "Hello", "second", "Hello"]
    continued = await gateway.http.post(f"{place}/turns/{edited['reply']}/continue")
    assert continued.status_code == 202
    stored = await gateway.ended(ids["conversation"])
    assert stored.turn(continued.json()["reply"]).text == "HelloHello"


async def test_a_prompt_after_an_earlier_turn_is_a_branch(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    ids, _ = await gateway.started_and_ended("first")
    place = f"{API}/{ids['conversation']}/turns"
    for text in ("one", "two"):
        sent = await gateway.http.post(place, json={"text": text, "after": ids["reply"]})
        assert sent.status_code == 202
        await gateway.ended(ids["conversation"])
    stored = await gateway.store.conversation(ids["conversation"])
    assert [turn.text for turn in stored.children_of(ids["reply"])] == ["one", "two"]
    assert (await gateway.http.post(place, json={"text": "x", "after": "nowhere"})).status_code == 404


async def test_the_same_client_request_id_sends_a_prompt_once(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    sent = [gateway.start("once", client_request_id="a") for _ in range(3)]
    first, *others = await asyncio.gather(*sent)
    assert all(other == first for other in others)
    await gateway.ended(first["conversation"])
    assert await gateway.start("once", client_request_id="a") == first
    assert len(await gateway.conversations()) == 1
    assert (await gateway.start("once", client_request_id="b")) != first


async def test_cancel_keeps_what_arrived(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(endless())
    ids = await gateway.start()
    await gateway.arrived(ids["conversation"], "on and ")
    answer = await gateway.http.post(f"{API}/{ids['conversation']}/cancel")
    assert answer.json() == {"cancelled": True}
    stored = await gateway.ended(ids["conversation"])
    assert (stored.turn(ids["reply"]).status, stored.turn(ids["reply"]).text) == (TurnStatus.CANCELLED, "on and ")
    assert (await gateway.http.post(f"{API}/{ids['conversation']}/cancel")).json() == {"cancelled": False}


async def test_a_lost_client_ends_nothing(make_gateway: MakeGateway) -> None:
    go_on = asyncio.Event()
    gateway = await make_gateway((TextDelta("first "), go_on, TextDelta("second"), Stopped("end_turn")))
    headers = {"accept": "text/event-stream"}
    async with gateway.http.stream("POST", API, json={"text": "hi"}, headers=headers) as response:
        conversation_id = response.headers["x-conversation-id"]
        await until(response, "text")
    go_on.set()
    stored = await gateway.ended(conversation_id)
    assert (stored.turns[-1].text, stored.turns[-1].status) == ("first second", TurnStatus.COMPLETE)


async def test_a_second_prompt_while_a_reply_streams_answers_409(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(endless())
    ids = await gateway.start()
    answer = await gateway.http.post(f"{API}/{ids['conversation']}/turns", json={"text": "more"})
    assert answer.status_code == 409
    assert answer.headers["x-should-retry"] == "false"
    assert answer.json()["error"]["message"] == "A reply is still streaming here."
    assert "cancel it" in answer.json()["error"]["next_step"]


async def test_the_stream_of_a_prompt_ends_with_the_stored_turn(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway((Overloaded("busy"),), HELLO)
    headers = {"accept": "text/event-stream"}
    async with gateway.http.stream("POST", API, json={"text": "hi"}, headers=headers) as response:
        events = [event async for event in events_of(response)]
    names = [event.name for event in events]
    assert names[0] == "started" and names[-1] == "ended"
    assert {"retry", "text", "usage"} <= set(names)
    assert "".join(event.data["text"] for event in events if event.name == "text") == "Hello"
    ended = events[-1].data["turn"]
    (stored,) = await gateway.conversations()
    assert (ended["id"], ended["text"]) == (stored.turns[-1].id, "Hello")


async def test_what_is_wrong_in_a_body_is_named(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    wrong = {"text": ("", 3), "model": (5, "unknown/x", "nothing"), "max_tokens": (0, "x", True), "temperature": (3,)}
    for name, values in wrong.items():
        for value in values:
            answer = await gateway.http.post(API, json={"text": "hi", name: value})
            assert answer.status_code in (400, 404), (name, value)
            assert answer.json()["error"]["field"] == name
    answer = await gateway.http.post(API, content=b"{", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "invalid_json")
    assert await gateway.conversations() == []


async def test_a_conversation_is_changed_and_deleted(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    ids, _ = await gateway.started_and_ended("first")
    place = f"{API}/{ids['conversation']}"
    await gateway.http.post(f"{place}/turns/{ids['reply']}/retry")
    await gateway.ended(ids["conversation"])
    change = {"title": "New", "system": "Short.", "head": ids["reply"], "archived": True}
    changed = (await gateway.http.patch(place, json=change)).json()
    assert (changed["title"], changed["system"], changed["head"]) == ("New", "Short.", ids["reply"])
    assert changed["archived_at"] is not None
    assert (await gateway.http.get(API)).json()["conversations"] == []
    assert len((await gateway.http.get(API, params={"shelf": "archived"})).json()["conversations"]) == 1
    assert (await gateway.http.delete(place)).status_code == 204
    assert len((await gateway.http.get(API, params={"shelf": "trash"})).json()["conversations"]) == 1


async def test_an_own_token_sees_only_its_own(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    await gateway.started_and_ended("a secret kestrel")
    async with gateway.client(gateway.add_token("guest")) as guest:
        mine = (await guest.post(API, json={"text": "my kestrel"})).json()
        await gateway.ended(mine["conversation"])
        assert [row["id"] for row in (await guest.get(API)).json()["conversations"]] == [mine["conversation"]]
        hits = (await guest.get("/api/v1/search", params={"q": "kestrel"})).json()["hits"]
        assert {hit["conversation_id"] for hit in hits} == {mine["conversation"]}
        assert (await guest.get("/api/v1/usage")).json()["total"]["replies"] == 1
        forked = (await guest.post(f"{API}/{mine['conversation']}/turns/{mine['reply']}/fork")).json()
        assert (await guest.get(f"{API}/{forked['id']}")).status_code == 200
    assert len((await gateway.http.get(API)).json()["conversations"]) == 3


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{API}/ID", None),
        ("GET", f"{API}/ID/events", None),
        ("PATCH", f"{API}/ID", {"title": "x"}),
        ("DELETE", f"{API}/ID", None),
        ("POST", f"{API}/ID/turns", {"text": "x"}),
        ("POST", f"{API}/ID/cancel", None),
        ("POST", f"{API}/ID/turns/REPLY/retry", None),
        ("POST", f"{API}/ID/turns/PROMPT/edit", {"text": "x"}),
        ("POST", f"{API}/ID/turns/REPLY/continue", None),
        ("POST", f"{API}/ID/turns/REPLY/fork", None),
        ("POST", f"{API}/ID/approvals/c1", {"decision": "once"}),
        ("GET", f"{API}/ID/attachments/{'0' * 64}", None),
        ("GET", "/api/v1/events?conversations=ID", None),
        ("POST", "/api/v1/stream", {"message": "x", "conversationId": "ID"}),
        ("GET", "/api/v1/stream/ID", None),
        ("GET", "/api/chat/ID/stream", None),
        ("POST", "/api/chat/ID/stop", None),
        ("POST", "/api/chats/ID/stream", {"messages": [{"role": "user", "content": "x"}]}),
        ("POST", "/api/ask/demo", {"text": "x", "conversationId": "ID"}),
        ("POST", "/api/edit/demo", {"text": "x", "conversationId": "ID", "messageId": "PROMPT"}),
        ("POST", "/api/ask/demo/abort", {"conversationId": "ID"}),
    ],
)
async def test_to_an_own_token_anothers_conversation_is_a_missing_one(
    method: str, path: str, body: Any, make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await make_gateway(HELLO)
    theirs, before = await gateway.started_and_ended("a secret kestrel")
    guest_token = gateway.add_token("guest")
    opened = list[str]()
    monkeypatch.setattr(gateway.backend.service, "open", _noting(gateway.backend.service.open, opened))

    def filled(text: str, ids: dict[str, str]) -> str:
        for name, key in (("ID", "conversation"), ("REPLY", "reply"), ("PROMPT", "prompt")):
            text = text.replace(name, ids[key])
        return text

    async def answered(guest: httpx2.AsyncClient, ids: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        json_body = None if body is None else json.loads(filled(json.dumps(body), ids))
        answer = await guest.request(method, filled(path, ids), json=json_body)
        return answer.status_code, answer.content, {**answer.headers, "date": ""}

    async with gateway.client(guest_token) as guest:
        missing = await answered(guest, dict.fromkeys(("conversation", "reply", "prompt"), str(uuid4())))
        assert await answered(guest, theirs) == missing
        assert missing[0] == (204 if path.endswith(("/stream/ID", "chat/ID/stream")) else 404)
    # The time shows it as little: neither is looked up.
    assert opened == []
    assert await gateway.store.conversation(theirs["conversation"]) == before


def _noting(open_: Any, opened: list[str]) -> Any:
    def note(conversation_id: str) -> Any:
        opened.append(conversation_id)
        return open_(conversation_id)

    return note


async def test_limits_on_models_replies_and_dollars(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(endless(), options=GatewayOptions(port=0, models=("demo/tour",)))
    assert (await gateway.http.post(API, json={"text": "x", "model": "demo/other"})).status_code == 404
    for _ in range(MOST_REPLIES):
        await gateway.start()
    refused = await gateway.http.post(API, json={"text": "x"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
    assert len(await gateway.conversations()) == MOST_REPLIES


async def test_a_day_has_so_many_dollars(make_gateway: MakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "_BUDGET_CHECK_S", 0.0)
    gateway = await make_gateway(HELLO, options=GatewayOptions(port=0, usd_per_day=4.5))
    await gateway.started_and_ended()
    refused = await gateway.http.post(API, json={"text": "x"})
    assert refused.status_code == 429
    assert "$4.5 a day" in refused.json()["error"]["message"]


async def test_metrics_count_replies_and_refusals(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    await gateway.started_and_ended()
    await gateway.http.get(f"{API}/nothing")
    figures = (await gateway.http.get("/api/v1/metrics")).json()
    assert figures["replies"] == {"complete": 1}
    assert figures["refusals"] == {"404": 1}
    assert figures["median_ttft_ms"] is not None


@pytest.mark.parametrize("path", [f"{API}/x/events", "/api/v1/events"])
async def test_head_of_a_stream_answers_without_a_body(path: str, make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(HELLO)
    ids, _ = await gateway.started_and_ended()
    answer = await gateway.http.head(path.replace("/x/", f"/{ids['conversation']}/"))
    assert (answer.status_code, answer.content) == (200, b"")

"""Tools that the user turned on, in each dialect: asked where the client can answer, and off everywhere else."""

from decimal import Decimal
from typing import Any

import pytest

from tests.gateway.conftest import API, Gateway, MakeGateway, events_of
from tests.gateway.test_socket_routes import opened
from tests.support.tools import ScriptedToolbox, answer, calls
from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.part import ToolResultPart
from tui_chat.core.turn import Role
from tui_chat.service.dependencies import Policy
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.service.tool_limits import ToolLimits

CALL = calls(("c1", "act", '{"path": "b"}'))
POLICY = Policy(RetryPolicy(first_delay_s=0.01), save_interval_s=0.02, tools=ToolLimits(max_usd=Decimal(10**9)))


async def with_tools(gateway: Gateway) -> Conversation:
    """Return a conversation of the app in which tools are on, with a prompt and a reply."""
    service = gateway.backend.service
    made = service.new_conversation("demo/tour", options=Options(tools=("act", "look")))
    reply = await service.send(made, "one")
    await reply.wait()
    return await service.open(made.id)


@pytest.mark.parametrize(("decision", "ran"), [("once", ["c1"]), ("deny", []), ("stop", [])])
async def test_a_call_waits_for_an_answer_over_the_native_api(
    decision: str, ran: list[str], make_gateway: MakeGateway
) -> None:
    toolbox = ScriptedToolbox()
    gateway = await make_gateway(answer(), CALL, answer("After."), toolbox=toolbox, policy=POLICY)
    conversation = await with_tools(gateway)
    place = f"{API}/{conversation.id}"
    stream = gateway.http.stream(
        "POST", f"{place}/turns", json={"text": "two"}, headers={"accept": "text/event-stream"}
    )
    async with stream as response:
        seen = []
        async for event in events_of(response):
            seen.append(event)
            if event.name == "approval":
                assert (event.data["approval"]["summary"], toolbox.ran) == ("act b", [])
                reply = await gateway.http.post(f"{place}/approvals/c1", json={"decision": decision})
                assert reply.status_code == 200
    assert toolbox.ran == ran
    assert seen[-1].data["turn"]["status"] == "complete"
    (result,) = [
        part for part in (await gateway.ended(conversation.id)).path[-1].parts if isinstance(part, ToolResultPart)
    ]
    assert bool(result.is_error) is not bool(ran)


async def test_who_joins_later_gets_the_open_question(make_gateway: MakeGateway) -> None:
    gateway = await make_gateway(answer(), CALL, answer(), toolbox=ScriptedToolbox(), policy=POLICY)
    place = f"{API}/{(await with_tools(gateway)).id}"
    await gateway.http.post(f"{place}/turns", json={"text": "two"})
    for _ in range(2):
        async with gateway.http.stream("GET", f"{place}/events") as response:
            async for event in events_of(response):
                if event.name == "approval":
                    break
    await gateway.http.post(f"{place}/cancel")


async def openai_sends(gateway: Gateway, conversation: Conversation) -> None:
    await history(gateway, "/v1/chat/completions", conversation, "two")


async def openai_regenerates(gateway: Gateway, conversation: Conversation) -> None:
    await history(gateway, "/v1/chat/completions", conversation)


async def anthropic_sends(gateway: Gateway, conversation: Conversation) -> None:
    await history(gateway, "/v1/messages", conversation, "two")


async def history(gateway: Gateway, path: str, conversation: Conversation, prompt: str = "") -> None:
    """Send the shown branch with a new prompt, or without its last reply."""
    messages: list[Any] = [{"role": turn.role.value, "content": turn.text} for turn in conversation.path]
    messages = [*messages, {"role": "user", "content": prompt}] if prompt else messages[:-1]
    body = {"model": "demo/tour", "messages": messages, "max_tokens": 9}
    await sent(gateway, path, body, {"x-conversation-id": conversation.id})


async def use_chat_sends(gateway: Gateway, conversation: Conversation) -> None:
    messages = [{"role": turn.role.value, "content": turn.text} for turn in conversation.path]
    await sent(
        gateway, "/api/chat", {"id": conversation.id, "messages": [*messages, {"role": "user", "content": "two"}]}
    )


async def text_is_streamed(gateway: Gateway, conversation: Conversation) -> None:
    body = {"messages": [{"role": "user", "content": "two"}]}
    await sent(gateway, f"/api/chats/{conversation.id}/stream", body)


async def chunks_are_streamed(gateway: Gateway, conversation: Conversation) -> None:
    await sent(gateway, "/api/v1/stream", {"message": "two", "conversationId": conversation.id})


async def librechat_asks(gateway: Gateway, conversation: Conversation) -> None:
    await sent(gateway, "/api/ask/demo", {"text": "two", "conversationId": conversation.id})


async def librechat_regenerates(gateway: Gateway, conversation: Conversation) -> None:
    prompt = conversation.path[0].id
    body = {"text": "one", "conversationId": conversation.id, "overrideParentMessageId": prompt}
    await sent(gateway, "/api/ask/demo", body)


async def librechat_edits(gateway: Gateway, conversation: Conversation) -> None:
    body = {"text": "two", "conversationId": conversation.id, "messageId": conversation.path[0].id}
    await sent(gateway, "/api/edit/demo", body)


async def librechat_continues(gateway: Gateway, conversation: Conversation) -> None:
    await sent(gateway, "/api/edit/demo", {"conversationId": conversation.id, "messageId": conversation.path[1].id})


async def websocket_sends(gateway: Gateway, conversation: Conversation) -> None:
    socket = await opened(gateway)
    socket.send(sessionId=conversation.id, text="two")
    await socket.until("done")
    socket.close()


async def sent(gateway: Gateway, path: str, body: Any, headers: dict[str, str] | None = None) -> None:
    answered = await gateway.http.post(path, json=body, headers=headers)
    assert answered.status_code == 200, answered.text


@pytest.mark.parametrize(
    "send",
    [
        openai_sends,
        openai_regenerates,
        anthropic_sends,
        use_chat_sends,
        text_is_streamed,
        chunks_are_streamed,
        librechat_asks,
        librechat_regenerates,
        librechat_edits,
        librechat_continues,
        websocket_sends,
    ],
)
async def test_a_dialect_that_cannot_ask_gets_no_tools(send: Any, make_gateway: MakeGateway) -> None:
    toolbox = ScriptedToolbox()
    gateway = await make_gateway(answer(), answer("Another."), toolbox=toolbox, policy=POLICY)
    conversation = await with_tools(gateway)
    await send(gateway, conversation)
    first, second = gateway.provider.requests
    assert [tool.name for tool in first.tools] == ["act", "look"]
    assert (second.tools, second.options.tools, toolbox.ran) == ((), (), [])
    stored = await gateway.ended(conversation.id)
    assert len(stored.turns) > 2 and stored.options.tools == ("act", "look"), "what the user chose stays"


@pytest.mark.parametrize("verb", ["turns", "retry", "edit", "continue"])
async def test_a_token_of_its_own_conversations_gets_no_tools(verb: str, make_gateway: MakeGateway) -> None:
    toolbox = ScriptedToolbox()
    gateway = await make_gateway(answer(), answer(), toolbox=toolbox, policy=POLICY)
    async with gateway.client(gateway.add_token("friend")) as friend:
        ids = (await friend.post(API, json={"text": "one"})).json()
        await gateway.ended(ids["conversation"])
        await gateway.store.set_options(ids["conversation"], Options(tools=("act",)))
        turn = {"edit": ids["prompt"]}.get(verb, ids["reply"])
        path = f"/{verb}" if verb == "turns" else f"/turns/{turn}/{verb}"
        body = {} if verb in ("retry", "continue") else {"text": "two"}
        answered = await friend.post(f"{API}/{ids['conversation']}{path}", json=body)
        assert answered.status_code == 202, answered.text
    stored = await gateway.ended(ids["conversation"])
    assert (gateway.provider.requests[-1].tools, toolbox.ran) == ((), [])
    assert len([turn for turn in stored.turns if turn.role is Role.ASSISTANT]) == 2

"""Routes of the smaller dialects: AI SDK, plain streams, and LibreChat's older form.

Their clients cannot answer the approval of a tool, so no reply here gets tools.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, Turn
from tui_chat.gateway.backend import Backend
from tui_chat.gateway.body import Body
from tui_chat.gateway.chat_request import ChatRequest, Message
from tui_chat.gateway.dialects import ai_sdk, librechat
from tui_chat.gateway.dialects.ai_sdk import UiMessageStream
from tui_chat.gateway.dialects.ai_sdk_data import DataStream
from tui_chat.gateway.dialects.dialect import Dialect
from tui_chat.gateway.dialects.plain import ChunkEvents, DataLines, TextStream
from tui_chat.gateway.problem import Problem, wrong_field
from tui_chat.gateway.repeated_requests import Answer
from tui_chat.gateway.reply_response import answer_of, count_reply, stream_answer
from tui_chat.gateway.request import backend_of, check_turn, client_of, json_response, read_body, read_bytes
from tui_chat.gateway.stateless_reply import answer_history
from tui_chat.service.reply import Reply

_PROTOCOLS: Mapping[str, Callable[[], Dialect]] = {
    "ui": UiMessageStream,
    "data": DataStream,
    "text": TextStream,
    "content": partial(DataLines, "content"),
}


async def chat(request: Request) -> Response:
    """Answer a history in the form that the client reads: AI SDK 5 to 7, AI SDK 4, text, or lines of content."""
    data = await read_bytes(request)
    body = Body.parse(data)
    if "message" in body:
        sent = ChatRequest((Message(Role.USER, body.required_text("message")),), body.text("model"))
    else:
        sent = ai_sdk.parse(body)
    answer = await answer_history(request, sent, data)
    return await _stream(request, answer, _protocol_of(body))


def _protocol_of(body: Body) -> str:
    """Return the protocol that a client without a word about it reads."""
    if "id" not in body:
        return "content"
    is_new = "trigger" in body or any("parts" in item and "content" not in item for item in body.objects("messages"))
    return "ui" if is_new else "data"


async def _stream(request: Request, answer: Answer, default: str) -> Response:
    protocol = request.query_params.get("protocol", default)
    if protocol not in _PROTOCOLS:
        raise wrong_field("protocol", f"must be one of {', '.join(_PROTOCOLS)}")
    return await stream_answer(request, answer, _PROTOCOLS[protocol](), cut_on_failure=protocol == "text")


async def resume_chat(request: Request) -> Response:
    """Answer with the stream of the reply in flight from its start, or with 204 if there is none."""
    answer = await _live_answer(request)
    if answer is None:
        return Response(status_code=204)
    return await _stream(request, answer, "ui")


async def stop_chat(request: Request) -> Response:
    """Stop the reply in flight; what arrived is kept."""
    backend = backend_of(request)
    conversation = await backend.named_conversation(client_of(request), request.path_params["id"])
    return json_response({"stopped": await backend.service.cancel(conversation.id)})


async def _live_answer(request: Request) -> Answer | None:
    try:
        conversation = await backend_of(request).named_conversation(client_of(request), request.path_params["id"])
    except Problem:
        return None
    turn = next((turn for turn in reversed(conversation.turns) if turn.is_live), None)
    return None if turn is None else Answer(conversation.id, turn.parent_id or "", turn.id)


async def text_of_chat(request: Request) -> Response:
    """Send the last message to an existing conversation and answer with the text of the reply alone."""
    backend, client, body = backend_of(request), client_of(request), await read_body(request)
    messages = body.objects("messages")
    if not messages:
        raise Problem(400, "empty_messages", "Messages array must not be empty", field_name="messages")
    text = messages[-1].required_text("content")
    try:
        conversation = await backend.named_conversation(client, request.path_params["id"])
    except Problem:
        raise Problem(404, "chat_not_found", "Chat not found or access denied") from None
    reply = await _send(backend, conversation, text)
    return await stream_answer(request, answer_of(reply), TextStream(), cut_on_failure=True)


async def simple_stream(request: Request) -> Response:
    """Send a message and answer with `chunk`, `cost` and `done`; `form=plain` answers with lines of `{"chunk"}`."""
    backend, client, body = backend_of(request), client_of(request), await read_body(request)
    text, model = body.required_text("message"), body.text("model")
    if name := body.text("conversationId", most=200):
        conversation = await backend.named_conversation(client, name)
        conversation = replace(conversation, model=model or conversation.model)
    else:
        conversation = backend.new_conversation(client, model)
    reply = await _send(backend, conversation, text)
    return await stream_answer(request, answer_of(reply), _simple(request), early_errors=False)


async def simple_events(request: Request) -> Response:
    """Answer with the reply in flight from its start, for an EventSource; 204 ends its reconnecting."""
    answer = await _live_answer(request)
    if answer is None:
        return Response(status_code=204)
    return await stream_answer(request, answer, _simple(request), early_errors=False)


def _simple(request: Request) -> Dialect:
    return DataLines("chunk") if request.query_params.get("form") == "plain" else ChunkEvents()


async def _send(backend: Backend, conversation: Conversation, text: str) -> Reply:
    await backend.check_limits()
    conversation = replace(conversation, model=await backend.model_ref(conversation.model))
    reply = await backend.service.send(conversation.without_tools(), text)
    count_reply(backend, reply)
    return reply


async def librechat_ask(request: Request) -> Response:
    """Send a message, or answer one again, like LibreChat's older `ask`."""
    backend, body = backend_of(request), await read_body(request)
    conversation, is_new = await _librechat_conversation(request, body)
    await backend.check_limits()
    if (again := body.text("overrideParentMessageId")) and not is_new:
        check_turn(conversation, again)
        reply = await backend.service.retry(conversation.id, again, model=conversation.model, with_tools=False)
        return await _librechat_stream(request, reply)
    parent = body.text("parentMessageId")
    if not is_new and parent not in ("", librechat.ROOT):
        check_turn(conversation, parent)
        conversation = conversation.with_head(parent)
    elif not is_new and parent == librechat.ROOT:
        conversation = conversation.with_head(None)
    reply = await backend.service.send(conversation.without_tools(), body.required_text("text"))
    return await _librechat_stream(request, reply)


async def librechat_edit(request: Request) -> Response:
    """Edit a prompt, or continue a reply, with the text that the user gave it, like LibreChat's older `edit`."""
    backend, body = backend_of(request), await read_body(request)
    service = backend.service
    conversation, _ = await _librechat_conversation(request, body)
    # A client appends `_` to the id of a reply while it streams.
    turn_id = (body.text("responseMessageId") or body.required_text("messageId")).removesuffix("_")
    check_turn(conversation, turn_id)
    await backend.check_limits()
    if conversation.turn(turn_id).role is Role.ASSISTANT:
        text = body.required_text("generation") if "generation" in body else None
        reply = await service.continue_(conversation.id, turn_id, text=text, with_tools=False)
    else:
        text = body.required_text("text")
        reply = await service.edit(conversation.id, turn_id, text, model=conversation.model, with_tools=False)
    return await _librechat_stream(request, reply)


async def librechat_abort(request: Request) -> Response:
    """Stop the reply in flight and answer with its final message."""
    backend, client, body = backend_of(request), client_of(request), await read_body(request)
    # A key may hold the message's id behind the conversation's.
    name = (body.text("conversationId") or body.text("abortKey")).partition(":")[0]
    conversation = await backend.conversation(client, name)
    reply = backend.service.reply_in(conversation.id)
    if reply is None:
        raise Problem(404, "not_found", "No reply is streaming there.")
    reply.cancel()
    turn = (await reply.wait()).turn
    stored = await backend.conversation(client, conversation.id)
    return json_response(librechat.final_json(stored, _prompt_of(stored, turn), turn))


async def _librechat_conversation(request: Request, body: Body) -> tuple[Conversation, bool]:
    backend, client = backend_of(request), client_of(request)
    model = body.text("model")
    conversation_id = body.text("conversationId")
    if conversation_id in ("", "new"):
        return backend.new_conversation(client, await backend.model_ref(model)), True
    conversation = await backend.conversation(client, conversation_id)
    return replace(conversation, model=await backend.model_ref(model or conversation.model)), False


def _prompt_of(conversation: Conversation, reply: Turn) -> Turn:
    return reply if reply.parent_id is None else conversation.turn(reply.parent_id)


async def _librechat_stream(request: Request, reply: Reply) -> Response:
    backend = backend_of(request)
    count_reply(backend, reply)
    conversation = await backend.service.open(reply.conversation_id)
    dialect = librechat.LibreChatStream(conversation, _prompt_of(conversation, reply.turn))
    return await stream_answer(request, answer_of(reply), dialect, early_errors=False, pace_s=librechat.PACE_S)

"""Routes of the native API that start, stop and copy: send, retry, edit, continue, fork, cancel.

Tools that the user turned on stay on for a client that may answer their approvals, and for no other.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.core.conversation import Conversation, Options
from tui_chat.core.tool import Decision, Verdict
from tui_chat.gateway.backend import SOURCE
from tui_chat.gateway.body import Body
from tui_chat.gateway.dialects.dialect import EVENT_STREAM
from tui_chat.gateway.dialects.native import NativeDialect
from tui_chat.gateway.file_routes import attachments_in
from tui_chat.gateway.json_values import conversation_json
from tui_chat.gateway.problem import Problem, wrong_field
from tui_chat.gateway.repeated_requests import Answer
from tui_chat.gateway.reply_response import answer_headers, answer_of, count_reply, stream_answer
from tui_chat.gateway.request import backend_of, check_turn, client_of, conversation_of, json_response, read_body
from tui_chat.service.reply import Reply

_EFFORTS = 40


def options_in(body: Body) -> Options:
    return Options(
        body.count("max_tokens"),
        body.number("temperature", least=0, most=2),
        body.text("effort", most=_EFFORTS) or None,
        body.flag("thinking"),
    )


async def create_conversation(request: Request) -> Response:
    """Start a conversation with its first prompt."""
    backend, client, body = backend_of(request), client_of(request), await read_body(request)
    text = body.required_text("text")
    model = await backend.model_ref(body.text("model"))
    system = body.text("system") if "system" in body else None
    conversation = backend.new_conversation(client, model, system=system, options=options_in(body))
    if title := body.text("title"):
        conversation = replace(conversation, title=title)
    attachments = await attachments_in(backend, client, body)
    return await _answer(request, body, lambda: backend.service.send(conversation, text, attachments))


async def send(request: Request) -> Response:
    """Send a prompt at the end of the shown branch, or after a turn."""
    backend, client, body = backend_of(request), client_of(request), await read_body(request)
    text = body.required_text("text")
    conversation = await conversation_of(request)
    if after := body.text("after"):
        check_turn(conversation, after)
        conversation = conversation.with_head(after)
    model = await backend.model_ref(body.text("model") or conversation.model)
    options = options_in(body)
    if options == Options():
        options = conversation.options
    tools = conversation.options.tools if client.sees_all else ()
    changed = replace(conversation, model=model, options=replace(options, tools=tools))
    attachments = await attachments_in(backend, client, body)
    return await _answer(request, body, lambda: backend.service.send(changed, text, attachments))


async def retry(request: Request) -> Response:
    """Regenerate a reply as a sibling."""
    backend, client, body = backend_of(request), client_of(request), await read_body(request)
    conversation, turn_id = await _place(request)
    model = await backend.model_ref(body.text("model") or conversation.model)
    return await _answer(
        request,
        body,
        lambda: backend.service.retry(conversation.id, turn_id, model=model, with_tools=client.sees_all),
    )


async def edit(request: Request) -> Response:
    """Send an edited prompt as a sibling branch."""
    backend, client, body = backend_of(request), client_of(request), await read_body(request)
    conversation, turn_id = await _place(request)
    text = body.required_text("text")
    model = await backend.model_ref(body.text("model") or conversation.model)
    attachments = await attachments_in(backend, client, body) if "attachments" in body else None
    return await _answer(
        request,
        body,
        lambda: backend.service.edit(
            conversation.id, turn_id, text, model=model, attachments=attachments, with_tools=client.sees_all
        ),
    )


async def continue_(request: Request) -> Response:
    """Continue a reply that has stopped; with `text`, a sibling with that text."""
    backend, client, body = backend_of(request), client_of(request), await read_body(request)
    conversation, turn_id = await _place(request)
    await backend.model_ref(conversation.model)
    text = body.required_text("text") if "text" in body else None
    return await _answer(
        request,
        body,
        lambda: backend.service.continue_(conversation.id, turn_id, text=text, with_tools=client.sees_all),
    )


async def fork(request: Request) -> Response:
    """Copy the branch up to a turn into a new conversation."""
    backend, client = backend_of(request), client_of(request)
    conversation, turn_id = await _place(request)
    source, key = ("", "") if client.sees_all else (SOURCE, f"{client.name}/")
    forked = await backend.service.fork(conversation.id, turn_id, source=source, foreign_id=key)
    return json_response(conversation_json(forked), 201)


async def cancel(request: Request) -> Response:
    """Stop the reply in a conversation, also one of another program; what arrived is kept."""
    conversation = await conversation_of(request)
    return json_response({"cancelled": await backend_of(request).service.cancel(conversation.id)})


async def approve(request: Request) -> Response:
    """Answer a tool call that waits for permission."""
    backend, client, body = backend_of(request), client_of(request), await read_body(request)
    conversation = await conversation_of(request)
    decisions = {decision.value: decision for decision in (Decision.ONCE, Decision.DENY, Decision.STOP)}
    if (decision := decisions.get(body.text("decision"))) is None:
        raise wrong_field("decision", f"must be one of {', '.join(decisions)}")
    if not client.sees_all:
        raise Problem(403, "forbidden", "This token may not allow tools.", "Answer in the app.")
    reply = backend.service.reply_in(conversation.id)
    call_id = request.path_params["call"]
    if reply is None or call_id not in {approval.call.call_id for approval in reply.pending_approvals}:
        raise Problem(404, "not_found", "No such call waits here.", "The event `approval` names those that do.")
    await reply.answer(call_id, Verdict(decision, body.text("reason")))
    return json_response({"decision": decision.value})


async def _place(request: Request) -> tuple[Conversation, str]:
    """Return the conversation and the id of the turn that the path names."""
    conversation, turn_id = await conversation_of(request), request.path_params["turn"]
    check_turn(conversation, turn_id)
    return conversation, turn_id


async def _answer(request: Request, body: Body, start: Callable[[], Awaitable[Reply]]) -> Response:
    """Start the reply, unless a request with the same id did, and answer with where it is or with its stream."""
    backend, client = backend_of(request), client_of(request)
    request_id = body.text("client_request_id")
    if len(request_id) > 128:
        raise wrong_field("client_request_id", "must have at most 128 characters")

    async def started() -> Answer:
        await backend.check_limits()
        reply = await start()
        count_reply(backend, reply)
        return answer_of(reply)

    if request_id:
        key = f"{client.name} {request.url.path} {request_id}"
        answer = await backend.repeated.once(key, started, is_repeated=True)
    else:
        answer = await started()
    if EVENT_STREAM in request.headers.get("accept", ""):
        return await stream_answer(request, answer, NativeDialect(), early_errors=False)
    places = {"conversation": answer.conversation_id, "prompt": answer.prompt_id, "reply": answer.turn_id}
    return json_response(places, 202, answer_headers(answer))

"""Routes that speak the APIs of OpenAI and Anthropic."""

from starlette.requests import Request
from starlette.responses import Response

from tui_chat.core.provider import split_ref
from tui_chat.gateway.backend import DEFAULT_MODEL
from tui_chat.gateway.body import Body
from tui_chat.gateway.chat_request import ChatRequest
from tui_chat.gateway.dialects import anthropic, openai
from tui_chat.gateway.dialects.dialect import Dialect
from tui_chat.gateway.problem import Problem, failure_of
from tui_chat.gateway.reply_response import answer_headers, final_turn, stream_answer
from tui_chat.gateway.request import backend_of, client_of, json_response, read_body, read_bytes
from tui_chat.gateway.stateless import History
from tui_chat.gateway.stateless_reply import answer_history

_CREATED_AT = "1970-01-01T00:00:00Z"
"""Anthropic's list wants a date; none is known."""


async def chat_completions(request: Request) -> Response:
    """Answer like OpenAI's Chat Completions."""
    data = await read_bytes(request)
    chat = openai.parse(Body.parse(data))
    dialect = openai.OpenAIChunks(chat.model or DEFAULT_MODEL, include_usage=chat.include_usage)
    return await _answer(request, chat, data, dialect)


async def messages(request: Request) -> Response:
    """Answer like Anthropic's Messages."""
    data = await read_bytes(request)
    chat = anthropic.parse(Body.parse(data))
    return await _answer(request, chat, data, anthropic.AnthropicEvents(chat.model))


async def _answer(request: Request, chat: ChatRequest, data: bytes, dialect: Dialect) -> Response:
    answer = await answer_history(request, chat, data)
    ignored = {"x-ignored-fields": ", ".join(chat.ignored)} if chat.ignored else {}
    if chat.stream:
        return await stream_answer(request, answer, dialect, headers=ignored)
    turn = await final_turn(backend_of(request), answer)
    if (failure := failure_of(turn)) is not None:
        raise failure
    whole = openai.completion_json if isinstance(dialect, openai.OpenAIChunks) else anthropic.message_json
    content = whole(turn, chat.model or DEFAULT_MODEL)
    return json_response(content, headers={**answer_headers(answer), **ignored})


async def count_tokens(request: Request) -> Response:
    """Answer with the number of input tokens, as the provider counts them."""
    backend = backend_of(request)
    chat = anthropic.parse(await read_body(request), counts=True)
    history = History(backend, client_of(request), chat)
    count = await backend.service.count(history.as_conversation(await backend.model_ref(chat.model)))
    if count is None:
        raise Problem(501, "not_supported", f"The provider of {chat.model} cannot count tokens.")
    return json_response({"input_tokens": count})


async def list_models(request: Request) -> Response:
    """Answer with the models, like OpenAI or, to its clients, like Anthropic."""
    refs = [DEFAULT_MODEL, *(model.ref for model in await backend_of(request).models())]
    if "anthropic-version" in request.headers:
        data = [_anthropic_model(ref) for ref in refs]
        return json_response({"data": data, "has_more": False, "first_id": refs[0], "last_id": refs[-1]})
    return json_response({"object": "list", "data": [_openai_model(ref) for ref in refs]})


async def get_model(request: Request) -> Response:
    """Answer with one model."""
    name = request.path_params["model"]
    await backend_of(request).model_ref(name)
    return json_response(_anthropic_model(name) if "anthropic-version" in request.headers else _openai_model(name))


def _openai_model(ref: str) -> dict[str, object]:
    return {"id": ref, "object": "model", "created": 0, "owned_by": split_ref(ref)[0] or "tui-chat"}


def _anthropic_model(ref: str) -> dict[str, object]:
    return {"type": "model", "id": ref, "display_name": ref, "created_at": _CREATED_AT}

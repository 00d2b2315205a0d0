"""OpenAI's Chat Completions: the body of a request, the chunks of a stream, the whole answer."""

from tui_chat.core.conversation import Options
from tui_chat.core.event import ReplyEvent, RetryScheduled, TextDelta, ThinkingDelta, TurnEnded, TurnStarted
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.gateway.body import Body
from tui_chat.gateway.chat_request import ChatRequest, Message, read_messages
from tui_chat.gateway.dialects.data_url import from_base64, from_data_url
from tui_chat.gateway.dialects.dialect import COMMENT, Dialect, sse, sse_text
from tui_chat.gateway.json_values import Json, dollars
from tui_chat.gateway.problem import failure_of, wrong_field
from tui_chat.gateway.problem_response import openai_error

_REFUSED = ("tools", "functions", "logprobs", "top_logprobs", "logit_bias", "stop", "audio", "prediction")
_IGNORED = ("top_p", "frequency_penalty", "presence_penalty", "seed", "user", "service_tier", "safety_identifier")
_FINISHED = {
    "max_tokens": "length",
    "length": "length",
    "max_output_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
    "content_filter": "content_filter",
}


def parse(body: Body) -> ChatRequest:
    """Read a request; a field that would change the answer and cannot be obeyed is refused by name."""
    for name in _REFUSED:
        if body.raw(name) not in (None, [], {}, "", False, 0):
            raise wrong_field(name, "is not supported here; leave it out")
    if body.raw("n") not in (None, 1):
        raise wrong_field("n", "must be 1")
    if body.inner("response_format").text("type", "text") != "text":
        raise wrong_field("response_format", "must be text")
    if body.raw("modalities") not in (None, ["text"]):
        raise wrong_field("modalities", 'must be ["text"]')
    messages, system = read_messages(body, _message, system_roles=("system", "developer"))
    limits = [body.count(name) for name in ("max_completion_tokens", "max_tokens")]
    return ChatRequest(
        messages,
        body.text("model"),
        system,
        Options(
            next((limit for limit in limits if limit is not None), None),
            body.number("temperature", least=0, most=2),
            body.text("reasoning_effort", most=40) or None,
        ),
        stream=bool(body.flag("stream")),
        include_usage=bool(body.inner("stream_options").flag("include_usage")),
        store=body.flag("store"),
        key=body.inner("metadata").text("conversation_id", most=200),
        ignored=tuple(name for name in _IGNORED if body.raw(name) is not None),
    )


def _message(item: Body, role: Role) -> Message:
    if item.raw("tool_calls"):
        raise wrong_field(item.name("tool_calls"), "is not supported here")
    content = item.raw("content")
    if isinstance(content, str) or content is None:
        return Message(role, item.text("content"))
    texts, attachments = [], []
    for part in item.objects("content"):
        match part.text("type"):
            case "text" | "input_text" | "output_text":
                texts.append(part.text("text"))
            case "image_url":
                field = part.name("image_url.url")
                attachments.append(from_data_url(part.inner("image_url").required_text("url"), "", field))
            case "file":
                file = part.inner("file")
                name, data = file.text("filename", most=255), file.required_text("file_data")
                field = file.name("file_data")
                if data.startswith("data:"):
                    attachments.append(from_data_url(data, name, field))
                else:
                    attachments.append(from_base64(data, "application/pdf", name, field))
            case _:
                raise wrong_field(part.name("type"), "must be text, image_url or file")
    return Message(role, "\n\n".join(filter(None, texts)), tuple(attachments))


class OpenAIChunks(Dialect):
    def __init__(self, model: str, *, include_usage: bool = False) -> None:
        self._model = model
        self._include_usage = include_usage
        self._turn_id = ""
        self._created = 0

    def encode(self, event: ReplyEvent) -> bytes:
        match event:
            case TurnStarted(_, turn):
                self._turn_id, self._created = turn.id, int(turn.created_at.timestamp())
                first = self._chunk({"role": "assistant", "content": ""})
                first += self._chunk({"reasoning_content": turn.thinking}) if turn.thinking else b""
                return first + (self._chunk({"content": turn.text}) if turn.text else b"")
            case TextDelta(text):
                return self._chunk({"content": text})
            case ThinkingDelta(text):
                return self._chunk({"reasoning_content": text}) if text else b""
            case RetryScheduled():
                return COMMENT
            case TurnEnded(turn):
                return self._end(turn)
        return b""

    def _end(self, turn: Turn) -> bytes:
        done = sse_text("[DONE]")
        if (failure := failure_of(turn)) is not None:
            return sse(openai_error(failure)) + done
        last = self._chunk({}, finish_reason=finish_reason(turn), status=turn.status)
        if self._include_usage:
            last += sse({**self._head(), "choices": [], "usage": usage_json(turn)})
        return last + done

    def _chunk(self, delta: Json, finish_reason: str | None = None, status: TurnStatus | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        chunk = {**self._head(), "choices": [choice]}
        if status not in (None, TurnStatus.COMPLETE):
            chunk["x_status"] = status
        return sse(chunk)

    def _head(self) -> Json:
        return {
            "id": f"chatcmpl-{self._turn_id}",
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
        }


def finish_reason(turn: Turn) -> str:
    """Return why a reply ended, in OpenAI's words."""
    return _FINISHED.get(turn.stop_reason or "", "stop")


def completion_json(turn: Turn, model: str) -> Json:
    message: Json = {"role": "assistant", "content": turn.text, "refusal": None}
    message |= {"reasoning_content": turn.thinking} if turn.thinking else {}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish_reason(turn)}
    return {
        "id": f"chatcmpl-{turn.id}",
        "object": "chat.completion",
        "created": int(turn.created_at.timestamp()),
        "model": model,
        "choices": [choice],
        "usage": usage_json(turn),
    }


def usage_json(turn: Turn) -> Json | None:
    """Return tokens in OpenAI's words, with the exact cost; null where they are unknown."""
    usage = turn.usage
    if usage is None or usage.unknown:
        return None
    return {
        "prompt_tokens": usage.total_input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.thinking_tokens},
        "cost_usd": None if turn.cost is None else dollars(turn.cost.total_usd),
    }

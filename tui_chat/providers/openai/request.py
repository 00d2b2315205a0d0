"""A request of the core → the JSON body of a chat completion, as one dialect wants it. Pure."""

import base64
import copy
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from tui_chat.core.clean import valid_text
from tui_chat.core.conversation import Options
from tui_chat.core.error import ProviderError
from tui_chat.core.part import (
    AttachmentPart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.provider import Request, split_ref
from tui_chat.core.turn import Role, Turn
from tui_chat.providers.openai.chunks import WIRE
from tui_chat.providers.openai.dialects import Dialect, Json

_OTHER_NAME = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_DISPENSABLE = ("stream_options", "usage", *_OTHER_NAME)
"""Fields without which the request asks for the same."""
_NOT_TAKEN = re.compile(
    r"(un|not )(supported|known|recognized|expected|permitted|allowed)|extra|additional propert"
    r"|invalid (parameter|field)",
    re.IGNORECASE,
)
_TEXTUAL = ("application/json", "application/xml", "application/yaml", "application/toml", "application/x-sh")


def body_of(request: Request, dialect: Dialect) -> Json:
    """The whole body. A request that ends with a reply asks for that reply to be continued."""
    body: Json = {"model": request.model, "messages": messages_of(request, dialect), "stream": True}
    if dialect.stream_options:
        body["stream_options"] = {"include_usage": True}
    _merge(body, dialect.extra)
    _add_options(body, request.options, dialect)
    if dialect.continuation and body["messages"] and body["messages"][-1]["role"] == "assistant":
        body["messages"][-1] |= dialect.continuation.message
        _merge(body, dialect.continuation.body)
    return body


def is_continuation(request: Request) -> bool:
    """Whether it ends with a partial reply that is to be continued."""
    return bool(request.turns) and request.turns[-1].role is Role.ASSISTANT


def _add_options(body: Json, options: Options, dialect: Dialect) -> None:
    if options.max_tokens is not None:
        body[dialect.max_tokens] = options.max_tokens
    if options.temperature is not None:
        body["temperature"] = options.temperature
    if options.thinking is not None:
        _merge(body, dialect.thinking_on if options.thinking else dialect.thinking_off)
    if options.effort and dialect.effort and options.thinking is not False:
        nested: Any = options.effort
        for name in reversed(dialect.effort):
            nested = {name: nested}
        _merge(body, nested)


def _merge(body: Json, more: Mapping[str, Any]) -> None:
    """Add fields; objects on both sides become one."""
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(body.get(name), dict):
            _merge(body[name], value)
        else:
            body[name] = copy.deepcopy(value)


def relented(body: Json, refused: Collection[str]) -> Json:
    """The body without the fields a server would not take; a limit goes by its other name."""
    kept = {name: value for name, value in body.items() if name not in refused}
    for name, other in _OTHER_NAME.items():
        if name in body and name in refused and other not in refused:
            kept[other] = body[name]
    return kept


def unwanted_field(error: ProviderError, body: Json, refused: Collection[str]) -> str | None:
    """The field an error says the server does not know, if the request can do without it."""
    if error.status not in (400, 422) or not _NOT_TAKEN.search(error.message):
        return None
    candidates = (name for name in _DISPENSABLE if name in body and name not in refused)
    return next((name for name in candidates if re.search(rf"\b{name}\b", error.message)), None)


def messages_of(request: Request, dialect: Dialect) -> list[Json]:
    """The branch as messages: none empty, and no two in a row of the same side."""
    messages: list[Json] = []
    if request.system.strip():
        messages.append({"role": "system", "content": valid_text(request.system)})
    answered = _answered_calls(request.turns)
    for turn in request.turns:
        made = (
            _reply(turn, request, dialect, answered)
            if turn.role is Role.ASSISTANT
            else _prompt(turn, dialect, answered)
        )
        for message in made:
            _append(messages, message)
    return messages


def _append(messages: list[Json], message: Json) -> None:
    last = messages[-1] if messages else None
    if last is not None and last["role"] == message["role"] in ("user", "assistant") and not last.get("tool_calls"):
        last["content"] = _joined(last.get("content"), message.pop("content", None))
        last |= message
    else:
        messages.append(message)


def _joined(first: Any, second: Any) -> Any:
    """Two contents as one: text with a blank line between, or lists one after the other."""
    if not first or not second:
        return first or second
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_as_list(first), *_as_list(second)]


def _as_list(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _answered_calls(turns: Sequence[Turn]) -> frozenset[str]:
    """Calls that may go as calls: whole, the model's own, and with their result; servers refuse any other."""
    results = {part.call_id for turn in turns for part in turn.parts if isinstance(part, ToolResultPart)}
    calls = {
        part.call_id
        for turn in turns
        for part in turn.parts
        if isinstance(part, ToolCallPart) and not part.on_server and _is_object(part.input_json or "{}")
    }
    return frozenset(results & calls)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _prompt(turn: Turn, dialect: Dialect, answered: frozenset[str]) -> Iterator[Json]:
    """A user's turn: results of tools first, as messages of their own, then what was said."""
    content: list[Json] = []
    for part in turn.parts:
        if isinstance(part, ToolResultPart) and part.call_id in answered:
            yield {"role": "tool", "tool_call_id": part.call_id, "content": valid_text(part.text)}
        elif isinstance(part, AttachmentPart):
            content.append(_attachment(part, dialect))
        elif text := _as_text(part):
            content.append({"type": "text", "text": text})
    if content:
        yield {"role": "user", "content": _simplest(content)}


def _reply(turn: Turn, request: Request, dialect: Dialect, answered: frozenset[str]) -> Iterator[Json]:
    """A reply: its prose, its calls, and its thinking where this server made it and wants it back."""
    calls: list[Json] = []
    results: list[Json] = []
    texts: list[str] = []
    for part in turn.parts:
        if isinstance(part, ToolCallPart) and part.call_id in answered:
            function = {"name": part.name, "arguments": part.input_json or "{}"}
            calls.append({"id": part.call_id, "type": "function", "function": function})
        elif isinstance(part, ToolResultPart) and part.call_id in answered:
            results.append({"role": "tool", "tool_call_id": part.call_id, "content": valid_text(part.text)})
        elif text := _as_text(part):
            texts.append(text)
    message: Json = {"role": "assistant", "content": _prose(turn.parts, texts)}
    if calls:
        message["tool_calls"] = calls
    if dialect.returns_reasoning and split_ref(turn.model)[1] == request.model:
        message |= _returned(turn.parts, dialect.returns_reasoning)
    if message["content"] or calls:
        yield message
        yield from results


def _prose(parts: Iterable[Part], texts: list[str]) -> str:
    """The texts of a reply: as they stood where all is prose, else set apart."""
    only_prose = all(isinstance(part, TextPart | ThinkingPart) for part in parts)
    return ("" if only_prose else "\n\n").join(texts)


def _returned(parts: Iterable[Part], field: str) -> Json:
    """The thinking of a reply as its server sent it."""
    details: list[Any] = []
    for part in parts:
        if isinstance(part, ThinkingPart) and part.opaque is not None and part.opaque.wire == WIRE:
            details += json.loads(part.opaque.json).get(field, [])
    return {field: details} if details else {}


def _simplest(content: list[Json]) -> Any:
    """Plain text where there is nothing else; some servers know no lists."""
    if all(piece["type"] == "text" for piece in content):
        return "\n\n".join(piece["text"] for piece in content)
    return content


def _as_text(part: Part) -> str:
    """A part in words; what another wire made is told in brackets, thinking and unknown kinds are left out."""
    match part:
        case TextPart(text):
            return valid_text(text)
        case ToolCallPart(name=name, input_json=arguments):
            return valid_text(f"[called {name} with {arguments or 'nothing'}]")
        case ToolResultPart(text=text, is_error=failed):
            return valid_text(f"[{'the tool failed' if failed else 'the tool answered'}: {text}]")
        case AttachmentPart(name=name):
            return valid_text(f"[attached: {name}]")
    return ""


def _attachment(part: AttachmentPart, dialect: Dialect) -> Json:
    """A file: an image as such, a text as text, a document where the server takes one, else its name."""
    if not part.data:
        return {"type": "text", "text": _as_text(part)}
    if part.media_type.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": _data_url(part)}}
    if part.media_type.startswith("text/") or part.media_type in _TEXTUAL:
        text = part.data.decode("utf-8", "replace")
        return {"type": "text", "text": valid_text(f'<file name="{part.name}">\n{text}\n</file>')}
    if dialect.takes_files and part.media_type == "application/pdf":
        return {"type": "file", "file": {"filename": part.name, "file_data": _data_url(part)}}
    return {"type": "text", "text": _as_text(part)}


def _data_url(part: AttachmentPart) -> str:
    return f"data:{part.media_type};base64,{base64.b64encode(part.data).decode()}"

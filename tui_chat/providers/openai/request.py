"""Builds the JSON body of a chat completion for one dialect. No I/O."""

import base64
import copy
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any

from tui_chat.core.attachment import files_first
from tui_chat.core.clean import clean_line, valid_text
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
from tui_chat.core.provider_presets import Dialect
from tui_chat.core.tool import Tool
from tui_chat.core.turn import Role, Turn
from tui_chat.providers.openai.stream import WIRE

Json = dict[str, Any]

_ALTERNATIVE_NAMES = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_OPTIONAL_FIELDS = ("stream_options", "usage", "include", "store", *_ALTERNATIVE_NAMES)
"""Fields that a request can be sent without."""
_REJECTED = re.compile(
    r"(un|not )(supported|known|recognized|expected|permitted|allowed)|extra|additional propert"
    r"|invalid (parameter|field)",
    re.IGNORECASE,
)
_REASONING_TEXT = "reasoning_content"
_REJECTED_BY_TEXT = (
    (re.compile(r"encrypted content is not supported", re.IGNORECASE), "include"),
    (re.compile(r"reasoning.summar", re.IGNORECASE), "reasoning.summary"),
)
"""Errors that do not name the field that causes them: summaries of reasoning need a verified organization."""
_TEXT_TYPES = ("application/json", "application/xml", "application/yaml", "application/toml", "application/x-sh")


def request_body(request: Request, dialect: Dialect) -> Json:
    """Return the body. A request that ends with a reply asks for that reply to be continued."""
    body: Json = {"model": request.model, "messages": messages_of(request, dialect), "stream": True}
    if dialect.has_stream_options:
        body["stream_options"] = {"include_usage": True}
    if request.tools:
        body["tools"] = [{"type": "function", "function": function_of(tool)} for tool in request.tools]
    merge_fields(body, dialect.extra_fields)
    _add_options(body, request.options, dialect)
    if dialect.continuation and body["messages"] and body["messages"][-1]["role"] == "assistant":
        body["messages"][-1] |= dialect.continuation.message
        merge_fields(body, dialect.continuation.body)
    return body


def function_of(tool: Tool) -> Json:
    return {"name": tool.name, "description": tool.description, "parameters": json.loads(tool.schema_json)}


def is_continuation(request: Request) -> bool:
    """Return whether the request ends with a partial reply, which is to be continued."""
    return bool(request.turns) and request.turns[-1].role is Role.ASSISTANT


def _add_options(body: Json, options: Options, dialect: Dialect) -> None:
    if options.max_tokens is not None:
        body[dialect.max_tokens_field] = options.max_tokens
    if options.temperature is not None:
        body["temperature"] = options.temperature
    if options.thinking is not None:
        merge_fields(body, dialect.thinking_on if options.thinking else dialect.thinking_off)
    if options.effort and dialect.effort_path and options.thinking is not False:
        nested: Any = options.effort
        for name in reversed(dialect.effort_path):
            nested = {name: nested}
        merge_fields(body, nested)


def merge_fields(body: Json, more: Mapping[str, Any]) -> None:
    """Add fields to the body; objects that are in both are merged."""
    for name, value in more.items():
        if isinstance(value, Mapping) and isinstance(body.get(name), dict):
            merge_fields(body[name], value)
        else:
            body[name] = copy.deepcopy(value)


def without_rejected_fields(body: Json, rejected: Collection[str]) -> Json:
    """Return the body without these fields; the limit on tokens is sent under its other name."""
    kept = {name: value for name, value in body.items() if name not in rejected}
    for name, other in _ALTERNATIVE_NAMES.items():
        if name in body and name in rejected and other not in rejected:
            kept[other] = body[name]
    for path in rejected:
        name, dot, inner = path.partition(".")
        if dot and isinstance(fields := kept.get(name), dict):
            kept[name] = {key: value for key, value in fields.items() if key != inner}
            if not kept[name]:
                del kept[name]
    return kept


def rejected_field(error: ProviderError, body: Json, rejected: Collection[str]) -> str | None:
    """Return the field that the server rejects in its error, if the request can be sent without it."""
    if error.status not in (400, 422):
        return None
    for pattern, field in _REJECTED_BY_TEXT:
        if pattern.search(error.message) and _has_field(body, field):
            return field
    if not _REJECTED.search(error.message):
        return None
    candidates = (name for name in _OPTIONAL_FIELDS if name in body and name not in rejected)
    return next((name for name in candidates if re.search(rf"\b{name}\b", error.message)), None)


def _has_field(body: Json, path: str) -> bool:
    name, dot, inner = path.partition(".")
    return name in body and (not dot or inner in body[name])


def messages_of(request: Request, dialect: Dialect) -> list[Json]:
    """Return the branch as messages: none is empty, and roles alternate."""
    messages: list[Json] = []
    if request.system.strip():
        messages.append({"role": "system", "content": valid_text(request.system)})
    answered = answered_calls(request.turns)
    for turn in request.turns:
        turn_messages = (
            _reply_messages(turn, request, dialect, answered)
            if turn.role is Role.ASSISTANT
            else _prompt_messages(turn, dialect, answered)
        )
        for message in turn_messages:
            _append(messages, message)
    _only_in_tool_loops(messages)
    return messages


def _append(messages: list[Json], message: Json) -> None:
    last = messages[-1] if messages else None
    if last is not None and last["role"] == message["role"] in ("user", "assistant") and not last.get("tool_calls"):
        last["content"] = _joined(last.get("content"), message.pop("content", None))
        last |= message
    else:
        messages.append(message)


def _joined(first: Any, second: Any) -> Any:
    """Join two contents: texts with a blank line between them, lists by concatenation."""
    if not first or not second:
        return first or second
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    return [*_as_list(first), *_as_list(second)]


def _as_list(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def answered_calls(turns: Sequence[Turn]) -> frozenset[str]:
    """Return the ids of client-side calls with complete arguments and a result; servers reject any other call."""
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


def _prompt_messages(turn: Turn, dialect: Dialect, answered: frozenset[str]) -> Iterator[Json]:
    """Yield a user's turn: tool results first, as messages of their own, then text and files."""
    content: list[Json] = []
    for part in files_first(turn):
        if isinstance(part, ToolResultPart) and part.call_id in answered:
            yield {"role": "tool", "tool_call_id": part.call_id, "content": valid_text(part.text)}
        elif isinstance(part, AttachmentPart):
            content.append(attachment_content(part, takes_files=dialect.takes_files))
        elif text := as_text(part):
            content.append({"type": "text", "text": text})
    if content:
        yield {"role": "user", "content": _as_text_if_possible(content)}


def _reply_messages(turn: Turn, request: Request, dialect: Dialect, answered: frozenset[str]) -> Iterator[Json]:
    """Yield a reply: its text, its calls, and its reasoning where the server wants it back."""
    is_own = split_ref(turn.model)[1] == request.model
    calls: list[Json] = []
    results: list[Json] = []
    texts: list[str] = []
    for part in turn.parts:
        if isinstance(part, ToolCallPart) and part.call_id in answered:
            function = {"name": part.name, "arguments": part.input_json or "{}"}
            call = {"id": part.call_id, "type": "function", "function": function}
            calls.append(call | (_original_fields(part, "extra_content") if is_own else {}))
        elif isinstance(part, ToolResultPart) and part.call_id in answered:
            results.append({"role": "tool", "tool_call_id": part.call_id, "content": valid_text(part.text)})
        elif text := as_text(part):
            texts.append(text)
    message: Json = {"role": "assistant", "content": _prose(turn.parts, texts)}
    if calls:
        message["tool_calls"] = calls
    if is_own:
        for part in turn.parts:
            if isinstance(part, TextPart):
                message |= _original_fields(part, "extra_content")
        message |= _reasoning(turn.parts, dialect.reasoning_field)
    if message["content"] or calls:
        yield message
        yield from results


def _prose(parts: Iterable[Part], texts: list[str]) -> str:
    """Join the texts of a reply; with blank lines between them if it has other parts than text and thinking."""
    only_prose = all(isinstance(part, TextPart | ThinkingPart) for part in parts)
    return ("" if only_prose else "\n\n").join(texts)


def _reasoning(parts: Iterable[Part], field: str) -> Json:
    """Return the reasoning of a reply as its server sent it."""
    thinking = [part for part in parts if isinstance(part, ThinkingPart)]
    if field == _REASONING_TEXT:
        return {field: "".join(part.text for part in thinking)}
    details: list[Any] = []
    for part in thinking:
        details += _original_fields(part, field).get(field, [])
    return {field: details} if details else {}


def _original_fields(part: Part, name: str) -> Json:
    """Return this field of what the server of this wire sent with a part, if it sent that."""
    if part.opaque is None or part.opaque.wire != WIRE:
        return {}
    fields = json.loads(part.opaque.json)
    return {name: fields[name]} if name in fields else {}


def _only_in_tool_loops(messages: list[Json]) -> None:
    """Remove the text of the reasoning, except where tools are called and where their results are answered."""
    for before, message in zip([{}, *messages], messages, strict=False):
        if not message.get("tool_calls") and before.get("role") != "tool":
            message.pop(_REASONING_TEXT, None)


def _as_text_if_possible(content: list[Json]) -> Any:
    """Return a string if the content is only text, since some servers accept no lists."""
    if all(piece["type"] == "text" for piece in content):
        return "\n\n".join(piece["text"] for piece in content)
    return content


def as_text(part: Part) -> str:
    """Return a part as text: calls, results and files in brackets; empty for thinking and unknown kinds."""
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


def attachment_content(part: AttachmentPart, *, takes_files: bool) -> Json:
    """Return a file as an image, as text or as a document, whichever the server accepts; else only its name."""
    if not part.data:
        return {"type": "text", "text": as_text(part)}
    if part.media_type.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": _data_url(part)}}
    if part.media_type.startswith("text/") or part.media_type in _TEXT_TYPES:
        return {"type": "text", "text": _tagged_text(part)}
    if takes_files and part.media_type == "application/pdf":
        return {"type": "file", "file": {"filename": part.name, "file_data": _data_url(part)}}
    return {"type": "text", "text": as_text(part)}


def _tagged_text(part: AttachmentPart) -> str:
    """Return a text file in a tag that it cannot close: the tag has a hash of the file where the file holds one."""
    text = valid_text(part.data.decode("utf-8", "replace"))
    tag = "file"
    if "</file" in text.lower():
        tag += f"-{sha256(part.data).hexdigest()[:16]}"
    name = escape(clean_line(valid_text(part.name)))
    return f'<{tag} name="{name}">\n{text}\n</{tag}>'


def _data_url(part: AttachmentPart) -> str:
    return f"data:{part.media_type};base64,{base64.b64encode(part.data).decode()}"

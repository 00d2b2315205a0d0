"""Builds the parameters of a request from turns, attachments and options. Needs no network.

Blocks that came from this API are sent back unchanged; what the API would reject is left out.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tui_chat.core.attachment import files_first
from tui_chat.core.clean import valid_text
from tui_chat.core.part import (
    AttachmentPart,
    Opaque,
    OtherPart,
    Part,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.provider import Request
from tui_chat.core.tool import SERVER_TOOLS, WEB_FETCH, WEB_SEARCH, Tool
from tui_chat.core.turn import Role, Turn
from tui_chat.providers.anthropic.models import (
    default_max_tokens,
    is_legacy,
    takes_effort,
    takes_thinking_budget,
    thinking_budget,
)
from tui_chat.providers.anthropic.stream import WIRE

CURRENT_VERSION = "2026-10-21"
"""The newest version of the API that this program knows; a gateway may need an older one."""
_REPLY_FIRST_NOTE = "(The conversation begins with a reply.)"
_NOT_RUN = "This tool was not run."
_SERVER_TOOLS: dict[str, dict[str, Any]] = {
    WEB_SEARCH: {"type": "web_search_20250305", "name": "web_search"},
    WEB_FETCH: {"type": "web_fetch_20250910", "name": "web_fetch", "citations": {"enabled": True}},
}
"""The plain versions: later ones run code, which costs what no usage reports."""
_THINKING = ("thinking", "redacted_thinking")
_CALL_ID = re.compile(r"[a-zA-Z0-9_-]+")
_IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}

Block = dict[str, Any]
Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the API at one address accepts."""

    version: str = CURRENT_VERSION
    max_tokens: Mapping[str, int] = field(default_factory=dict)
    """The maximum output of each model, as far as its provider reported it."""

    @property
    def is_current(self) -> bool:
        """Whether the version is the newest that the program knows; dates compare as text."""
        return self.version >= CURRENT_VERSION


def message_params(request: Request, capabilities: Capabilities) -> dict[str, Any]:
    options = request.options
    max_tokens = options.max_tokens or capabilities.max_tokens.get(request.model) or default_max_tokens(request.model)
    thinking = _thinking_params(request, max_tokens, capabilities)
    params = {**count_params(request), "max_tokens": max_tokens, **thinking}
    if options.effort and takes_effort(request.model):
        params["output_config"] = {"effort": options.effort}
    thinks = "thinking" in params and params["thinking"]["type"] != "disabled"
    if options.temperature is not None and is_legacy(request.model) and not capabilities.is_current and not thinks:
        params["temperature"] = options.temperature
    if capabilities.is_current:
        params["cache_control"] = {"type": "ephemeral"}
    else:
        _add_cache_mark(params["messages"])
    return params


def count_params(request: Request) -> dict[str, Any]:
    """Return the parameters for counting input tokens."""
    params: dict[str, Any] = {
        "model": request.model,
        "messages": messages_of(request.turns, native_calls=bool(request.tools), is_paused=request.is_paused),
    }
    server_tools = [_SERVER_TOOLS[name] for name in SERVER_TOOLS if name in request.options.tools]
    if tools := [*map(_tool, request.tools), *server_tools]:
        params["tools"] = tools
    if request.system.strip():
        params["system"] = valid_text(request.system)
    return params


def _tool(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": json.loads(tool.schema_json)}


def partial_reply(request: Request) -> Turn | None:
    """Return the reply that the model is asked to continue, if there is one."""
    last = request.turns[-1] if request.turns and not request.is_paused else None
    return last if last is not None and last.role is Role.ASSISTANT else None


def trailing_space(turn: Turn | None) -> str:
    """Return the blank space at the end of a partial reply, which the API does not accept."""
    match turn.parts[-1:] if turn is not None else ():
        case (TextPart(text),):
            return text[len(text.rstrip()) :]
    return ""


def _thinking_params(request: Request, max_tokens: int, capabilities: Capabilities) -> dict[str, Any]:
    """Return the switch for thinking; nothing where the user did not set it, or where a reply is continued."""
    wanted = request.options.thinking
    if wanted is None or partial_reply(request) is not None:
        return {}
    if takes_thinking_budget(request.model):
        budget = thinking_budget(request.options.effort, max_tokens) if wanted else None
        return {"thinking": {"type": "enabled", "budget_tokens": budget}} if budget else {}
    if is_legacy(request.model):
        return {}
    if not wanted:
        return {"thinking": {"type": "disabled"}}
    display = {"display": "summarized"} if capabilities.is_current else {}
    return {"thinking": {"type": "adaptive", **display}}


def _add_cache_mark(messages: list[Message]) -> None:
    """Mark the last block of the last prompt, as older versions of the API need it."""
    for message in reversed(messages):
        if message["role"] == Role.USER.value:
            message["content"][-1] = {**message["content"][-1], "cache_control": {"type": "ephemeral"}}
            return


def messages_of(turns: Iterable[Turn], *, native_calls: bool = False, is_paused: bool = False) -> list[Message]:
    """Return the messages of a branch, which may end with a partial reply to continue.

    With `native_calls`, calls that came from another provider are sent as calls: text that looks like one would be
    imitated by a model that has tools. A reply that the API paused ends the messages as it is.
    """
    messages = _merge_roles((turn.role.value, list(_blocks(turn, native_calls))) for turn in turns)
    everything = [block for message in messages for block in message["content"]]
    called = {block.get("id") for block in everything if _is_call(block)}
    answered = {block.get("tool_use_id") for block in everything if _is_server_result(block)}
    to_be_run = _calls_to_be_run(messages)
    waiting = messages[-2] if to_be_run else None
    for message in filter(_is_reply, messages[:-1] if is_paused else messages):
        kept = answered | to_be_run if message is waiting else answered
        message["content"] = _drop_incomplete(message["content"], called, kept)
    messages = _merge_roles((message["role"], message["content"]) for message in messages)
    if messages and _is_reply(messages[-1]) and not is_paused:
        messages[-1]["content"] = _to_continue(messages[-1]["content"])
    _answer_calls(messages)
    if messages and _is_reply(messages[0]):
        messages.insert(0, {"role": Role.USER.value, "content": [_text(_REPLY_FIRST_NOTE)]})
    return [message for message in messages if message["content"]]


def _calls_to_be_run(messages: list[Message]) -> set[Any]:
    """Return the ids of the server calls that the API runs now that it gets the results of the client's calls."""
    match messages[-2:]:
        case [{"role": "assistant", "content": blocks}, {"content": content}]:
            results = {block.get("tool_use_id") for block in content if block.get("type") == "tool_result"}
            if any(block.get("type") == "tool_use" and block.get("id") in results for block in blocks):
                return {block.get("id") for block in filter(_is_server_call, blocks)}
    return set()


def _blocks(turn: Turn, native_calls: bool) -> Iterator[Block]:
    to_block = _user_block if turn.role is Role.USER else _reply_block
    result: Block | None = None
    for part in files_first(turn):
        if turn.role is not Role.USER and (originals := _original_blocks(part.opaque)):
            yield from originals
            continue
        block = _native_call(part) if native_calls and isinstance(part, ToolCallPart) else None
        if block is None and (block := to_block(part)) is None:
            continue
        if isinstance(part, AttachmentPart) and result is not None and block["type"] == "image":
            result["content"] = [*_as_blocks(result["content"]), block]
            continue
        result = block if block["type"] == "tool_result" and "is_error" not in block else None
        yield block


def _as_blocks(content: str | list[Block]) -> list[Block]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _native_call(part: ToolCallPart) -> Block | None:
    """Return a call as a block of this API; `None` where it has one already, or cannot have one."""
    is_ours = part.opaque is not None and part.opaque.wire == WIRE
    if is_ours or part.on_server or not _CALL_ID.fullmatch(part.call_id) or not _is_json(part.input_json or "{}"):
        return None
    arguments = json.loads(part.input_json or "{}")
    if not isinstance(arguments, dict):
        return None
    return {"type": "tool_use", "id": part.call_id, "name": part.name, "input": arguments}


def _user_block(part: Part) -> Block | None:
    match part:
        case TextPart(text):
            return _text(text) if text.strip() else None
        case AttachmentPart():
            return attachment_block(part)
        case ToolResultPart(call_id, text, is_error):
            block = {"type": "tool_result", "tool_use_id": call_id, "content": valid_text(text) or "(nothing)"}
            return {**block, "is_error": True} if is_error else block
        case OtherPart(_, opaque):
            return next(iter(_original_blocks(opaque)), None)
        case _:
            return None


def _reply_block(part: Part) -> Block | None:
    """Return a part of another provider as text."""
    match part:
        case TextPart(text) if text.strip():
            return _text(text)
        case ToolCallPart(_, name, input_json) if _is_json(input_json):
            return _text(f"[called {name} with {input_json}]")
        case ToolResultPart(_, text) if text:
            return _text(f"[a tool answered: {text}]")
        case AttachmentPart(name):
            return _text(f"[attached: {name}]")
        case _:
            return None


def _text(text: str) -> Block:
    return {"type": "text", "text": valid_text(text)}


def _original_blocks(opaque: Opaque | None) -> list[Block]:
    """Return the blocks of a part as this API sent them: several for a text with citations."""
    if opaque is None or opaque.wire != WIRE or not _is_json(opaque.json):
        return []
    blocks = json.loads(opaque.json)
    return [block for block in (blocks if isinstance(blocks, list) else [blocks]) if isinstance(block, dict)]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _merge_roles(contents: Iterable[tuple[str, list[Block]]]) -> list[Message]:
    """Return messages with alternating roles; empty ones are left out."""
    messages: list[Message] = []
    for role, blocks in contents:
        if not blocks:
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += blocks
        else:
            messages.append({"role": role, "content": list(blocks)})
    return messages


def _drop_incomplete(blocks: list[Block], called: set[Any], answered: set[Any]) -> list[Block]:
    """Remove what an interrupted reply left incomplete: server calls or results without the other, final thinking."""
    complete = [
        block
        for block in blocks
        if not (_is_server_call(block) and block.get("id") not in answered)
        and not (_is_server_result(block) and block.get("tool_use_id") not in called)
    ]
    while complete and complete[-1].get("type") in _THINKING:
        complete.pop()
    return complete


def _to_continue(blocks: list[Block]) -> list[Block]:
    """Return a partial reply as the API accepts it: no thinking, no open call, and no blank space at its end."""
    kept = [block for block in blocks if block.get("type") not in (*_THINKING, "tool_use")]
    if kept and kept[-1].get("type") == "text":
        kept[-1] = {**kept[-1], "text": kept[-1]["text"].rstrip()}
    return kept


def _answer_calls(messages: list[Message]) -> None:
    """Put a result for every client-side call at the start of the next message; other results become text."""
    calls: list[str] = []
    for message in messages:
        if _is_reply(message):
            calls = [block["id"] for block in message["content"] if block.get("type") == "tool_use"]
            continue
        results = {block["tool_use_id"]: block for block in message["content"] if block.get("type") == "tool_result"}
        rest = [
            block if block.get("type") != "tool_result" else _text(f"[a tool answered: {_words_of(block)}]")
            for block in message["content"]
            if block.get("type") != "tool_result" or block["tool_use_id"] not in calls
        ]
        message["content"] = [*(results.get(call) or _not_run(call) for call in calls), *rest]
        calls = []


def _words_of(result: Block) -> str:
    return " ".join(block["text"] for block in _as_blocks(result["content"]) if block["type"] == "text")


def _not_run(call_id: str) -> Block:
    return {"type": "tool_result", "tool_use_id": call_id, "content": _NOT_RUN, "is_error": True}


def _is_reply(message: Message) -> bool:
    return bool(message["role"] == Role.ASSISTANT.value)


def _is_call(block: Block) -> bool:
    return str(block.get("type")).endswith("tool_use")


def _is_server_call(block: Block) -> bool:
    return _is_call(block) and block.get("type") != "tool_use"


def _is_server_result(block: Block) -> bool:
    return str(block.get("type")).endswith("_tool_result")


def attachment_block(part: AttachmentPart) -> Block:
    """Return an image, a document, or a line with the reason why the file is not sent."""
    name = valid_text(part.name)
    media_type = part.media_type.partition(";")[0].strip().lower()
    if not part.data:
        return _note(f"[{name}: the file itself is not here]")
    if media_type in _IMAGES:
        return {"type": "image", "source": _base64(media_type, part.data)}
    if media_type == "application/pdf":
        return {"type": "document", "source": _base64(media_type, part.data), "title": name}
    try:
        text = part.data.decode()
    except UnicodeDecodeError:
        return _note(f"[{name}: a file of type {part.media_type or 'unknown'} that cannot be sent]")
    if not text.strip():
        return _note(f"[{name}: an empty file]")
    return {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": text},
        "title": name,
    }


def _base64(media_type: str, data: bytes) -> dict[str, Any]:
    return {"type": "base64", "media_type": media_type, "data": base64.b64encode(data).decode()}


def _note(text: str) -> Block:
    return {"type": "text", "text": text}

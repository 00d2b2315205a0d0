"""Builds the JSON body of a request to the Responses API. No I/O.

Nothing is stored at the provider: each request holds the whole branch, and the items of earlier replies go back as
they came, with the encrypted reasoning in them.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from tui_chat.core.attachment import files_first
from tui_chat.core.clean import valid_text
from tui_chat.core.conversation import Options
from tui_chat.core.part import AttachmentPart, OtherPart, Part, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.provider import Request, split_ref
from tui_chat.core.provider_presets import Dialect
from tui_chat.core.tool import WEB_SEARCH
from tui_chat.core.turn import Role, Turn
from tui_chat.providers.openai.request import (
    Json,
    answered_calls,
    as_text,
    attachment_content,
    function_of,
    merge_fields,
)
from tui_chat.providers.openai.responses_items import WIRE
from tui_chat.providers.values import list_of, text_of

_ENCRYPTS = re.compile(r"(?:o[1-9]|gpt-(?:[5-9]|\d\d)(?!.*chat)|grok-(?:3-mini|[4-9])(?!.*non-reasoning))")
"""Models whose reasoning comes encrypted; other models refuse a request for it."""
_NEEDS_OUTPUT = ("shell_call", "local_shell_call", "apply_patch_call", "computer_call")
"""Calls that are sent back only with their output, since the server may leave it to the client."""


def responses_body(request: Request, dialect: Dialect, provider: str, *, in_background: bool = False) -> Json:
    """Return the body. A reply in the background must be stored."""
    body: Json = {"model": request.model, "input": input_of(request, provider), "stream": True}
    body |= {"store": True, "background": True} if in_background else {"store": False}
    if request.system.strip():
        body["instructions"] = valid_text(request.system)
    tools = [{"type": "function", "strict": False, **function_of(tool)} for tool in request.tools]
    include: list[str] = []
    if WEB_SEARCH in request.options.tools:
        tools.append({"type": "web_search"})
        include.append("web_search_call.action.sources")
    if tools:
        body["tools"] = tools
    _add_options(body, request.options, dialect)
    if encrypts_reasoning(request.model):
        include.append("reasoning.encrypted_content")
        if request.options.thinking is not False:
            merge_fields(body, {"reasoning": {"summary": "auto"}})
    if include:
        body["include"] = include
    return body


def encrypts_reasoning(model: str) -> bool:
    """Return whether the model returns its reasoning encrypted, judged by its name behind any gateway."""
    return _ENCRYPTS.match(model.rpartition("/")[2]) is not None


def _add_options(body: Json, options: Options, dialect: Dialect) -> None:
    if options.max_tokens is not None:
        body["max_output_tokens"] = options.max_tokens
    if options.temperature is not None:
        body["temperature"] = options.temperature
    if options.thinking is not None:
        merge_fields(body, dialect.thinking_on if options.thinking else dialect.thinking_off)
    effort = body.pop("reasoning_effort", None)
    if options.effort and options.thinking is not False:
        effort = options.effort
    if effort:
        merge_fields(body, {"reasoning": {"effort": effort}})


def input_of(request: Request, provider: str) -> list[Json]:
    """Return the branch as input items."""
    answered = answered_calls(request.turns)
    items: list[Json] = []
    for turn in request.turns:
        if turn.role is Role.USER:
            items += _prompt_items(turn, answered)
        else:
            items += _reply_items(turn, request.model, provider, answered)
    return items


def _prompt_items(turn: Turn, answered: frozenset[str]) -> Iterator[Json]:
    """Yield a user's turn: tool results first, then one message with text and files."""
    content: list[Json] = []
    for part in files_first(turn):
        if isinstance(part, ToolResultPart) and part.call_id in answered:
            yield _call_output(part)
        elif isinstance(part, AttachmentPart):
            content.append(_input_file(part))
        elif text := as_text(part):
            content.append({"type": "input_text", "text": text})
    if not content:
        return
    is_text = all(piece["type"] == "input_text" for piece in content)
    yield {"role": "user", "content": "\n\n".join(piece["text"] for piece in content) if is_text else content}


def _reply_items(turn: Turn, model: str, provider: str, answered: frozenset[str]) -> list[Json]:
    """Return a reply: the items of this provider as they came, parts of other providers as messages."""
    turn_provider, turn_model = split_ref(turn.model)
    is_own, keeps_reasoning = turn_provider == provider, turn_model == model
    items: list[Json] = []
    has_lost_reasoning = False
    for part in turn.parts:
        item = _original_item(part) if is_own else None
        if item is not None and item.get("type") == "reasoning":
            if keeps_reasoning and (item.get("encrypted_content") or item.get("content")):
                items.append(item)
            else:
                has_lost_reasoning = True
        else:
            items += _part_items(part, item, answered)
    items = _without_incomplete(items)
    if has_lost_reasoning:
        # An item with an id is looked up together with the reasoning that led to it.
        items = [{name: value for name, value in item.items() if name != "id"} for item in items]
    return items


def _part_items(part: Part, item: Json | None, answered: frozenset[str]) -> Iterator[Json]:
    match part:
        case ToolCallPart(on_server=False):
            if part.call_id in answered:
                yield item or {
                    "type": "function_call",
                    "call_id": part.call_id,
                    "name": part.name,
                    "arguments": part.input_json or "{}",
                }
            elif text := as_text(part):
                yield _message(text)
        case ToolResultPart() if part.call_id in answered:
            yield _call_output(part)
        case ToolResultPart(opaque=None) | ThinkingPart():
            pass  # what a server's tool found is in the item of its call
        case OtherPart() | ToolResultPart():
            if item is not None:
                yield item
        case _:
            if item is not None:
                yield item
            elif text := as_text(part):
                yield _message(text)


def _without_incomplete(items: list[Json]) -> list[Json]:
    """Return the items without what an interruption left: calls without output, reasoning without a result."""
    outputs = {item.get("call_id") for item in items if text_of(item.get("type")).endswith("_call_output")}
    kept = [item for item in items if item.get("type") not in _NEEDS_OUTPUT or item.get("call_id") in outputs]
    while kept and kept[-1].get("type") == "reasoning":
        kept.pop()
    return kept


def _original_item(part: Part) -> Json | None:
    """Return the item of this wire that the part was made of, where the API takes it back."""
    opaque = part.opaque
    if opaque is None or opaque.wire != WIRE:
        return None
    try:
        item = json.loads(opaque.json)
    except ValueError:
        return None
    if not isinstance(item, dict) or (item.get("type") == "message" and not list_of(item.get("content"))):
        return None
    return item


def _message(text: str) -> Json:
    return {"role": "assistant", "content": text}


def _call_output(part: ToolResultPart) -> Json:
    return {"type": "function_call_output", "call_id": part.call_id, "output": valid_text(part.text)}


def _input_file(part: AttachmentPart) -> Json:
    """Return a file in the words of this API: an image, a document, or its text."""
    content: dict[str, Any] = attachment_content(part, takes_files=True)
    match content["type"]:
        case "image_url":
            return {"type": "input_image", "image_url": content["image_url"]["url"], "detail": "auto"}
        case "file":
            return {"type": "input_file", **content["file"]}
    return {"type": "input_text", "text": content["text"]}

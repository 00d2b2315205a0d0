"""Turns as messages that the API accepts: what it sent goes back unchanged, what it would refuse is left out."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

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
from tui_chat.core.turn import Role, Turn
from tui_chat.providers.anthropic.attachments import attachment_block
from tui_chat.providers.anthropic.stream import WIRE

Block = dict[str, Any]
Message = dict[str, Any]

_OPENING = "(The conversation begins with a reply.)"
_NOT_RUN = "This tool was not run."
_THINKING = ("thinking", "redacted_thinking")


def messages_of(turns: Iterable[Turn]) -> list[Message]:
    """The messages for a branch; it may end with a partial reply that is to be gone on with."""
    messages = _merged((turn.role.value, list(_blocks(turn))) for turn in turns)
    everything = [block for message in messages for block in message["content"]]
    called = {block.get("id") for block in everything if _is_call(block)}
    answered = {block.get("tool_use_id") for block in everything if _is_server_result(block)}
    for message in filter(_is_reply, messages):
        message["content"] = _without_halves(message["content"], called, answered)
    messages = _merged((message["role"], message["content"]) for message in messages)
    if messages and _is_reply(messages[-1]):
        messages[-1]["content"] = _as_beginning(messages[-1]["content"])
    _answer_calls(messages)
    if messages and _is_reply(messages[0]):
        messages.insert(0, {"role": Role.USER.value, "content": [_text(_OPENING)]})
    return [message for message in messages if message["content"]]


def _blocks(turn: Turn) -> Iterator[Block]:
    make = _user_block if turn.role is Role.USER else _reply_block
    for part in turn.parts:
        if (block := make(part)) is not None:
            yield block


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
            return _echo(opaque)
        case _:
            return None


def _reply_block(part: Part) -> Block | None:
    """What came over this wire goes back as it was; what came over another one becomes text."""
    if (echo := _echo(part.opaque)) is not None:
        return echo
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


def _echo(opaque: Opaque | None) -> Block | None:
    if opaque is None or opaque.wire != WIRE or not _is_json(opaque.json):
        return None
    block = json.loads(opaque.json)
    return block if isinstance(block, dict) else None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _merged(said: Iterable[tuple[str, list[Block]]]) -> list[Message]:
    """One message for each change of sides; the empty ones are left out."""
    messages: list[Message] = []
    for role, blocks in said:
        if not blocks:
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"] += blocks
        else:
            messages.append({"role": role, "content": list(blocks)})
    return messages


def _without_halves(blocks: list[Block], called: set[Any], answered: set[Any]) -> list[Block]:
    """A reply without what a cut left half: server calls or results that stand alone, thinking at the end."""
    whole = [
        block
        for block in blocks
        if not (_is_server_call(block) and block.get("id") not in answered)
        and not (_is_server_result(block) and block.get("tool_use_id") not in called)
    ]
    while whole and whole[-1].get("type") in _THINKING:
        whole.pop()
    return whole


def _as_beginning(blocks: list[Block]) -> list[Block]:
    """A partial reply to be gone on with: no thinking, no open call, and no blank space at its end."""
    kept = [block for block in blocks if block.get("type") not in (*_THINKING, "tool_use")]
    if kept and kept[-1].get("type") == "text":
        kept[-1] = {**kept[-1], "text": kept[-1]["text"].rstrip()}
    return kept


def _answer_calls(messages: list[Message]) -> None:
    """Every call of a tool here is answered at the start of the next message, and nothing else is an answer."""
    calls: list[str] = []
    for message in messages:
        if _is_reply(message):
            calls = [block["id"] for block in message["content"] if block.get("type") == "tool_use"]
            continue
        results = {block["tool_use_id"]: block for block in message["content"] if block.get("type") == "tool_result"}
        rest = [
            block if block.get("type") != "tool_result" else _text(f"[a tool answered: {block['content']}]")
            for block in message["content"]
            if block.get("type") != "tool_result" or block["tool_use_id"] not in calls
        ]
        message["content"] = [*(results.get(call) or _not_run(call) for call in calls), *rest]
        calls = []


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

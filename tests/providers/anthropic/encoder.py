"""Core events as the bytes of a message stream, and a provider for a server that sends them."""

import json
from typing import Any

import httpx2

from tests.providers.contract import ContractWire, Script
from tui_chat.core.event import (
    PartEnd,
    Stopped,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    UsageReported,
)
from tui_chat.core.secret import Secret
from tui_chat.core.usage import Usage
from tui_chat.providers.anthropic.provider import AnthropicProvider
from tui_chat.providers.config import ProviderConfig

KEY = "sk-ant-canary-0123456789abcdef"
MODEL = "claude-sonnet-5-5"


def sse(*events: dict[str, Any]) -> bytes:
    """Events as the API writes them."""
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in events
    )


def config(url: str, **more: Any) -> ProviderConfig:
    """A provider at that address, with a key."""
    found = {"find_key": lambda: Secret(KEY), "has_key": True, "timeout_s": 20.0, **more}
    return ProviderConfig("anthropic", "anthropic", url, **found)


def provider(url: str, **more: Any) -> AnthropicProvider:
    """The adapter, talking to a loopback server."""
    return AnthropicProvider(config(url, **more))


def over_transport(transport: httpx2.AsyncBaseTransport, **more: Any) -> AnthropicProvider:
    """The adapter, talking to no socket at all."""
    return AnthropicProvider(config("https://api.example", **more), transport=transport)


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.thinking_tokens},
    }


_ANNOUNCED: dict[type, dict[str, Any]] = {
    TextDelta: {"type": "text", "text": ""},
    ThinkingDelta: {"type": "thinking", "thinking": "", "signature": ""},
}


def encode(script: Script) -> bytes:
    """The body of a reply in which exactly these events come."""
    message = {"id": "msg_1", "role": "assistant", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}
    events: list[dict[str, Any]] = [{"type": "message_start", "message": message}, {"type": "ping"}]
    final: dict[str, Any] = {}
    index, open_kind = -1, None

    def announce(kind: object, block: dict[str, Any]) -> None:
        nonlocal index, open_kind
        index, open_kind = index + 1, kind
        events.append({"type": "content_block_start", "index": index, "content_block": block})

    def piece(**delta: str) -> None:
        events.append({"type": "content_block_delta", "index": index, "delta": delta})

    for event in script:
        match event:
            case TextDelta(text) | ThinkingDelta(text):
                if open_kind is not type(event):
                    announce(type(event), _ANNOUNCED[type(event)])
                word = "text" if isinstance(event, TextDelta) else "thinking"
                piece(type=f"{word}_delta", **{word: text})
            case ToolCallDelta(call_id, name, input_json):
                if open_kind != call_id:
                    announce(call_id, {"type": "tool_use", "id": call_id, "name": name, "input": {}})
                piece(type="input_json_delta", partial_json=input_json)
            case PartEnd():
                events.append({"type": "content_block_stop", "index": index})
                open_kind = None
            case UsageReported(usage):
                final = _usage(usage)
            case Stopped(reason):
                events.append({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": final})
                events.append({"type": "message_stop"})
    return sse(*events)


ANTHROPIC = ContractWire(
    "anthropic",
    lambda url, script: provider(url),
    encode,
    model=MODEL,
    error_body=lambda status, message: {"type": "error", "error": {"message": message}},
)

"""Core events as the bytes of a chat completion, and a provider for a server that sends them."""

import json
from typing import Any

from tests.providers.contract import ContractWire, Script
from tui_chat.core.event import PartEnd, Stopped, TextDelta, ThinkingDelta, ToolCallDelta, UsageReported
from tui_chat.core.secret import Secret
from tui_chat.core.usage import Usage
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.openai.provider import OpenAICompatibleProvider

KEY = "sk-canary-0123456789abcdef"


def provider(url: str, **more: Any) -> OpenAICompatibleProvider:
    """The adapter, talking to a loopback server."""
    found = {"find_key": lambda: Secret(KEY), "has_key": True, "timeout_s": 20.0, **more}
    return OpenAICompatibleProvider(ProviderConfig("p", found.pop("kind", "openai"), url, **found))


def _chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.total_input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "completion_tokens_details": {"reasoning_tokens": usage.thinking_tokens},
    }


def encode(script: Script) -> bytes:
    """The body of a reply in which exactly these events come."""
    chunks = [_chunk({"role": "assistant", "content": ""})]
    calls: list[str] = []
    usage: dict[str, Any] | None = None
    for event in script:
        match event:
            case TextDelta(text):
                chunks.append(_chunk({"content": text}))
            case ThinkingDelta(text):
                chunks.append(_chunk({"reasoning_content": text}))
            case ToolCallDelta(call_id, name, input_json):
                is_open = call_id in calls
                if not is_open:
                    calls.append(call_id)
                function = {"arguments": input_json} if is_open else {"name": name, "arguments": input_json}
                call = {"index": calls.index(call_id), "function": function}
                chunks.append(
                    _chunk({"tool_calls": [call if is_open else {**call, "id": call_id, "type": "function"}]})
                )
            case PartEnd():
                pass
            case UsageReported(reported):
                usage = _usage(reported)
            case Stopped(reason):
                chunks.append(_chunk({}, STOP_WORDS.get(reason, reason)))
    if usage is not None:
        chunks.append({"id": "c", "choices": [], "usage": usage})
    lines = [json.dumps(chunk, ensure_ascii=False) for chunk in chunks]
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()


STOP_WORDS = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
OPENAI = ContractWire("openai", lambda url, script: provider(url), encode, STOP_WORDS)

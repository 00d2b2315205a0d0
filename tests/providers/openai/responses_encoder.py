"""Core events as the bytes of a response of the Responses API, and a provider for a server that sends them."""

import json
from typing import Any

from tests.providers.contract import ContractWire, Script
from tests.providers.openai.encoder import provider
from tui_chat.core.event import PartEnd, Stopped, TextDelta, ThinkingDelta, ToolCallDelta, UsageReported
from tui_chat.core.usage import Usage


class _Encoder:
    """Writes the events of one response, item by item."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.items: list[dict[str, Any]] = []
        self._open: dict[str, Any] | None = None

    def add(self, kind: str, **fields: Any) -> None:
        self.events.append({"type": kind, "sequence_number": len(self.events), **fields})

    def open(self, kind: str, **fields: Any) -> dict[str, Any]:
        if self._open is None or self._open["type"] != kind or fields:
            self.close()
            self._open = {"type": kind, "id": f"{kind[:2]}_{len(self.items)}", **fields}
            self.add("response.output_item.added", output_index=len(self.items), item=dict(self._open))
        return self._open

    def text(self, kind: str, event: str, delta: str) -> None:
        item = self.open(kind)
        item["text"] = item.get("text", "") + delta
        index = {"summary_index": 0} if kind == "reasoning" else {"content_index": 0}
        self.add(event, output_index=len(self.items), item_id=item["id"], **index, delta=delta)

    def call(self, event: ToolCallDelta) -> None:
        item = self._open
        if item is None or item.get("call_id") != event.call_id:
            item = self.open("function_call", call_id=event.call_id, name=event.name, arguments="")
        item["arguments"] += event.input_json
        if event.input_json:
            name = "response.function_call_arguments.delta"
            self.add(name, output_index=len(self.items), item_id=item["id"], delta=event.input_json)

    def close(self) -> None:
        if self._open is None:
            return
        item, text = self._open, self._open.pop("text", None)
        if item["type"] == "message":
            item["content"] = [{"type": "output_text", "text": text, "annotations": []}]
        elif item["type"] == "reasoning":
            item |= {"summary": [{"type": "summary_text", "text": text}], "encrypted_content": "gAAAAABx"}
        self.add("response.output_item.done", output_index=len(self.items), item=item)
        self.items.append(item)
        self._open = None


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.total_input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cache_read_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.thinking_tokens},
        "total_tokens": usage.total_tokens,
    }


def encode(script: Script) -> bytes:
    """The body of a reply in which exactly these events come."""
    encoder, response = _Encoder(), dict[str, Any](id="resp_1", object="response", status="completed")
    encoder.add("response.created", response={**response, "status": "in_progress", "output": [], "usage": None})
    is_refusal = any(isinstance(event, Stopped) and event.reason == "refusal" for event in script)
    for event in script:
        match event:
            case TextDelta(text):
                encoder.text("message", f"response.{'refusal' if is_refusal else 'output_text'}.delta", text)
            case ThinkingDelta(text):
                encoder.text("reasoning", "response.reasoning_summary_text.delta", text)
            case ToolCallDelta():
                encoder.call(event)
            case PartEnd():
                encoder.close()
            case UsageReported(usage):
                response["usage"] = _usage(usage)
            case Stopped("max_tokens"):
                response |= {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    encoder.close()
    encoder.add(f"response.{response['status']}", response={**response, "output": encoder.items})
    return b"".join(
        f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
        for event in encoder.events
    )


STOP_WORDS = {"end_turn": "completed", "max_tokens": "max_output_tokens", "tool_use": "tool_calls"}
RESPONSES = ContractWire("responses", lambda url, script: provider(url, api="responses"), encode, STOP_WORDS)

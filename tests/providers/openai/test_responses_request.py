"""Branches of a conversation as requests to the Responses API, and what comes back to it unchanged."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.openai.test_provider import provider
from tests.providers.openai.test_request import prompt, reply
from tests.support.wire_server import Answer, Wire
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.conversation import Options
from tui_chat.core.error import RequestRefused
from tui_chat.core.part import (
    AttachmentPart,
    Opaque,
    OtherPart,
    Part,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from tui_chat.core.provider import Request
from tui_chat.core.provider_presets import DIALECTS, UNKNOWN_SERVER
from tui_chat.core.tool import Effect, Tool
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.providers.config import ProviderConfig
from tui_chat.providers.openai.address import dialect_of, uses_responses
from tui_chat.providers.openai.request import rejected_field, without_rejected_fields
from tui_chat.providers.openai.responses_items import WIRE
from tui_chat.providers.openai.responses_request import responses_body

REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAA=="}
MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "b"}]}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}


def opaque(item: dict[str, Any]) -> Opaque:
    return Opaque(WIRE, json.dumps(item))


def body(
    *turns: Turn, model: str = "gpt-6", kind: str = "openai", options: Options | None = None, system: str = ""
) -> dict[str, Any]:
    request = Request(model, turns, system, options or Options())
    return responses_body(request, DIALECTS.get(kind, UNKNOWN_SERVER), "p")


def sent(*parts: Part, model: str = "p/gpt-6") -> list[Any]:
    """The input items of a reply with these parts."""
    found: list[Any] = body(prompt("a"), reply(*parts, model=model), prompt("c"))["input"]
    return found[1:-1]


def test_a_plain_conversation_is_plain_strings_and_stored_nowhere() -> None:
    assert body(prompt("a"), reply("b"), prompt("c"), model="gpt-4o", system="s") == {
        "model": "gpt-4o",
        "stream": True,
        "store": False,
        "instructions": "s",
        "input": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ],
    }


def test_tools_are_offered_in_the_shape_of_this_api() -> None:
    tool = Tool("read_file", "Reads a file.", '{"type": "object"}', Effect.READ)
    made = responses_body(Request("gpt-6", (prompt("a"),), tools=(tool,)), DIALECTS["openai"], "p")
    assert made["tools"] == [
        {
            "type": "function",
            "name": "read_file",
            "description": "Reads a file.",
            "parameters": {"type": "object"},
            "strict": False,
        }
    ]


def test_web_search_is_run_by_the_provider() -> None:
    made = body(prompt("a"), model="gpt-4o", options=Options(tools=("web_search", "look")))
    assert made["tools"] == [{"type": "web_search"}]
    assert made["include"] == ["web_search_call.action.sources"]


@pytest.mark.parametrize(("api", "tool"), [("chat", "web_search"), ("chat", "web_fetch"), ("responses", "web_fetch")])
async def test_a_web_tool_that_the_api_lacks_is_refused_with_the_way_out(api: str, tool: str) -> None:
    request = Request("m", (prompt("a"),), options=Options(tools=(tool,)))
    async with provider("http://127.0.0.1:1", api=api) as made:
        with pytest.raises(RequestRefused, match=f"no {tool} here; /tools"):
            async for _ in made.stream(request):
                pass


def test_a_model_that_thinks_returns_its_reasoning_encrypted_with_a_summary() -> None:
    made = body(prompt("a"), options=Options(effort="high", max_tokens=99))
    assert made["include"] == ["reasoning.encrypted_content"]
    assert made["reasoning"] == {"effort": "high", "summary": "auto"}
    assert made["max_output_tokens"] == 99


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-5-chat-latest", "grok-4-1-fast-non-reasoning", "some-model"])
def test_other_models_are_not_asked_for_encrypted_reasoning(model: str) -> None:
    assert not {"include", "reasoning"} & set(body(prompt("a"), model=model))


@pytest.mark.parametrize("model", ["o3-mini", "gpt-5", "gpt-6.1-sol", "openai/gpt-5.2", "grok-4-fast", "gpt-12"])
def test_models_that_encrypt_are_recognised_behind_a_gateway_too(model: str) -> None:
    assert "include" in body(prompt("a"), model=model)


def test_thinking_that_is_switched_off_needs_no_summary() -> None:
    assert body(prompt("a"), options=Options(thinking=False))["reasoning"] == {"effort": "none"}


def test_the_items_of_a_reply_come_back_unchanged_and_in_order() -> None:
    server_call = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    other = {"type": "compaction", "id": "cmp_1", "encrypted_content": "x"}
    parts = (
        ThinkingPart("shown", opaque(REASONING)),
        ToolCallPart("ws_1", "web_search", "{}", True, opaque(server_call)),
        ToolResultPart("ws_1", "found"),
        OtherPart("compaction", opaque(other)),
        TextPart("b", opaque(MESSAGE)),
        OtherPart("citation: A"),
    )
    assert sent(*parts) == [REASONING, server_call, other, MESSAGE]


def test_calls_come_back_with_their_results_in_the_order_of_the_rounds() -> None:
    parts = (
        ThinkingPart("", opaque(REASONING)),
        ToolCallPart("call_1", "f", "{}", False, opaque(CALL)),
        ToolResultPart("call_1", "42"),
        TextPart("b", opaque(MESSAGE)),
    )
    result = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
    assert sent(*parts) == [REASONING, CALL, result, MESSAGE]


def test_reasoning_of_another_model_is_left_out_with_the_ids_that_point_to_it() -> None:
    parts = (ThinkingPart("", opaque(REASONING)), TextPart("b", opaque(MESSAGE)))
    without_id = {name: value for name, value in MESSAGE.items() if name != "id"}
    assert sent(*parts, model="p/gpt-5") == [without_id]
    assert sent(ThinkingPart("", opaque({**REASONING, "encrypted_content": None})), *parts[1:]) == [without_id]


def test_parts_of_another_provider_become_messages_and_calls_of_this_wire() -> None:
    parts = (
        ThinkingPart("", opaque(REASONING)),
        ToolCallPart("call_1", "f", '{"n": 1}'),
        ToolResultPart("call_1", "42"),
        TextPart("b", opaque(MESSAGE)),
    )
    assert sent(*parts, model="q/gpt-6") == [
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": '{"n": 1}'},
        {"type": "function_call_output", "call_id": "call_1", "output": "42"},
        {"role": "assistant", "content": "b"},
    ]


def test_what_an_interrupted_reply_left_is_not_sent() -> None:
    shell = {"type": "shell_call", "id": "sh_1", "call_id": "c1", "action": {}}
    parts = (
        TextPart("b", opaque(MESSAGE)),
        ToolCallPart("c1", "shell", "{}", True, opaque(shell)),
        ThinkingPart("", opaque(REASONING)),
    )
    assert sent(*parts) == [MESSAGE]
    output = {"type": "shell_call_output", "call_id": "c1", "output": []}
    answered = (*parts[:2], ToolResultPart("c1", "", opaque=opaque(output)))
    assert sent(*answered) == [MESSAGE, shell, output]


def test_a_call_without_a_result_is_reported_in_words() -> None:
    (item,) = sent(ToolCallPart("call_1", "f", "{}", False, opaque(CALL)))
    assert item == {"role": "assistant", "content": "[called f with {}]"}


def test_files_go_in_the_words_of_the_api() -> None:
    image = AttachmentPart("a.png", "image/png", b"x")
    document = AttachmentPart("b.pdf", "application/pdf", b"%PDF")
    text = AttachmentPart("c.txt", "text/plain", b"words")
    (item,) = body(prompt("see", image, document, text))["input"]
    assert [piece["type"] for piece in item["content"]] == ["input_image", "input_file", "input_text", "input_text"]
    assert item["content"][0]["image_url"] == "data:image/png;base64,eA=="
    assert item["content"][1]["filename"] == "b.pdf"
    assert "words" in item["content"][2]["text"]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ("Encrypted content is not supported with this model.", "include"),
        ("Your organization must be verified to generate reasoning summaries.", "reasoning.summary"),
    ],
)
def test_a_field_that_this_account_may_not_use_is_left_out(message: str, field: str) -> None:
    made = body(prompt("a"), options=Options(effort="low"))
    assert rejected_field(RequestRefused(message, status=400), made, ()) == field
    kept = without_rejected_fields(made, {field})
    assert kept != made
    assert rejected_field(RequestRefused(message, status=400), kept, {field}) is None
    assert kept["reasoning"]["effort"] == "low"


@pytest.mark.parametrize(
    ("config", "model", "expected"),
    [
        (ProviderConfig("p", "openai"), "gpt-6", True),
        (ProviderConfig("p", "openai"), "gpt-4o-search-preview", False),
        (ProviderConfig("p", "openai", "https://eu.api.openai.com/v1"), "gpt-6", True),
        (ProviderConfig("p", "openai", "https://llm.example.com/v1"), "gpt-6", False),
        (ProviderConfig("p", "openai", "https://llm.example.com/v1", api="responses"), "gpt-6", True),
        (ProviderConfig("p", "openai", api="chat"), "gpt-6", False),
        (ProviderConfig("p", "azure", "https://a.openai.azure.com"), "mine", True),
        (ProviderConfig("p", "azure", "https://a.openai.azure.com", api_version="2024-10-21"), "mine", False),
        (ProviderConfig("p", "ollama"), "m", False),
        (ProviderConfig("p", "ollama", api="responses"), "m", True),
    ],
)
def test_the_api_is_the_one_of_the_settings_or_the_one_that_the_server_prefers(
    config: ProviderConfig, model: str, expected: bool
) -> None:
    assert uses_responses(config, dialect_of(config), model) is expected


def stream(*items: dict[str, Any]) -> Answer:
    """A response with these finished items."""
    events = [
        *({"type": "response.output_item.done", "output_index": at, "item": item} for at, item in enumerate(items)),
        {"type": "response.completed", "response": {"status": "completed", "output": list(items)}},
    ]
    return Answer([f"data: {json.dumps(event)}\n\n".encode() for event in events])


async def test_an_encrypted_reasoning_item_comes_back_unchanged_in_the_second_request() -> None:
    blank = replace(reply(model="p/gpt-6"), status=TurnStatus.STREAMING)
    built = TurnBuilder(blank)
    async with (
        Wire(stream(REASONING, CALL), stream(MESSAGE)) as server,
        provider(server.url, api="responses") as made,
    ):
        async for event in made.stream(Request("gpt-6", (prompt("a"),))):
            built.add(event)
        answer = replace(built.turn, parts=(*built.turn.parts, ToolResultPart("call_1", "42")))
        async for _ in made.stream(Request("gpt-6", (prompt("a"), answer))):
            pass
        paths = [seen.path for seen in server.requests]
        second = json.loads(server.requests[1].body)
    assert paths == ["/v1/responses"] * 2
    assert second["store"] is False
    assert second["input"] == [
        {"role": "user", "content": "a"},
        REASONING,
        CALL,
        {"type": "function_call_output", "call_id": "call_1", "output": "42"},
    ]


async def test_one_model_s_refusal_of_a_field_leaves_the_other_models_alone() -> None:
    refused = Answer.json({"error": {"message": "Encrypted content is not supported with this model."}}, status=400)
    answers = (refused, stream(MESSAGE), stream(MESSAGE), stream(MESSAGE))
    async with Wire(*answers) as server, provider(server.url, api="responses") as made:
        for model in ("gpt-5-odd", "gpt-5-odd", "gpt-6"):
            async for _ in made.stream(Request(model, (prompt("a"),))):
                pass
        bodies = [json.loads(seen.body) for seen in server.requests]
    assert [("include" in sent, sent["model"]) for sent in bodies] == [
        (True, "gpt-5-odd"),
        (False, "gpt-5-odd"),
        (False, "gpt-5-odd"),
        (True, "gpt-6"),
    ]

"""Lists of models in every shape servers give them."""

from typing import Any

import pytest

from tui_chat.core.provider import Model
from tui_chat.core.provider_presets import DIALECTS, Dialect
from tui_chat.providers.openai.models import models_in, with_details, with_running


@pytest.mark.parametrize(
    ("provider", "listing", "model"),
    [
        ("vllm", {"data": [{"id": "a/b", "object": "model", "max_model_len": 8192}]}, Model("vllm/a/b", "", 8192)),
        (
            "openrouter",
            {
                "data": [
                    {
                        "id": "v/m",
                        "name": "V: M",
                        "context_length": 200000,
                        "top_provider": {"context_length": 100000, "max_completion_tokens": 9000},
                        "supported_parameters": ["tools", "reasoning"],
                        "architecture": {"output_modalities": ["text"], "input_modalities": ["text", "image"]},
                    }
                ]
            },
            Model("openrouter/v/m", "V: M", 200000, 9000, True, ("low", "medium", "high"), True, True),
        ),
        (
            "groq",
            {"data": [{"id": "g", "active": True, "context_window": 131072, "max_completion_tokens": 32768}]},
            Model("groq/g", "", 131072, 32768),
        ),
        (
            "mistral",
            {
                "data": [
                    {
                        "id": "m",
                        "max_context_length": 32768,
                        "capabilities": {"completion_chat": True, "vision": False},
                    }
                ]
            },
            Model("mistral/m", "", 32768, can_see=False),
        ),
        (
            "together",
            [{"id": "t/x", "type": "chat", "display_name": "T X", "context_length": 4096}],
            Model("together/t/x", "T X", 4096),
        ),
        (
            "lmstudio",
            {"data": [{"id": "q", "type": "vlm", "max_context_length": 32768, "loaded_context_length": 4096}]},
            Model("lmstudio/q", "", 4096, can_see=True),
        ),
        (
            "llamacpp",
            {"models": [{"name": "q.gguf"}], "data": [{"id": "q.gguf", "meta": {"n_ctx_train": 40960}}]},
            Model("llamacpp/q.gguf", "", 40960),
        ),
        ("ollama", {"models": [{"name": "l:8b", "model": "l:8b", "details": {}}]}, Model("ollama/l:8b")),
        (
            "workersai",
            {
                "result": [
                    {
                        "id": "uuid",
                        "name": "@cf/x/y",
                        "properties": [{"property_id": "context_window", "value": "24000"}],
                    }
                ]
            },
            Model("workersai/@cf/x/y", "", 24000),
        ),
        (
            "litellm",
            {
                "data": [
                    {
                        "model_name": "big",
                        "litellm_params": {"model": "x/y"},
                        "model_info": {
                            "id": "h",
                            "max_input_tokens": 5,
                            "max_output_tokens": 3,
                            "supports_reasoning": True,
                        },
                    }
                ]
            },
            Model("litellm/big", "", 5, 3, True),
        ),
        ("openai", {"data": [{"id": "gpt-4.1"}]}, Model("openai/gpt-4.1")),
        (
            "openai",
            {"data": [{"id": "gpt-6-astra"}]},
            Model("openai/gpt-6-astra", can_think=True, efforts=("low", "medium", "high")),
        ),
        ("azure", {"data": [{"id": "o3"}]}, Model("azure/o3", can_think=True, efforts=("low", "medium", "high"))),
    ],
)
def test_a_list_reads_as_its_server_means_it(provider: str, listing: Any, model: Model) -> None:
    found = models_in(listing, provider, DIALECTS.get(provider, Dialect()))
    assert found == (model,)


@pytest.mark.parametrize(
    "entry",
    [
        {"id": "text-embedding-3-small"},
        {"id": "whisper-1"},
        {"id": "gpt-realtime"},
        {"id": "dall-e-3"},
        {"id": "x", "type": "embeddings"},
        {"id": "x", "capabilities": {"completion_chat": False}},
        {"id": "x", "architecture": {"output_modalities": ["image"]}},
        {"id": "x", "active": False},
        {"id": ""},
        {"created": 3},
        7,
    ],
)
def test_what_one_cannot_chat_with_is_left_out(entry: Any) -> None:
    assert models_in({"data": [entry, {"id": "chat"}]}, "p", DIALECTS["openai"]) == (Model("p/chat"),)


def test_a_model_listed_twice_is_one() -> None:
    assert len(models_in({"data": [{"id": "a"}, {"id": "a"}]}, "p", DIALECTS["openai"])) == 1


@pytest.mark.parametrize("listing", [{}, 3, None, {"data": None}, "x"])
def test_what_is_no_list_is_reported(listing: Any) -> None:
    with pytest.raises(ValueError, match="no list"):
        models_in(listing, "p", DIALECTS["openai"])


def test_ollamas_details_show_the_context_and_whether_it_thinks() -> None:
    details = {"model_info": {"qwen3.context_length": 40960, "x": 1}, "capabilities": ["completion", "thinking"]}
    blind = Model("ollama/q", "", 40960, None, True, can_see=False, can_use_tools=False)
    assert with_details(Model("ollama/q"), details) == blind
    details["capabilities"] += ["vision", "tools"]
    able = with_details(Model("ollama/q"), details)
    assert (able.can_see, able.can_use_tools) == (True, True)
    assert with_details(Model("ollama/q"), []) == Model("ollama/q")


def test_a_model_has_the_context_it_runs_with() -> None:
    models = (Model("here/a:1b", context_window=9000), Model("here/b:1b", context_window=9000))
    ollama = {"models": [{"name": "a:1b", "model": "a:1b", "context_length": 4096}, {"name": "c:1b"}]}
    found = with_running(models, ollama, "here", DIALECTS["ollama"])
    assert [model.context_window for model in found] == [4096, 9000]
    llamacpp = {"default_generation_settings": {"n_ctx": 2048}}
    assert {model.context_window for model in with_running(models, llamacpp, "here", DIALECTS["llamacpp"])} == {2048}
    for nothing in ({}, [], {"models": None}, {"default_generation_settings": {"n_ctx": 0}}):
        assert with_running(models, nothing, "here", DIALECTS["ollama"]) == models


@pytest.mark.parametrize(
    ("entry", "can"),
    [
        ({"supported_parameters": ["temperature"]}, False),
        ({"capabilities": {"function_calling": True}}, True),
        ({"capabilities": {"completion_chat": True}}, None),
        ({"supported_features": ["tools"]}, True),
        ({"model_info": {"supports_function_calling": False}}, False),
        ({}, None),
    ],
)
def test_a_list_reports_whether_a_model_uses_tools(entry: dict[str, Any], can: bool | None) -> None:
    (model,) = models_in({"data": [{"id": "m", **entry}]}, "p", DIALECTS["litellm"])
    assert model.can_use_tools is can

"""Usage as the providers send it, through the adapters' own readers, against bills worked out by hand.

Rates stand here in dollars per million tokens, as the providers published them; nothing is taken from the price list.
"""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tui_chat.core.usage import Price, Usage
from tui_chat.pricing.pricing import Pricing
from tui_chat.providers.anthropic.stream import UsageMeter
from tui_chat.providers.openai.usage import usage_in

EVENING = datetime(2026, 11, 20, 20, tzinfo=UTC)
STREAMS = Path(__file__).parents[2] / ".." / "shared" / "streams"
Json = dict[str, Any]


def usd(*terms: tuple[int, str]) -> Decimal:
    """Tokens times dollars per million, added up."""
    return sum((tokens * Decimal(rate) / 1_000_000 for tokens, rate in terms), Decimal(0))


def claude(model: str, *reports: Json) -> tuple[str, Usage]:
    """A message stream's `usage` objects: the one of its start, then those of its deltas."""
    meter = UsageMeter()
    for report in reports:
        meter.update(report)
    return f"anthropic/{model}", meter.usage


def openai(model: str, *chunks: Json) -> tuple[str, Usage | None]:
    """A completion stream's chunks; a later report replaces an earlier one."""
    usages = [usage for chunk in chunks if (usage := usage_in(chunk)) is not None]
    return model, usages[-1] if usages else None


def start(fresh: int, read: int = 0, five: int = 0, hour: int = 0) -> Json:
    return {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": five + hour,
        "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour},
        "output_tokens": 1,
        "service_tier": "standard",
    }


def end(output: int, **more: Any) -> Json:
    return {"output_tokens": output, **more}


def chunk(prompt: int, completion: int, **more: Any) -> Json:
    return {"usage": {"prompt_tokens": prompt, "completion_tokens": completion, **more}}


def cached(tokens: int, **more: int) -> Json:
    return {"prompt_tokens_details": {"cached_tokens": tokens, **more}}


def thought(tokens: int) -> Json:
    return {"completion_tokens_details": {"reasoning_tokens": tokens}}


SONNET, OPUS, HAIKU = "claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5"
SONNET_4_5 = "claude-sonnet-4-5"
SEARCHED = {"server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 9}}

CLAUDE: dict[str, tuple[tuple[str, Usage], Decimal]] = {
    "no cache": (claude(SONNET, start(1000), end(500)), usd((1000, "2"), (500, "10"))),
    "one token": (claude(SONNET, start(1), end(1)), usd((1, "2"), (1, "10"))),
    "nothing reported at all": (claude(SONNET, start(7), end(0)), usd((7, "2"))),
    "read": (claude(SONNET, start(3, read=50_000), end(200)), usd((3, "2"), (50_000, "0.1"), (200, "10"))),
    "written for 5 minutes": (claude(SONNET, start(3, five=8000), end(9)), usd((3, "2"), (8000, "2.5"), (9, "10"))),
    "written for an hour": (claude(SONNET, start(3, hour=8000), end(9)), usd((3, "2"), (8000, "4"), (9, "10"))),
    "written with its lifetime untold": (
        claude(SONNET, {"input_tokens": 3, "cache_creation_input_tokens": 8000, "output_tokens": 1}, end(9)),
        usd((3, "2"), (8000, "2.5"), (9, "10")),
    ),
    "everything at once": (
        claude(OPUS, start(11, read=20_000, five=300, hour=4000), end(1234)),
        usd((11, "4"), (20_000, "0.2"), (300, "5"), (4000, "8"), (1234, "20")),
    ),
    "thinking is within the output": (
        claude(SONNET, start(100), end(900, output_tokens_details={"thinking_tokens": 800})),
        usd((100, "2"), (900, "10")),
    ),
    "searches are billed by the piece, fetches are not": (
        claude(SONNET, start(12_000), end(300, **SEARCHED)),
        usd((12_000, "2"), (300, "10")) + 3 * Decimal("0.01"),
    ),
    "the input grew while tools ran": (
        claude(SONNET, start(43), end(10, input_tokens=61)),
        usd((61, "2"), (10, "10")),
    ),
    "deltas are cumulative": (
        claude(SONNET, start(10, read=5), end(10), end(20), end(30)),
        usd((10, "2"), (5, "0.1"), (30, "10")),
    ),
    "nulls keep what was reported before": (
        claude(SONNET, start(10, read=5, hour=7), end(3, input_tokens=None, cache_read_input_tokens=None)),
        usd((10, "2"), (5, "0.1"), (7, "4"), (3, "10")),
    ),
    "the end repeats the start": (
        claude(SONNET, start(10, read=5, five=7), {**start(10, read=5, five=7), "output_tokens": 3}),
        usd((10, "2"), (5, "0.1"), (7, "2.5"), (3, "10")),
    ),
    "at a tier's edge": (claude(SONNET_4_5, start(200_000), end(100)), usd((200_000, "3"), (100, "15"))),
    "a token above it": (claude(SONNET_4_5, start(200_001), end(100)), usd((200_001, "6"), (100, "22.5"))),
    "above it only with what the cache held": (
        claude(SONNET_4_5, start(1, read=150_000, five=40_000, hour=10_000), end(100)),
        usd((1, "6"), (150_000, "0.6"), (40_000, "7.5"), (10_000, "12"), (100, "22.5")),
    ),
    "much output does not reach a tier": (
        claude(SONNET_4_5, start(10), end(250_000)),
        usd((10, "3"), (250_000, "15")),
    ),
    "a small model's tier": (
        claude(HAIKU, start(50_000, read=60_000), end(10)),
        usd((50_000, "0.5"), (60_000, "0.05"), (10, "2.5")),
    ),
    "a dated name": (claude("claude-haiku-4-5-20251001", start(12), end(3)), usd((12, "1"), (3, "5"))),
    "an old model": (
        claude("claude-3-5-sonnet-20240620", start(4, five=1167), end(289)),
        usd((4, "3"), (1167, "3.75"), (289, "15")),
    ),
    "recorded: two searches": (
        claude(
            "claude-sonnet-4-0",
            start(2312),
            end(637, input_tokens=22_397, server_tool_use={"web_search_requests": 2, "web_fetch_requests": 0}),
        ),
        usd((22_397, "3"), (637, "15")) + 2 * Decimal("0.01"),
    ),
}

GPT, GPT_LONG = "openai/gpt-5", "openai/gpt-6-sol"

OTHERS: dict[str, tuple[tuple[str, Usage | None], Decimal]] = {
    "plain": (openai(GPT, chunk(1000, 200, total_tokens=1200)), usd((1000, "1.25"), (200, "10"))),
    "cached is within the prompt": (
        openai(GPT, chunk(1000, 200, **cached(640))),
        usd((360, "1.25"), (640, "0.125"), (200, "10")),
    ),
    "all cached": (openai(GPT, chunk(1024, 1, **cached(1024))), usd((1024, "0.125"), (1, "10"))),
    "written is within the prompt": (
        openai(GPT_LONG, chunk(1000, 10, **cached(600, cache_write_tokens=300))),
        usd((100, "2"), (600, "0.2"), (300, "2.5"), (10, "10")),
    ),
    "reasoning is within the completion": (
        openai(GPT, chunk(100, 900, total_tokens=1000, **thought(832))),
        usd((100, "1.25"), (900, "10")),
    ),
    "cached and reasoning": (
        openai(GPT, chunk(2000, 500, total_tokens=2500, **cached(1920), **thought(448))),
        usd((80, "1.25"), (1920, "0.125"), (500, "10")),
    ),
    "details are null": (
        openai(GPT, chunk(10, 5, prompt_tokens_details=None, completion_tokens_details=None)),
        usd((10, "1.25"), (5, "10")),
    ),
    "in every chunk": (
        openai(GPT, chunk(10, 1), chunk(10, 2), chunk(10, 3)),
        usd((10, "1.25"), (3, "10")),
    ),
    "only in the last chunk": (
        openai(GPT, {"choices": [{}]}, {"choices": [{}], "usage": None}, {"choices": [], **chunk(10, 3)}),
        usd((10, "1.25"), (3, "10")),
    ),
    "twice the same": (openai(GPT, chunk(10, 3), chunk(10, 3)), usd((10, "1.25"), (3, "10"))),
    "at a tier's edge": (openai(GPT_LONG, chunk(272_000, 10)), usd((272_000, "2"), (10, "10"))),
    "above it, cached and all": (
        openai(GPT_LONG, chunk(300_000, 10, **cached(200_000))),
        usd((100_000, "4"), (200_000, "0.4"), (10, "15")),
    ),
    "xAI counts reasoning in addition to the completion": (
        openai("xai/grok-4-fast", chunk(432, 68, total_tokens=636, **cached(153), **thought(136))),
        usd((279, "0.2"), (153, "0.05"), (204, "0.5")),
    ),
    "DeepSeek reports hits and misses": (
        openai(
            "deepseek/deepseek-v4-pro",
            chunk(
                342, 138, total_tokens=480, prompt_cache_hit_tokens=256, prompt_cache_miss_tokens=86, **cached(256)
            ),
        ),
        usd((86, "0.66"), (256, "0.022"), (138, "1.98")),
    ),
    "DeepSeek reports hits alone": (
        openai("deepseek/deepseek-v4-pro", chunk(342, 138, prompt_cache_hit_tokens=256)),
        usd((86, "0.66"), (256, "0.022"), (138, "1.98")),
    ),
    "Groq hides it": (
        openai("groq/llama-3.3-70b-versatile", {"x_groq": {"usage": {"prompt_tokens": 20, "completion_tokens": 4}}}),
        usd((20, "0.59"), (4, "0.79")),
    ),
    "Mistral": (openai("mistral/mistral-large-latest", chunk(11, 101)), usd((11, "2"), (101, "6"))),
    "Gemini above its tier": (
        openai("gemini/gemini-2.5-pro", chunk(250_000, 100, **cached(50_000))),
        usd((200_000, "2.5"), (50_000, "0.25"), (100, "15")),
    ),
    "Azure's own name for OpenAI's model": (openai("azure/gpt-4o", chunk(100, 10)), usd((100, "2.5"), (10, "10"))),
    "OpenRouter reports what it charged": (
        openai(
            "openrouter/z-ai/glm-5-turbo",
            chunk(275, 76, cost=0.00044968, is_byok=False, **cached(192, cache_write_tokens=0), **thought(27)),
        ),
        Decimal("0.00044968"),
    ),
    "the same by the list": (
        openai("openrouter/z-ai/glm-5-turbo", chunk(275, 76, **cached(192), **thought(27))),
        usd((83, "1.2"), (192, "0.24"), (76, "4")),
    ),
    "a model free by its name": (openai("openrouter/deepseek/deepseek-r1:free", chunk(10**6, 10**6)), Decimal(0)),
}

UNKNOWN: dict[str, tuple[str, Usage | None]] = {
    "a local model": openai("ollama/llama3.2", chunk(26, 298, total_tokens=324)),
    "a local server's own numbers": openai("llamacpp/qwen", {**chunk(26, 8), "timings": {"prompt_n": 1}}),
    "a model that is not listed": openai("openai/gpt-99", chunk(1, 1)),
    "a provider that is not listed": openai("work/gpt-5", chunk(1, 1)),
    "a Claude that is not listed": claude("claude-mythos-preview", start(1), end(1)),
}


@pytest.fixture(scope="module")
def pricing() -> Pricing:
    return Pricing()


@pytest.mark.parametrize("name", CLAUDE)
def test_claude_s_bill(pricing: Pricing, name: str) -> None:
    (model, usage), by_hand = CLAUDE[name]
    check(pricing, model, usage, by_hand)


@pytest.mark.parametrize("name", OTHERS)
def test_the_bill_of_the_others(pricing: Pricing, name: str) -> None:
    (model, usage), by_hand = OTHERS[name]
    assert usage is not None
    check(pricing, model, usage, by_hand)


def check(pricing: Pricing, model: str, usage: Usage, by_hand: Decimal) -> None:
    cost = pricing.cost(model, usage, EVENING)
    assert cost is not None and not cost.estimated
    assert abs(cost.total_usd - by_hand) < Decimal("1e-9")
    if not cost.billed:
        assert cost.price is not None and abs(cost.price.total_usd(usage) - by_hand) < Decimal("1e-9")


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unlisted_price_is_no_bill_but_the_tokens_are_counted(pricing: Pricing, name: str) -> None:
    model, usage = UNKNOWN[name]
    assert usage is not None and usage.total_tokens > 0
    assert pricing.cost(model, usage, EVENING) is None


def test_a_local_model_declared_free_costs_nothing() -> None:
    model, usage = UNKNOWN["a local model"]
    assert usage is not None
    cost = Pricing({"ollama/*": Price.of(Decimal(0), Decimal(0))}).cost(model, usage, EVENING)
    assert cost is not None and cost.total_usd == 0


@pytest.mark.parametrize("nothing", [{}, {"usage": None}, {"usage": {}}, {"usage": []}, {"choices": [{}]}])
def test_no_usage_is_none_and_not_nothing(nothing: Json) -> None:
    assert usage_in(nothing) is None


def recorded_bills() -> list[Any]:
    """The charges that providers reported in recorded streams, with the model."""
    known = {
        "02-fantasy": ("openrouter/z-ai/glm-5-turbo", "0.00044968"),
        "07-fantasy": ("xai/grok-4-fast", "0.00016545"),
        "13-ruby_llm": ("perplexity/sonar", "0.00501"),
    }
    return [
        pytest.param(*model_and_price, STREAMS / "openai" / f"{name}.sse", id=name)
        for name, model_and_price in known.items()
    ]


def recorded_usage(path: Path) -> Usage:
    lines = (line[5:] for line in path.read_text().splitlines() if line.startswith("data:") and "[DONE]" not in line)
    _, usage = openai("", *(json.loads(line) for line in lines))
    assert usage is not None
    return usage


@pytest.mark.parametrize(("model", "charged", "path"), recorded_bills())
def test_a_real_stream_costs_what_its_provider_charged(
    pricing: Pricing, model: str, charged: str, path: Path
) -> None:
    if not path.exists():
        pytest.skip("no recorded streams here")
    cost = pricing.cost(model, recorded_usage(path), EVENING)
    assert cost is not None and cost.total_usd == Decimal(charged)


def test_there_are_as_many_usage_objects_as_promised() -> None:
    assert len(CLAUDE) + len(OTHERS) + len(UNKNOWN) >= 40


@pytest.mark.parametrize(("model", "charged", "path"), recorded_bills()[:2])
def test_a_charge_equals_the_cost_by_the_list(pricing: Pricing, model: str, charged: str, path: Path) -> None:
    if not path.exists():
        pytest.skip("no recorded streams here")
    usage = replace(recorded_usage(path), billed_usd=None)
    cost = pricing.cost(model, usage, EVENING)
    assert cost is not None and cost.total_usd == Decimal(charged)

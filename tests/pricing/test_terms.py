"""Usage as providers report it, priced by hand: each expected sum is the arithmetic of the price pages."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tui_chat.core.event import UsageReported
from tui_chat.core.usage import Terms, Usage
from tui_chat.pricing.pricing import Pricing
from tui_chat.providers.anthropic.stream import UsageMeter
from tui_chat.providers.openai.responses_stream import ResponsesReader
from tui_chat.providers.openai.usage import usage_in

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PRICING = Pricing()


def anthropic(**usage: Any) -> Usage:
    meter = UsageMeter()
    meter.update(usage)
    return meter.usage


def chat(usage: dict[str, Any], *, in_total_only: bool = False, **chunk: Any) -> Usage:
    found = usage_in({**chunk, "usage": usage}, thinking_in_total_only=in_total_only)
    assert found is not None
    return found


def responses(usage: dict[str, Any], *items: dict[str, Any], **response: Any) -> Usage:
    """The usage of a response with these output items."""
    body = {"status": "completed", "output": list(items), "usage": usage, **response}
    events = list(ResponsesReader().read_json({"type": "response.completed", "response": body}))
    return next(event.usage for event in events if isinstance(event, UsageReported))


def tokens(given: int, output: int, cached: int = 0, thinking: int = 0) -> dict[str, Any]:
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": output,
        "output_tokens_details": {"reasoning_tokens": thinking},
        "total_tokens": given + output,
    }


def prompt_tokens(given: int, output: int, **details: int) -> dict[str, Any]:
    return {"prompt_tokens": given, "completion_tokens": output, "prompt_tokens_details": details}


SEARCH = {"type": "web_search_call", "id": "w", "action": {"type": "search"}}
PAGE = {"type": "web_search_call", "id": "p", "action": {"type": "open_page"}}
FILES = {"type": "file_search_call", "id": "f", "queries": ["q"]}
PRIORITY, FLEX, BATCH = ({"service_tier": tier} for tier in ("priority", "flex", "batch"))


def bill(*amounts: tuple[int, str], by_the_piece: str = "0") -> Decimal:
    """Add up tokens, each with its rate for a million, and what is billed by the piece."""
    return sum((Decimal(rate) * count / 1_000_000 for count, rate in amounts), Decimal(by_the_piece))


BILLS: dict[str, tuple[str, Usage, Decimal]] = {
    "responses, cached and thinking": (
        "openai/gpt-5",
        responses(tokens(1_000, 500, cached=600, thinking=300)),
        bill((400, "1.25"), (600, "0.125"), (500, "10")),
    ),
    "responses, priority": (
        "openai/gpt-5",
        responses(tokens(1_000, 500, cached=600), **PRIORITY),
        bill((400, "2.5"), (600, "0.25"), (500, "20")),
    ),
    "responses, flex": (
        "openai/gpt-5",
        responses(tokens(1_000, 500, cached=600), **FLEX),
        bill((400, "0.625"), (600, "0.0625"), (500, "5")),
    ),
    "responses, default tier": (
        "openai/gpt-5",
        responses(tokens(7, 3), service_tier="default"),
        bill((7, "1.25"), (3, "10")),
    ),
    "responses, two searches and a page": (
        "openai/gpt-5",
        responses(tokens(8_234, 79, thinking=34), SEARCH, PAGE, SEARCH),
        bill((8_234, "1.25"), (79, "10"), by_the_piece="0.02"),
    ),
    "responses, file search": (
        "openai/gpt-4o",
        responses(tokens(1_177, 37), FILES),
        bill((1_177, "2.5"), (37, "10"), by_the_piece="0.0025"),
    ),
    "responses, searches of both kinds by priority": (
        "openai/gpt-4.1",
        responses(tokens(100, 10), SEARCH, FILES, **PRIORITY),
        bill((100, "3.5"), (10, "14"), by_the_piece="0.0125"),
    ),
    "responses, short context": (
        "openai/gpt-5.4",
        responses(tokens(272_000, 10)),
        bill((272_000, "2.5"), (10, "15")),
    ),
    "responses, long context": (
        "openai/gpt-5.4",
        responses(tokens(272_001, 10, cached=200_000)),
        bill((72_001, "5"), (200_000, "0.5"), (10, "22.5")),
    ),
    "responses, long context by flex": (
        "openai/gpt-5.4",
        responses(tokens(300_000, 10, cached=200_000), **FLEX),
        bill((100_000, "2.5"), (200_000, "0.25"), (10, "11.25")),
    ),
    "responses, cache write": (
        "openai/gpt-6-astra",
        responses(
            {
                **tokens(1_000, 20),
                "input_tokens_details": {"cached_tokens": 300, "cache_write_tokens": 500},
            }
        ),
        bill((200, "10"), (300, "1"), (500, "12.5"), (20, "50")),
    ),
    "responses, the provider's own sum wins": (
        "xai/grok-4-fast",
        responses({**tokens(289, 171, cached=128, thinking=163), "cost_in_usd_ticks": 6_543_500}),
        Decimal("0.00065435"),
    ),
    "responses, the sum covers what has no price": (
        "openrouter/openai/gpt-5",
        responses({**tokens(10, 5), "cost": 0.125}, {"type": "code_interpreter_call", "id": "c", "code": "1"}),
        Decimal("0.125"),
    ),
    "chat, batch": ("openai/gpt-4o", chat(prompt_tokens(10, 4), **BATCH), bill((10, "1.25"), (4, "5"))),
    "chat, batch without a cached rate keeps the usual one": (
        "openai/gpt-4o",
        chat(prompt_tokens(10, 4, cached_tokens=6), **BATCH),
        bill((4, "1.25"), (6, "1.25"), (4, "5")),
    ),
    "chat, priority": (
        "openai/gpt-4o",
        chat(prompt_tokens(10, 4, cached_tokens=6), **PRIORITY),
        bill((4, "4.25"), (6, "2.125"), (4, "17")),
    ),
    "chat, an unknown word is the standard service": (
        "openai/gpt-4o",
        chat(prompt_tokens(10, 4), service_tier="ludicrous"),
        bill((10, "2.5"), (4, "10")),
    ),
    "chat, audio input": (
        "gemini/gemini-2.5-flash",
        chat(prompt_tokens(1_000, 50, audio_tokens=700)),
        bill((300, "0.3"), (700, "1"), (50, "2.5")),
    ),
    "chat, image output": (
        "gemini/gemini-3.1-flash-image-preview",
        chat({**prompt_tokens(100, 1_300), "completion_tokens_details": {"image_tokens": 1_290}}),
        bill((100, "0.5"), (10, "3"), (1_290, "60")),
    ),
    "chat, images without a rate of their own": (
        "xai/grok-4-fast",
        chat(prompt_tokens(432, 10, text_tokens=100, image_tokens=332)),
        bill((432, "0.2"), (10, "0.5")),
    ),
    "chat, thoughts in the total only": (
        "gemini/gemini-3.8-flash",
        chat({"prompt_tokens": 50, "completion_tokens": 20, "total_tokens": 370}, in_total_only=True),
        bill((50, "0.75"), (320, "3.75")),
    ),
    "chat, long context of Gemini": (
        "gemini/gemini-3-pro-preview",
        chat(prompt_tokens(200_001, 10, cached_tokens=100_000)),
        bill((100_001, "4"), (100_000, "0.4"), (10, "18")),
    ),
    "chat, a fee for each request": (
        "perplexity/sonar-pro",
        chat(prompt_tokens(8, 3)),
        bill((8, "3"), (3, "15"), by_the_piece="0.014"),
    ),
    "chat, usage in the choice": (
        "moonshot/kimi-k2.6",
        chat(prompt_tokens(30, 9, cached_tokens=20)),
        bill((10, "0.95"), (20, "0.16"), (9, "4")),
    ),
    "anthropic, fast": (
        "anthropic/claude-opus-5-5",
        anthropic(input_tokens=100, cache_read_input_tokens=900, output_tokens=50, speed="fast"),
        bill((100, "8"), (900, "0.4"), (50, "40")),
    ),
    "anthropic, batch with writes of both lifetimes": (
        "anthropic/claude-opus-5-5",
        anthropic(
            input_tokens=10,
            cache_creation_input_tokens=500,
            cache_creation={"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 200},
            output_tokens=20,
            service_tier="batch",
        ),
        bill((10, "2"), (300, "2.5"), (200, "4"), (20, "10")),
    ),
    "anthropic, standard": (
        "anthropic/claude-sonnet-5-5",
        anthropic(input_tokens=10, output_tokens=20, service_tier="standard", inference_geo="global"),
        bill((10, "2"), (20, "10")),
    ),
    "anthropic, inference in one region": (
        "anthropic/claude-sonnet-5-5",
        anthropic(input_tokens=1_000, cache_read_input_tokens=2_000, output_tokens=100, inference_geo="us"),
        bill((1_000, "2.2"), (2_000, "0.11"), (100, "11")),
    ),
    "anthropic, searches in one region": (
        "anthropic/claude-sonnet-5-5",
        anthropic(
            input_tokens=1_000,
            output_tokens=100,
            inference_geo="us",
            server_tool_use={"web_search_requests": 3, "web_fetch_requests": 9},
        ),
        bill((1_000, "2.2"), (100, "11"), by_the_piece="0.03"),
    ),
    "anthropic, tiers by the whole input": (
        "anthropic/claude-haiku-5-5",
        anthropic(input_tokens=1, cache_read_input_tokens=100_000, output_tokens=10),
        bill((1, "0.5"), (100_000, "0.05"), (10, "2.5")),
    ),
    "anthropic, tiers of a batch": (
        "anthropic/claude-haiku-5-5",
        anthropic(input_tokens=100_001, output_tokens=10, service_tier="batch"),
        bill((100_001, "0.25"), (10, "1.25")),
    ),
}


@pytest.mark.parametrize("name", BILLS)
def test_a_reported_usage_costs_as_much_as_on_the_price_page(name: str) -> None:
    model, usage, expected = BILLS[name]
    cost = PRICING.cost(model, usage, NOW)
    assert cost is not None
    assert abs(cost.total_usd - expected) < Decimal("1e-9")
    if not cost.billed:
        assert cost.price is not None and abs(cost.price.total_usd(usage) - expected) < Decimal("1e-9")


def test_there_are_thirty_bills_at_least() -> None:
    assert len(BILLS) >= 30


@pytest.mark.parametrize(
    ("model", "usage"),
    [
        ("openai/gpt-5", responses(tokens(10, 5), {"type": "code_interpreter_call", "id": "c", "code": "1"})),
        ("openai/gpt-5", responses(tokens(10, 5), {"type": "image_generation_call", "id": "i", "result": ""})),
        ("openai/gpt-5", responses(tokens(10, 5), service_tier="scale")),
        ("openai/gpt-4o", chat(prompt_tokens(10, 4), **FLEX)),
        ("anthropic/claude-sonnet-5-5", anthropic(input_tokens=10, output_tokens=5, service_tier="priority")),
        ("anthropic/claude-sonnet-5-5", anthropic(input_tokens=10, output_tokens=5, inference_geo="mars")),
        ("xai/grok-4-fast", Usage(10, output_tokens=5, terms=Terms(file_searches=1))),
    ],
)
def test_what_no_list_has_a_price_for_is_unknown_and_not_nothing(model: str, usage: Usage) -> None:
    assert PRICING.cost(model, usage, NOW) is None


def test_the_price_of_a_special_service_is_shown_by_its_name() -> None:
    known = PRICING.known("openai/gpt-5", NOW)
    assert {tier: price.input_usd for tier, price in known.variants} == {
        "batch": Decimal("0.625"),
        "fast": Decimal("2.5"),
        "flex": Decimal("0.625"),
        "priority": Decimal("2.5"),
    }


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("ollama/llama3", "ollama runs on your machine, and no list knows what that costs"),
        ("nebius/m", "the list has no prices of nebius"),
        ("openai/gpt-99-zeta", "the list has no model gpt-99-zeta of openai"),
    ],
)
def test_an_unknown_price_has_its_reason(model: str, reason: str) -> None:
    known = PRICING.known(model, NOW)
    assert known.price is None and known.reason == reason

"""The user's own prices, the list's, and never a guess."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal

import genai_prices
import pytest
from genai_prices.data import providers

from tui_chat.core.usage import Price, Usage
from tui_chat.pricing.pricing import Pricing

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MILLION = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
FREE = Price.of(Decimal(0), Decimal(0))


@pytest.fixture(scope="module")
def pricing() -> Pricing:
    made = Pricing()
    made.prepare()
    return made


def dollars(pricing: Pricing, model: str, usage: Usage, at: datetime = NOW) -> Decimal | None:
    cost = pricing.cost(model, usage, at)
    return None if cost is None else cost.total_usd


def test_every_bucket_has_its_own_price(pricing: Pricing) -> None:
    usage = Usage(1000, 20_000, 3000, 400, 500, thinking_tokens=200, web_searches=3)
    by_hand = Decimal("0.002") + Decimal("0.002") + Decimal("0.0075") + Decimal("0.0016") + Decimal("0.005")
    assert dollars(pricing, "anthropic/claude-sonnet-5-5", usage) == by_hand + 3 * Decimal("0.01")


def test_the_price_kept_with_the_cost_multiplies_out_to_it(pricing: Pricing) -> None:
    usage = Usage(120_001, 30, 40, 50, 60)
    cost = pricing.cost("anthropic/claude-haiku-5-5", usage, NOW)
    assert cost is not None and cost.price is not None
    assert cost.price.total_usd(usage) == cost.total_usd
    assert cost.price.source == f"genai-prices {genai_prices.__version__}"


def test_above_its_edge_a_tier_prices_the_whole_request(pricing: Pricing) -> None:
    at_edge, above = Usage(input_tokens=200_000), Usage(input_tokens=150_000, cache_read_tokens=50_001)
    assert dollars(pricing, "anthropic/claude-sonnet-4-5", at_edge) == Decimal("0.6")
    assert dollars(pricing, "anthropic/claude-sonnet-4-5", above) == Decimal("0.9") + Decimal("0.0300006")


def test_an_old_reply_has_the_price_of_its_day(pricing: Pricing) -> None:
    usage, before, since = Usage(input_tokens=300_000), datetime(2026, 3, 12, 23, tzinfo=UTC), NOW
    assert dollars(pricing, "anthropic/claude-opus-4-6", usage, before) == 3
    assert dollars(pricing, "anthropic/claude-opus-4-6", usage, since) == Decimal("1.5")


def test_a_price_may_change_with_the_hour(pricing: Pricing) -> None:
    quiet = dollars(pricing, "deepseek/deepseek-v4-pro", MILLION, datetime(2026, 11, 20, 20, tzinfo=UTC))
    busy = dollars(pricing, "deepseek/deepseek-v4-pro", MILLION, datetime(2026, 11, 20, 2, tzinfo=UTC))
    assert quiet is not None and busy is not None and quiet != busy


@pytest.mark.parametrize(
    "name", ["ollama/llama3.2", "llamacpp/x", "vllm/gpt-4o", "demo/story", "work/gpt-4o", "gpt-4o", ""]
)
def test_an_unlisted_price_is_unknown_and_not_zero(pricing: Pricing, name: str) -> None:
    assert pricing.cost(name, MILLION, NOW) is None
    assert pricing.known(name, NOW).price is None
    assert pricing.context_window(name) is None


@pytest.mark.parametrize(
    "name", ["anthropic/claude-mythos-preview", "anthropic/claude-sonnet-5-9", "openai/gpt-99", "anthropic/"]
)
def test_a_model_the_list_lacks_is_unknown(pricing: Pricing, name: str) -> None:
    assert pricing.cost(name, MILLION, NOW) is None


def test_a_provider_is_not_taken_for_one_with_a_like_name(pricing: Pricing) -> None:
    assert pricing.cost("my-anthropic-gateway/claude-sonnet-5-5", MILLION, NOW) is None


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("xai/grok-4.7", "x-ai/grok-4.7"),
        ("gemini/gemini-2.5-pro", "google/gemini-2.5-pro"),
        ("azure/gpt-4o", "openai/gpt-4o"),
    ],
)
def test_a_provider_may_have_another_name_in_the_list(pricing: Pricing, ours: str, theirs: str) -> None:
    assert dollars(pricing, ours, MILLION) == dollars(pricing, theirs, MILLION) != None  # noqa: E711


def test_a_provider_at_another_address_is_priced_by_that_address() -> None:
    pricing = Pricing(addresses={"openai": "http://127.0.0.1:8080/v1", "work": "api.openai.com/v1"})
    assert pricing.cost("openai/gpt-4o", MILLION, NOW) is None
    assert dollars(pricing, "work/gpt-4o", MILLION) == Decimal("12.5")


def test_a_provider_of_the_user_s_own_naming_is_priced_by_its_kind() -> None:
    pricing = Pricing(kinds={"work": "anthropic", "mine": "xai"}, addresses={"mine": ""})
    assert dollars(pricing, "work/claude-sonnet-5-5", MILLION) == 12
    assert dollars(pricing, "mine/grok-4-fast", MILLION) == Decimal("0.7")


def test_a_gateway_to_anywhere_has_no_price() -> None:
    pricing = Pricing(addresses={"anthropic": "https://gateway.example"}, kinds={"anthropic": "anthropic"})
    assert pricing.cost("anthropic/claude-sonnet-5-5", MILLION, NOW) is None
    assert pricing.cost("cloudflare/openai/gpt-4o", MILLION, NOW) is None


def test_the_user_s_price_wins_also_when_it_is_free() -> None:
    own = Price.of(Decimal(1), Decimal(2))
    pricing = Pricing({"anthropic/claude-sonnet-5-5": own, "ollama/*": FREE, "ollama/big*": own})
    cost = pricing.cost("anthropic/claude-sonnet-5-5", Usage(1_000_000, 1_000_000, 1_000_000, 1_000_000, 1), NOW)
    assert cost is not None and cost.total_usd == Decimal("4.000002") and cost.price is own
    assert dollars(pricing, "ollama/llama3.2", MILLION) == 0
    assert dollars(pricing, "ollama/big-llama", MILLION) == 3


def test_a_model_free_by_its_name_costs_nothing(pricing: Pricing) -> None:
    assert dollars(pricing, "openrouter/deepseek/deepseek-r1:free", MILLION) == 0


def test_searches_without_a_price_leave_the_cost_unknown(pricing: Pricing) -> None:
    assert dollars(pricing, "anthropic/claude-3-haiku", Usage(1, output_tokens=1)) is not None
    assert dollars(pricing, "anthropic/claude-3-haiku", Usage(1, output_tokens=1, web_searches=1)) is None


def test_an_estimate_is_marked(pricing: Pricing) -> None:
    cost = pricing.cost("anthropic/claude-sonnet-5-5", Usage(10, estimated=True), NOW)
    assert cost is not None and cost.estimated


@pytest.mark.parametrize("listed", providers, ids=lambda listed: str(listed.id))
def test_every_model_costs_as_much_as_in_the_library(pricing: Pricing, listed: "genai_prices.types.Provider") -> None:
    usage = Usage(210_003, 60_007, 2011, 1013, 5023, thinking_tokens=1009)
    theirs = genai_prices.Usage(
        input_tokens=usage.total_input_tokens,
        cache_read_tokens=60_007,
        cache_write_tokens=3024,
        cache_write_5m_tokens=2011,
        cache_write_1h_tokens=1013,
        output_tokens=5023,
        output_reasoning_tokens=1009,
    )
    for model in listed.models:
        cost = pricing.cost(f"{listed.id}/{model.id}", usage, NOW)
        if cost is not None:
            expected = genai_prices.calc_price(theirs, model.id, provider_id=listed.id, genai_request_timestamp=NOW)
            assert abs(cost.total_usd - expected.total_price) < Decimal("1e-12"), model.id


def test_what_is_known_shows_tiers_window_and_since_when(pricing: Pricing) -> None:
    known = pricing.known("anthropic/claude-sonnet-4-5", NOW)
    assert known.price is not None and known.price.input_usd == 3 and known.context_window == 200_000
    ((edge, dearer),) = known.tiers
    assert edge == 200_000 and dearer.output_usd == Decimal("22.5")
    since = pricing.known("anthropic/claude-opus-4-6", NOW).since
    assert since is not None and since.isoformat() == "2026-03-13"


def test_models_are_found_by_a_piece_of_their_name(pricing: Pricing) -> None:
    found = pricing.matching("SONNET-5", ("anthropic", "ollama"), NOW)
    assert {known.model_ref for known in found} == {"anthropic/claude-sonnet-5", "anthropic/claude-sonnet-5-5"}


async def test_the_first_question_loads_the_list_in_a_thread() -> None:
    cost = await Pricing().cost_of("anthropic/claude-sonnet-5-5", MILLION, NOW)
    assert cost is not None and cost.total_usd == 12


def test_own_prices_and_local_models_never_load_the_library() -> None:
    program = """
import asyncio, sys
from datetime import UTC, datetime
from decimal import Decimal
from tui_chat.core.usage import Price, Usage
from tui_chat.pricing.pricing import Pricing
pricing = Pricing({"anthropic/*": Price.of(Decimal(1), Decimal(1))})
for model in ("ollama/llama3.2", "anthropic/claude-sonnet-5-5"):
    asyncio.run(pricing.cost_of(model, Usage(1), datetime.now(UTC)))
assert "genai_prices" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_the_provider_charged_goes_before_the_list() -> None:
    reported = Usage(1000, output_tokens=1000, billed_usd=Decimal("0.00044968"))
    for model, listed in (("openrouter/anthropic/claude-sonnet-5.5", True), ("openrouter/unknown/model", False)):
        cost = Pricing().cost(model, reported, NOW)
        assert cost is not None and cost.total_usd == Decimal("0.00044968") and cost.billed
        assert (cost.price is not None) is listed


def test_the_user_s_price_goes_before_the_provider_s_charge() -> None:
    cost = Pricing({"openrouter/*": FREE}).cost("openrouter/a/b", Usage(1, billed_usd=Decimal(1)), NOW)
    assert cost is not None and cost.total_usd == 0 and not cost.billed

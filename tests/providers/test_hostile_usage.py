"""Any JSON in place of a usage report, on both wires: nothing raises, every figure is in bounds or unknown."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.attacks import attack
from tests.ui.widgets.test_footer_layout import footer_line
from tui_chat.core.bounds import dollars_in_bounds
from tui_chat.core.builder import TurnBuilder
from tui_chat.core.estimated_tokens import RunningUsage
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.provider import Request
from tui_chat.core.provider_presets import DIALECTS
from tui_chat.core.text_width import text_width
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import UNKNOWN_USAGE, Usage, sum_costs
from tui_chat.pricing.pricing import Pricing
from tui_chat.providers.anthropic.stream import UsageMeter
from tui_chat.providers.openai.models import models_in, with_details
from tui_chat.providers.openai.stream import usage_in
from tui_chat.ui.widgets.footer_layout import FooterState

NOW = datetime(2026, 11, 29, tzinfo=UTC)
PRICES = Pricing()
NAMES = (
    "prompt_tokens", "input_tokens", "completion_tokens", "output_tokens", "total_tokens", "prompt_tokens_details",
    "completion_tokens_details", "cached_tokens", "cache_write_tokens", "cache_creation_tokens", "reasoning_tokens",
    "prompt_cache_hit_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "cache_creation",
    "ephemeral_1h_input_tokens", "ephemeral_5m_input_tokens", "output_tokens_details", "thinking_tokens",
    "server_tool_use", "web_search_requests", "num_search_queries", "cost", "total_cost", "is_byok",
    "cost_in_usd_ticks", "context_length", "max_completion_tokens", "id", "meta",
)  # fmt: skip
numbers = (
    st.integers()
    | st.floats()
    | st.sampled_from(
        [
            json.loads("1e999"),
            float("nan"),
            -0.0,
            1e308,
            5e-324,
            10**4000,
            -(10**4000),
            10**15,
            10**15 + 1,
            1e15,
            2**63,
        ]
    )
)
values = st.recursive(
    st.none() | st.booleans() | numbers | st.sampled_from(["12", "many", "²", "9" * 5000, ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=12,
)
reports = st.dictionaries(st.sampled_from(NAMES), values, max_size=12)


def check(usage: Usage | None) -> None:
    """Everything that is made of a report, up to the text in the footer."""
    if usage is None:
        return
    assert usage.is_in_bounds
    assert usage.billed_usd is None or dollars_in_bounds(usage.billed_usd) == usage.billed_usd
    if usage.unknown:
        assert usage == UNKNOWN_USAGE
    turn = Turn("a", None, Role.ASSISTANT, (), TurnStatus.STREAMING, NOW)
    builder = TurnBuilder(turn)
    for event in (TextDelta("Because."), UsageReported(usage), Stopped("stop")):
        builder.add(event)
    settled = RunningUsage(Request("m", ())).of(builder)
    assert settled is not None and not settled.unknown
    assert settled.estimated or usage == settled, "what was not reported is an estimate"
    for model in ("anthropic/claude-sonnet-5-5", "openai/gpt-4o", "unknown/model"):
        cost = PRICES.cost(model, settled, NOW)
        assert cost is None or dollars_in_bounds(cost.total_usd) is not None
        total = sum_costs([cost, cost])
        state = FooterState(model, usage=settled, cost=cost, total=total, total_all=total)
        assert text_width(footer_line(state, 100)) == 100


@given(reports | values)
@attack
def test_any_usage_on_the_openai_wire_is_in_bounds_or_unknown(reported: Any) -> None:
    check(usage_in({"usage": reported}))
    check(usage_in({"x_groq": {"usage": reported}}))


@pytest.mark.slow
@given(st.lists(reports, min_size=1, max_size=3))
@attack
def test_any_usage_on_the_anthropic_wire_is_in_bounds_or_unknown(reported: list[dict[str, Any]]) -> None:
    meter = UsageMeter()
    for report in reported:
        meter.update(report)
        check(meter.usage)


@pytest.mark.slow
@given(st.lists(reports.map(lambda report: {**report, "id": "m"}), max_size=3))
@attack
def test_any_context_size_in_a_list_of_models_is_in_bounds_or_unknown(entries: list[dict[str, Any]]) -> None:
    for model in models_in({"data": entries}, "x", DIALECTS["openai"]):
        for count in (model.context_window, model.max_output_tokens):
            assert count is None or 0 < count <= 10**15
        details = with_details(model, {"model_info": {"llama.context_length": entries[0].get("context_length")}})
        assert details.context_window is None or 0 < details.context_window <= 10**15


@pytest.mark.parametrize("cost", [json.loads("1e999"), 1e308, 10**4000, {"total_cost": float("inf")}])
def test_a_cost_of_infinity_from_a_server_is_as_if_it_had_named_none(cost: object) -> None:
    assert usage_in({"usage": {"prompt_tokens": 3, "completion_tokens": 4, "cost": cost}}) == Usage(
        3, output_tokens=4
    )


def test_cost_in_usd_ticks_of_4200_digits_is_as_if_there_were_none() -> None:
    assert usage_in({"usage": {"prompt_tokens": 3, "cost_in_usd_ticks": 10**4200}}) == Usage(3)


def test_a_count_of_tokens_beyond_belief_is_estimated_and_not_zero() -> None:
    reported = usage_in({"usage": {"prompt_tokens": 10**16, "completion_tokens": 4}})
    assert reported == UNKNOWN_USAGE
    meter = UsageMeter()
    meter.update({"input_tokens": 7, "output_tokens": 1})
    meter.update({"output_tokens": 10**30})
    assert meter.usage == UNKNOWN_USAGE

"""Reads the usage that servers of the OpenAI wire report, in every shape that has been seen. No I/O."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from tui_chat.core.bounds import OutOfBounds, dollars_in_bounds, reported_count
from tui_chat.core.usage import SPECIAL_TIERS, UNKNOWN_USAGE, Terms, Usage
from tui_chat.providers.values import mapping_of, text_of

_MAX_TICKS = 10**19
_TICK_EXPONENT = -10
"""xAI reports charges in ten-billionths of a dollar."""

Json = Mapping[str, Any]


def usage_in(chunk: Json, *, thinking_in_total_only: bool = False) -> Usage | None:
    """Return the usage in a chunk or a whole response; `None` where it has none.

    `thinking_in_total_only` for a server that reports its thinking nowhere but in the total.

    Usage with an unbelievable count is unknown, and its tokens are estimated. An unbelievable charge is ignored, and
    the cost comes from the price list.
    """
    usage_json = chunk.get("usage")
    if not isinstance(usage_json, Mapping):
        groq = chunk.get("x_groq")
        usage_json = groq.get("usage") if isinstance(groq, Mapping) else None
    if not isinstance(usage_json, Mapping):
        # Moonshot reports it with the choice.
        choices = chunk.get("choices")
        first = choices[0] if isinstance(choices, list) and choices else None
        usage_json = first.get("usage") if isinstance(first, Mapping) else None
    if not isinstance(usage_json, Mapping) or not usage_json:
        return None
    try:
        usage = _usage(usage_json, thinking_in_total_only)
        tier = text_of(chunk.get("service_tier")) or text_of(usage_json.get("service_tier"))
        usage = replace(usage, terms=_terms(usage_json, usage, tier if tier in SPECIAL_TIERS else ""))
    except OutOfBounds:
        return UNKNOWN_USAGE
    return usage if usage.is_in_bounds else UNKNOWN_USAGE


def _terms(usage_json: Json, usage: Usage, tier: str) -> Terms:
    """Return what the price depends on besides the tokens. Audio and images are within the input and the output."""
    inputs = mapping_of(usage_json.get("prompt_tokens_details") or usage_json.get("input_tokens_details"))
    outputs = mapping_of(usage_json.get("completion_tokens_details") or usage_json.get("output_tokens_details"))
    return Terms(
        tier,
        audio_input_tokens=min(_first_count(inputs, "audio_tokens"), usage.input_tokens),
        image_input_tokens=min(_first_count(inputs, "image_tokens"), usage.input_tokens),
        audio_output_tokens=min(_first_count(outputs, "audio_tokens"), usage.output_tokens),
        image_output_tokens=min(_first_count(outputs, "image_tokens"), usage.output_tokens),
    )


def _usage(usage_json: Json, thinking_in_total_only: bool) -> Usage:
    """Return the usage in counts that do not overlap."""
    prompt_details = mapping_of(usage_json.get("prompt_tokens_details") or usage_json.get("input_tokens_details"))
    prompt = _first_count(usage_json, "prompt_tokens", "input_tokens")
    cached = _first_count(prompt_details, "cached_tokens") or _first_count(
        usage_json, "prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"
    )
    written = _first_count(prompt_details, "cache_write_tokens", "cache_creation_tokens") or _first_count(
        usage_json, "cache_creation_input_tokens"
    )
    cached = min(cached, prompt)
    written = min(written, prompt - cached)
    output, thinking = _output_and_thinking(usage_json, prompt, thinking_in_total_only)
    return Usage(
        input_tokens=prompt - cached - written,
        cache_read_tokens=cached,
        cache_write_5m_tokens=written,
        output_tokens=output,
        thinking_tokens=thinking,
        web_searches=_first_count(mapping_of(usage_json.get("server_tool_use")), "web_search_requests")
        or _first_count(usage_json, "num_search_queries"),
        billed_usd=_billed_usd(usage_json),
    )


def _billed_usd(usage_json: Json) -> Decimal | None:
    """Return what the server charged; with the user's own key behind a gateway that is not the whole cost."""
    cost = usage_json.get("cost")
    if isinstance(cost, Mapping):
        cost = cost.get("total_cost")
    if usage_json.get("is_byok") is not True and isinstance(cost, int | float) and (usd := dollars_in_bounds(cost)):
        return usd
    ticks = usage_json.get("cost_in_usd_ticks")
    return Decimal(ticks).scaleb(_TICK_EXPONENT) if isinstance(ticks, int) and 0 < ticks <= _MAX_TICKS else None


def _output_and_thinking(usage_json: Json, prompt: int, in_total_only: bool) -> tuple[int, int]:
    """Return all output, and the thinking within it. xAI counts thinking separately, as the total shows."""
    output = _first_count(usage_json, "completion_tokens", "output_tokens")
    details = mapping_of(usage_json.get("completion_tokens_details") or usage_json.get("output_tokens_details"))
    thinking = _first_count(details, "reasoning_tokens") or _first_count(usage_json, "reasoning_tokens")
    total = _first_count(usage_json, "total_tokens")
    if in_total_only and not thinking:
        thinking = max(total - prompt - output, 0)
    is_separate = thinking > 0 and total == prompt + output + thinking
    if is_separate or thinking > output:
        output += thinking
    return output, thinking


def _first_count(usage_json: Json, *names: str) -> int:
    """Return the first of these fields that is a number of tokens."""
    for name in names:
        value = usage_json.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and not value < 0:
            return reported_count(value)
    return 0

"""Tokens as the OpenAI-compatible servers report them, put into buckets that never overlap. Pure.

A report with a count that cannot be believed counts as no report: its tokens are estimated. A charge that cannot be
believed counts as none: then the price list says what the reply cost.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tui_chat.core.bounds import OutOfBounds, dollars_in_bounds, reported_count
from tui_chat.core.usage import UNKNOWN_USAGE, Usage

_MOST_TICKS = 10**19
_TICK_EXPONENT = -10
"""xAI counts its charges in ten-billionths of a dollar."""


def usage_in(chunk: Mapping[str, Any]) -> Usage | None:
    """The usage a chunk or a whole answer reports, wherever it stands; `None` where it reports none."""
    told = chunk.get("usage")
    if not isinstance(told, Mapping):
        groq = chunk.get("x_groq")
        told = groq.get("usage") if isinstance(groq, Mapping) else None
    if not isinstance(told, Mapping) or not told:
        return None
    try:
        usage = _usage(told)
    except OutOfBounds:
        return UNKNOWN_USAGE
    return usage if usage.is_in_bounds else UNKNOWN_USAGE


def _usage(told: Mapping[str, Any]) -> Usage:
    prompt_details = _mapping(told, "prompt_tokens_details")
    prompt = _count(told, "prompt_tokens", "input_tokens")
    cached = _count(prompt_details, "cached_tokens") or _count(
        told, "prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens"
    )
    written = _count(prompt_details, "cache_write_tokens", "cache_creation_tokens") or _count(
        told, "cache_creation_input_tokens"
    )
    cached = min(cached, prompt)
    written = min(written, prompt - cached)
    output, thinking = _output(told, prompt)
    return Usage(
        input_tokens=prompt - cached - written,
        cache_read_tokens=cached,
        cache_write_5m_tokens=written,
        output_tokens=output,
        thinking_tokens=thinking,
        web_searches=_count(_mapping(told, "server_tool_use"), "web_search_requests")
        or _count(told, "num_search_queries"),
        billed_usd=_billed(told),
    )


def _billed(told: Mapping[str, Any]) -> Decimal | None:
    """What the server says it charged; with a key of one's own behind a gateway that is not all of it."""
    cost = told.get("cost")
    if isinstance(cost, Mapping):
        cost = cost.get("total_cost")
    if told.get("is_byok") is not True and isinstance(cost, int | float) and (usd := dollars_in_bounds(cost)):
        return usd
    ticks = told.get("cost_in_usd_ticks")
    return Decimal(ticks).scaleb(_TICK_EXPONENT) if isinstance(ticks, int) and 0 < ticks <= _MOST_TICKS else None


def _output(told: Mapping[str, Any], prompt: int) -> tuple[int, int]:
    """All output, and the thinking within it. xAI counts thinking beside its completion; the total gives it away."""
    output = _count(told, "completion_tokens", "output_tokens")
    thinking = _count(_mapping(told, "completion_tokens_details"), "reasoning_tokens") or _count(
        told, "reasoning_tokens"
    )
    total = _count(told, "total_tokens")
    beside = thinking > 0 and total == prompt + output + thinking
    if beside or thinking > output:
        output += thinking
    return output, thinking


def _mapping(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = told.get(name)
    return found if isinstance(found, Mapping) else {}


def _count(told: Mapping[str, Any], *names: str) -> int:
    """The first of these that is a number of tokens."""
    for name in names:
        found = told.get(name)
        if isinstance(found, int | float) and not isinstance(found, bool) and not found < 0:
            return reported_count(found)
    return 0

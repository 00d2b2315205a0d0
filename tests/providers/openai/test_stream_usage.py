"""Buckets that never overlap, from figures that do."""

from decimal import Decimal
from typing import Any

import pytest

from tui_chat.core.error import ProviderError
from tui_chat.core.event import UsageReported
from tui_chat.core.usage import Usage
from tui_chat.providers.openai.stream import ChunkReader
from tui_chat.providers.openai.usage import usage_in


@pytest.mark.parametrize(
    ("reported", "usage"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 4}, Usage(10, output_tokens=4)),
        (
            {"prompt_tokens": 10, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 6}},
            Usage(4, cache_read_tokens=6, output_tokens=4),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 4,
                "prompt_cache_hit_tokens": 6,
                "prompt_cache_miss_tokens": 4,
            },
            Usage(4, cache_read_tokens=6, output_tokens=4),
        ),
        (
            {"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 6, "cache_write_tokens": 3}},
            Usage(1, cache_read_tokens=6, cache_write_5m_tokens=3),
        ),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 99}}, Usage(cache_read_tokens=10)),
        (
            {"prompt_tokens": 1, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 5}},
            Usage(1, output_tokens=9, thinking_tokens=5),
        ),
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 9,
                "total_tokens": 15,
                "completion_tokens_details": {"reasoning_tokens": 5},
            },
            Usage(1, output_tokens=14, thinking_tokens=5),
        ),
        (
            {"prompt_tokens": 1, "completion_tokens": 2, "reasoning_tokens": 5},
            Usage(1, output_tokens=7, thinking_tokens=5),
        ),
        ({"prompt_tokens": 1, "cost": 0.00012, "is_byok": False}, Usage(1, billed_usd=Decimal("0.00012"))),
        ({"prompt_tokens": 1, "cost": 0.00012, "is_byok": True}, Usage(1)),
        ({"prompt_tokens": 1, "cost": {"total_cost": 0.5}}, Usage(1, billed_usd=Decimal("0.5"))),
        ({"prompt_tokens": 1, "cost_in_usd_ticks": 1654500}, Usage(1, billed_usd=Decimal("0.00016545"))),
        ({"prompt_tokens": None, "completion_tokens": -3, "prompt_tokens_details": None}, Usage()),
        ({"prompt_tokens": "many", "completion_tokens": True}, Usage()),
        ({"prompt_tokens": 1, "num_search_queries": 2}, Usage(1, web_searches=2)),
    ],
)
def test_every_shape_becomes_disjoint_buckets(reported: dict[str, Any], usage: Usage) -> None:
    assert usage_in({"usage": reported}) == usage


@pytest.mark.parametrize("chunk", [{}, {"usage": None}, {"usage": {}}, {"usage": 3}, {"x_groq": {"id": "r"}}])
def test_no_usage_is_none_and_never_nothing(chunk: dict[str, Any]) -> None:
    assert usage_in(chunk) is None


def test_usage_in_groqs_own_place_counts() -> None:
    assert usage_in({"x_groq": {"usage": {"prompt_tokens": 2}}}) == Usage(2)


def failed(*chunks: dict[str, Any]) -> tuple[list[UsageReported], ProviderError]:
    """The usage that a failing stream reports, and its error."""
    reader, reports = ChunkReader(), list[UsageReported]()
    with pytest.raises(ProviderError) as raised:
        for chunk in chunks:
            reports += (event for event in reader.read_json(chunk) if isinstance(event, UsageReported))
        list(reader.end())
    return reports, raised.value


USAGE = {"prompt_tokens": 100, "completion_tokens": 40, "cost": 0.25}
TEXT = {"choices": [{"delta": {"content": "So"}}]}
BROKE = {"code": 502, "message": "the server behind it broke off"}


@pytest.mark.parametrize(
    "end",
    [
        ({"error": BROKE, "usage": USAGE},),
        ({"choices": [{"delta": {}, "finish_reason": "error", "error": BROKE}]}, {"choices": [], "usage": USAGE}),
    ],
    ids=["with the error", "after the error"],
)
def test_usage_of_a_failed_stream_is_final(end: tuple[dict[str, Any], ...]) -> None:
    reports, error = failed(TEXT, *end)
    assert reports[-1] == UsageReported(Usage(100, output_tokens=40, billed_usd=Decimal("0.25")), is_final=True)
    assert error.message == "the server behind it broke off"

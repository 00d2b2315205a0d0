"""Figures that overwrite, and those that must not be lost."""

from typing import Any

from tui_chat.core.usage import Usage
from tui_chat.providers.anthropic.stream import UsageMeter


def measured(*reported: dict[str, Any]) -> Usage:
    meter = UsageMeter()
    for usage in reported:
        meter.update(usage)
    return meter.usage


def test_later_figures_replace_earlier_ones_and_are_never_added() -> None:
    reported = ({"input_tokens": 43, "output_tokens": 1}, {"input_tokens": 61, "output_tokens": 9})
    assert measured(*reported) == Usage(61, 0, 0, 0, 9)
    assert measured({"output_tokens": 5}, {"output_tokens": 5}).output_tokens == 5


def test_a_null_or_a_missing_figure_keeps_the_old_one() -> None:
    first = {"input_tokens": 3, "cache_read_input_tokens": 7, "output_tokens_details": {"thinking_tokens": 4}}
    then = {"cache_read_input_tokens": None, "output_tokens_details": None, "output_tokens": 2}
    assert measured(first, then) == Usage(3, 7, 0, 0, 2, 4)
    assert measured(first, {"output_tokens_details": {"thinking_tokens": None}}).thinking_tokens == 4


def test_cache_writes_are_distinguished_by_lifetime_and_add_up_to_the_total() -> None:
    reported = {
        "cache_creation_input_tokens": 300,
        "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    }
    assert (measured(reported).cache_write_5m_tokens, measured(reported).cache_write_1h_tokens) == (100, 200)
    grown = measured(reported, {"cache_creation_input_tokens": 350})
    assert (grown.cache_write_5m_tokens, grown.cache_write_1h_tokens) == (150, 200)
    only_parts = measured({"cache_creation": {"ephemeral_1h_input_tokens": 5, "ephemeral_5m_input_tokens": 6}})
    assert (only_parts.cache_write_5m_tokens, only_parts.cache_write_1h_tokens) == (6, 5)


def test_nonsense_counts_as_nothing() -> None:
    assert (
        measured({"input_tokens": "many", "output_tokens": -4, "cache_creation": [], "server_tool_use": 3}) == Usage()
    )

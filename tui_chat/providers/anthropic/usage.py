"""Adds up what a message stream says of tokens. Figures are cumulative: later ones replace earlier ones.

Where a count cannot be believed nothing counts as reported: the tokens are estimated, until a later one replaces it.
"""

from typing import Any

from tui_chat.core.bounds import OutOfBounds, reported_count
from tui_chat.core.usage import UNKNOWN_USAGE, Usage
from tui_chat.providers.anthropic.values import mapping_of


class UsageMeter:
    """The usage of one message as far as it was told."""

    def __init__(self) -> None:
        self._figures: dict[str, Any] = {}
        self._details: dict[str, dict[str, Any]] = {"cache_creation": {}, "output_tokens_details": {}}
        self._details["server_tool_use"] = {}

    def note(self, usage: dict[str, Any]) -> None:
        """Take in new figures; what is missing or null keeps its old one."""
        self._figures.update({name: value for name, value in usage.items() if value is not None})
        for name, details in self._details.items():
            told = mapping_of(usage.get(name))
            details.update({key: value for key, value in told.items() if value is not None})

    @property
    def usage(self) -> Usage:
        """In buckets that do not overlap. A cache write whose lifetime is not told counts as the short one."""
        try:
            usage = self._bucketed()
        except OutOfBounds:
            return UNKNOWN_USAGE
        return usage if usage.is_in_bounds else UNKNOWN_USAGE

    def _bucketed(self) -> Usage:
        figures, written = self._figures, self._details["cache_creation"]
        one_hour = reported_count(written.get("ephemeral_1h_input_tokens"))
        five_minutes = reported_count(written.get("ephemeral_5m_input_tokens"))
        total = reported_count(figures.get("cache_creation_input_tokens")) or one_hour + five_minutes
        return Usage(
            input_tokens=reported_count(figures.get("input_tokens")),
            cache_read_tokens=reported_count(figures.get("cache_read_input_tokens")),
            cache_write_5m_tokens=max(total - one_hour, 0),
            cache_write_1h_tokens=one_hour,
            output_tokens=reported_count(figures.get("output_tokens")),
            thinking_tokens=reported_count(self._details["output_tokens_details"].get("thinking_tokens")),
            web_searches=reported_count(self._details["server_tool_use"].get("web_search_requests")),
        )

"""Adds up what a message stream says of tokens. Figures are cumulative: later ones replace earlier ones."""

from typing import Any

from tui_chat.core.usage import Usage
from tui_chat.providers.anthropic_values import count_of, mapping_of


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
        figures, written = self._figures, self._details["cache_creation"]
        one_hour = count_of(written.get("ephemeral_1h_input_tokens"))
        five_minutes = count_of(written.get("ephemeral_5m_input_tokens"))
        total = count_of(figures.get("cache_creation_input_tokens")) or one_hour + five_minutes
        return Usage(
            input_tokens=count_of(figures.get("input_tokens")),
            cache_read_tokens=count_of(figures.get("cache_read_input_tokens")),
            cache_write_5m_tokens=max(total - one_hour, 0),
            cache_write_1h_tokens=one_hour,
            output_tokens=count_of(figures.get("output_tokens")),
            thinking_tokens=count_of(self._details["output_tokens_details"].get("thinking_tokens")),
            web_searches=count_of(self._details["server_tool_use"].get("web_search_requests")),
        )

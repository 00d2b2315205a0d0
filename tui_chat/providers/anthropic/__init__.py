"""The Messages API, over Anthropic's SDK."""

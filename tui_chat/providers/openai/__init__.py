"""The OpenAI wire (chat completions), for OpenAI and every server that speaks it."""

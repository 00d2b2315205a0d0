"""Chat completions: OpenAI and every server that speaks its wire."""

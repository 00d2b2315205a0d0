"""Widgets: core values in, drawings and intents out. None of them knows the service or the store."""

"""Tests of what the conversation pane is made of."""

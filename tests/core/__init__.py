"""Tests of tui_chat.core."""

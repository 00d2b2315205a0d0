"""Tests of tui_chat.service."""

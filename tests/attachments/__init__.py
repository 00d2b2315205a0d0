"""Tests of tui_chat.attachments."""

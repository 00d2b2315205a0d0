"""Tests of tui_chat.ui.screens."""

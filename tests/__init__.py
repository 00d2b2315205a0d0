"""Tests mirror tui_chat/: one file beside each source file."""

"""Tests mirror tui_chat/: one test file for each source file."""

"""Tests of tui_chat/rendering."""

"""Tests of tui_chat.cli, mostly of the program as it is called."""

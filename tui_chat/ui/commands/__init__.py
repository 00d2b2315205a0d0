"""Slash commands, their completion, and the command palette."""

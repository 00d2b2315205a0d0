"""Conversations as text: native JSON, Markdown, other programs' exports. Knows no storage."""

"""Conversations as text: native JSON, Markdown and plain text, other programs' exports. Must not know storage."""

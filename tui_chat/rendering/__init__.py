"""Markdown and plain text as finished terminal lines, made as the text comes in; no widget, no app, no store."""

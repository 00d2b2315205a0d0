"""Markdown, code and plain text as finished terminal lines, incrementally. Must not know widgets, turns or the app.

Why not Textual's Markdown widget? It mounts a widget for every block. Measured with textual 8.2.8: while a text
streams in, table rows and whole fences go missing from the screen; appending to 32 KiB of prose and lists takes
165-420 ms, to a bullet list of 3 KiB up to 816 ms; each message of 2.5 KB adds 240 ms to opening a conversation.
An app that streams through it needs 7.6 s of CPU time for 1,000 tokens where ours needs 2.0 s, and slows down as the
reply grows. Here closed blocks are laid out once and frozen; only the open end of the text is worked on again.
"""

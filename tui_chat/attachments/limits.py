"""The sizes of files that are taken in at all. What a provider takes is its own matter: `core.attachment_limits`."""

TEXT_ASK_BYTES = 256 * 1024
"""A larger text file is only attached after a question."""
TEXT_MAX_BYTES = 1024 * 1024
FILE_MAX_BYTES = 32 * 1024 * 1024
"""Of an image or a PDF: no provider takes a larger request."""

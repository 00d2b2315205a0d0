"""The width of text on a terminal, as far as the standard library knows it."""

import unicodedata


def text_width(text: str) -> int:
    """Return how many cells a clean line takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)

"""How wide text stands on a screen, as near as characters alone can tell. Standard library only."""

import unicodedata


def cells(text: str) -> int:
    """How many columns a clean line takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)

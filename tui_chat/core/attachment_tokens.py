"""Estimates the tokens of attachments by the formulas that providers publish, from pixels and pages. Pure.

Models are distinguished by name, since a gateway offers the same ones. An unknown model is counted like Claude:
the open models that see cut images into patches of the same size.
"""

import re
from math import ceil

from tui_chat.core.attachment import PDF, is_image
from tui_chat.core.part import AttachmentPart
from tui_chat.core.text_tokens import rough_tokens

_PATCH = 28
_STANDARD_EDGE, _STANDARD_MOST = 1_568, 1_568
_HIGH_EDGE, _HIGH_MOST = 2_576, 4_784
_HIGH_RESOLUTION = re.compile(r"claude-opus-(?:4-[7-9]|[5-9]|\d\d)")
_OPENAI = re.compile(r"(?:^|/)(?:gpt-|o[1-9]\b|chatgpt)")
_OPENAI_PATCHES = ((re.compile(r"nano"), 2.46), (re.compile(r"o4-mini"), 1.72), (re.compile(r"mini"), 1.62))
"""Small models of OpenAI by their name, with tokens for each patch."""
_OPENAI_PATCH, _OPENAI_MOST_PATCHES = 32, 1_536
_OPENAI_EDGE, _OPENAI_SHORT_EDGE, _OPENAI_TILE = 2_048, 768, 512
_OPENAI_BASE, _OPENAI_PER_TILE = 85, 170
_PAGE_TEXT = 2_000
"""Of a PDF: 1,500 to 3,000 by its density."""
_PAGE_PIXELS = (1_240, 1_754)
"""A4 at 150 dots an inch: each page is read as an image too."""
_UNKNOWN_PIXELS = (1_568, 1_568)
_BYTES_PER_TOKEN = 4.0
"""Of a text whose bytes are not loaded."""


def attachment_tokens(part: AttachmentPart, model: str = "") -> float:
    if is_image(part):
        return image_tokens(part.pixels or _UNKNOWN_PIXELS, model)
    if part.media_type == PDF:
        return (part.pages or 1) * (_PAGE_TEXT + image_tokens(_PAGE_PIXELS, model))
    if not part.data:
        return rough_tokens(part.name) + part.size / _BYTES_PER_TOKEN
    return rough_tokens(part.name) + rough_tokens(part.data.decode("utf-8", "replace"))


def image_tokens(pixels: tuple[int, int], model: str = "") -> int:
    if not _OPENAI.search(model):
        is_high = _HIGH_RESOLUTION.search(model) is not None
        edge, most = (_HIGH_EDGE, _HIGH_MOST) if is_high else (_STANDARD_EDGE, _STANDARD_MOST)
        return min(_patches(_fitted(pixels, edge), _PATCH), most)
    for name, per_patch in _OPENAI_PATCHES:
        if name.search(model):
            return round(min(_patches(pixels, _OPENAI_PATCH), _OPENAI_MOST_PATCHES) * per_patch)
    width, height = _fitted(pixels, _OPENAI_EDGE)
    scale = min(1.0, _OPENAI_SHORT_EDGE / min(width, height))
    return _OPENAI_BASE + _OPENAI_PER_TILE * _patches((width * scale, height * scale), _OPENAI_TILE)


def _fitted(pixels: tuple[float, float], edge: int) -> tuple[float, float]:
    """Return the size after an image was made smaller, as providers do, so that no side is longer than `edge`."""
    scale = min(1.0, edge / max(pixels))
    return pixels[0] * scale, pixels[1] * scale


def _patches(pixels: tuple[float, float], patch: int) -> int:
    width, height = pixels
    # A product of floats may be a hair above a whole number of patches.
    return ceil(round(width, 6) / patch) * ceil(round(height, 6) / patch)

"""The contrast of two colours, and colours with enough contrast. Must not know themes."""

from functools import cache

from textual.color import Color

TEXT = 4.5
"""The least contrast of text that has to be read (WCAG 2, level AA)."""
DIM = 3.0
"""The least contrast of what may be overlooked, such as a label."""
STEP = 0.04
"""How much of a colour is changed at once on the way to enough contrast."""


def contrast(first: Color, second: Color) -> float:
    """Return the contrast ratio of WCAG 2, from 1 to 21; both colours are opaque."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def faded(text: Color, background: Color, share: float, least: float = TEXT) -> Color:
    """Return the text blended with a share of the background, less where it would be hard to read."""
    while share > 0 and contrast(colour := text.blend(background, share), background) < least:
        share -= STEP
    return colour if share > 0 else text


def _luminance(colour: Color) -> float:
    return 0.2126 * _linear(colour.r) + 0.7152 * _linear(colour.g) + 0.0722 * _linear(colour.b)


@cache
def _linear(channel: int) -> float:
    part: float = channel / 255
    return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

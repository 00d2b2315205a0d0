"""The contrast of colours, as WCAG 2 counts it."""

import pytest
from textual.color import Color

from tui_chat.rendering.contrast import TEXT, contrast, faded

BLACK, WHITE, GREY = Color.parse("#000000"), Color.parse("#ffffff"), Color.parse("#777777")


def test_contrast_goes_from_one_to_twenty_one() -> None:
    assert contrast(BLACK, WHITE) == contrast(WHITE, BLACK) == pytest.approx(21)
    assert contrast(GREY, GREY) == 1
    assert contrast(GREY, WHITE) == pytest.approx(4.48, abs=0.01)


def test_faded_text_keeps_the_contrast_that_reading_needs() -> None:
    assert faded(BLACK, WHITE, 0.2) == BLACK.blend(WHITE, 0.2)
    assert TEXT <= contrast(faded(BLACK, WHITE, 0.9), WHITE) < TEXT + 1
    assert faded(GREY, WHITE, 0.5) == GREY

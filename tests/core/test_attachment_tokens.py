"""Tokens of images and documents by the formulas that providers publish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui_chat.core.attachment_tokens import attachment_tokens, image_tokens
from tui_chat.core.part import AttachmentPart
from tui_chat.core.text_tokens import rough_tokens

CLAUDE, HIGH = "claude-sonnet-4-5", "anthropic/claude-opus-4-7"


@pytest.mark.parametrize(
    ("pixels", "model", "tokens"),
    [
        ((28, 28), CLAUDE, 1),
        ((29, 28), CLAUDE, 2),
        ((200, 200), CLAUDE, 64),
        ((1000, 1000), CLAUDE, 1_296),
        ((3000, 2000), CLAUDE, 1_568),
        ((3000, 2000), HIGH, 4_784),
        ((2576, 1449), HIGH, 4_784),
        ((8000, 28), CLAUDE, 56),
        ((1024, 1024), "gpt-4o", 765),
        ((2048, 4096), "openai/gpt-4o", 1_105),
        ((512, 512), "gpt-5", 255),
        ((1024, 1024), "gpt-4.1-mini", 1_659),
        ((1800, 2400), "o4-mini", 2_642),
        ((1000, 1000), "qwen3-vl:8b", 1_296),
    ],
)
def test_an_image_counts_as_its_provider_counts_it(pixels: tuple[int, int], model: str, tokens: int) -> None:
    assert image_tokens(pixels, model) == tokens


@given(st.integers(1, 1 << 24), st.integers(1, 1 << 24), st.sampled_from(["", CLAUDE, HIGH, "gpt-4o", "gpt-5-nano"]))
def test_no_image_counts_more_than_a_few_thousand_tokens(width: int, height: int, model: str) -> None:
    assert 1 <= image_tokens((width, height), model) <= 6_000


def test_a_text_whose_bytes_are_not_loaded_counts_by_its_size() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 100
    loaded = AttachmentPart("a.txt", "text/plain", text.encode())
    stored = AttachmentPart("a.txt", "text/plain", sha256="0" * 64, size=len(text))
    assert attachment_tokens(stored) == pytest.approx(rough_tokens("a.txt") + len(text) / 4)
    assert attachment_tokens(stored) == pytest.approx(attachment_tokens(loaded), rel=0.3)

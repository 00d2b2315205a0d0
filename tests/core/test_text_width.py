"""How wide a text is, by its characters."""

import pytest

from tui_chat.core.text_width import text_width


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("plain", 5), ("é", 1), ("e\u0301", 1), ("本地", 4), ("ok 🚀", 5)]
)
def test_wide_letters_count_twice_and_marks_not_at_all(text: str, width: int) -> None:
    assert text_width(text) == width

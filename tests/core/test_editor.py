"""The user's editor: `$VISUAL`, then `$EDITOR`, then vi."""

import pytest

from tui_chat.core.editor import editor_command


def test_visual_goes_before_editor_and_vi_is_the_default() -> None:
    assert editor_command({"VISUAL": "code --wait", "EDITOR": "nano"}) == ["code", "--wait"]
    assert editor_command({"VISUAL": "", "EDITOR": "nano"}) == ["nano"]
    assert editor_command({}) == ["vi"]


def test_an_editor_that_cannot_be_parsed_is_named() -> None:
    with pytest.raises(ValueError, match=r"the editor .* cannot be understood"):
        editor_command({"EDITOR": "'unclosed"})

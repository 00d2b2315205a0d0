"""What the model picker says about a model."""

import pytest

from tests.ui.conftest import Desk
from tui_chat.core.provider import Model
from tui_chat.service.model_catalog import Catalog
from tui_chat.ui.chat.model_choices import ModelChoices


@pytest.mark.parametrize(("can_see", "words"), [(True, "sees images"), (False, "no images"), (None, "")])
async def test_the_picker_says_whether_a_model_sees(can_see: bool | None, words: str, desk: Desk) -> None:
    choices = await ModelChoices(desk.chat.context).from_catalog(Catalog((Model("a/m", can_see=can_see),)))
    (note,) = [choice.note for choice in choices if choice.value == "a/m"]
    assert words in note if words else "images" not in note

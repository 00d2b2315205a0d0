"""Values that are made quickly are those that the class itself makes."""

import pickle
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from tests.storage.make import reply
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Turn
from tui_chat.storage.row_mapping import fast_maker


def test_a_quickly_made_turn_is_equal_to_its_model_and_cannot_be_changed() -> None:
    model = reply("r1", "p1")
    made = fast_maker(Turn)(*(getattr(model, field.name) for field in fields(model)))
    assert type(made) is Turn
    assert (made, hash(made), repr(made)) == (model, hash(model), repr(model))
    assert replace(made, model="other") == replace(model, model="other")
    assert pickle.loads(pickle.dumps(made)) == model
    with pytest.raises(FrozenInstanceError):
        made.model = "other"  # type: ignore[misc]


def test_a_value_without_one_of_its_fields_is_refused() -> None:
    with pytest.raises(TypeError):
        fast_maker(TextPart)("only the text")

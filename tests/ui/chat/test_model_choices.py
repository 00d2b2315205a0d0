"""What the model picker shows about a model."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.ui.conftest import Desk
from tui_chat.core.provider import Model
from tui_chat.core.usage import OWN_PRICE, Price
from tui_chat.service.model_catalog import Catalog
from tui_chat.ui.app_context import ModelFacts
from tui_chat.ui.chat.model_choices import ModelChoices


@pytest.mark.parametrize(("can_see", "words"), [(True, "sees images"), (False, "no images"), (None, "")])
async def test_the_picker_shows_whether_a_model_sees(can_see: bool | None, words: str, desk: Desk) -> None:
    choices = await ModelChoices(desk.chat.context).from_catalog(Catalog((Model("a/m", can_see=can_see),)))
    (note,) = [choice.note for choice in choices if choice.value == "a/m"]
    assert words in note if words else "images" not in note


@pytest.mark.parametrize(
    ("source", "words", "named"), [(OWN_PRICE, "$10.00 out (your price)", ""), ("list 1.2", "$10.00 out", "list 1.2")]
)
async def test_the_picker_shows_where_prices_are_from(source: str, words: str, named: str, desk: Desk) -> None:
    async def facts_of(ref: str) -> ModelFacts:
        return ModelFacts(200_000, replace(Price.of(Decimal(2), Decimal(10)), source=source))

    models = ModelChoices(replace(desk.chat.context, facts_of=facts_of))
    (note,) = [choice.note for choice in await models.from_catalog(Catalog((Model("a/m"),))) if choice.value == "a/m"]
    assert words in note and models.price_source == named


async def test_a_model_without_a_price_to_pay_is_free(desk: Desk) -> None:
    async def facts_of(ref: str) -> ModelFacts:
        return ModelFacts(200_000, Price.of(Decimal(0), Decimal(0)))

    models = ModelChoices(replace(desk.chat.context, facts_of=facts_of))
    (note,) = [choice.note for choice in await models.from_catalog(Catalog((Model("a/m"),))) if choice.value == "a/m"]
    assert note == "200k context, free"

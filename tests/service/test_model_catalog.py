"""The models of several providers: asked at once, remembered, and offered without a network."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from unittest.mock import patch

import pytest

from tui_chat.core.error import KeyRejected, StorageError, Unreachable
from tui_chat.core.fuzzy import did_you_mean
from tui_chat.core.provider import Model
from tui_chat.service import model_catalog
from tui_chat.service.model_catalog import ModelCatalog, matching, words_of
from tui_chat.storage.store import Store

LARGE, SMALL = Model("one/large", "Large", 200_000, efforts=("low", "high")), Model("two/small", "Small")


def asking(store: Store, answers: Mapping[str, tuple[Model, ...] | Exception | None]) -> ModelCatalog:
    """A catalogue of providers that answer so; `None` never does."""

    async def models_of(name: str) -> tuple[Model, ...]:
        answer = answers[name]
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        return answer or ()

    return ModelCatalog(store, lambda: list(answers), models_of)


async def test_everybodys_models_are_offered_and_remembered_whole(store: Store) -> None:
    asked = asking(store, {"one": (LARGE,), "two": (SMALL,)})
    assert (await asked.last_seen()).models == ()
    assert (await asked.refreshed()).models == (LARGE, SMALL)
    assert (await asking(store, {"two": (), "one": ()}).last_seen()).models == (SMALL, LARGE)


async def test_who_fails_is_named_and_keeps_what_was_last_seen(store: Store) -> None:
    await asking(store, {"one": (LARGE,), "two": (SMALL,)}).refreshed()
    refused = KeyRejected("no key", detail="no_key")
    found = await asking(store, {"one": refused, "two": ()}).refreshed()
    assert (found.models, found.unreachable) == ((LARGE,), (("one", refused),))


async def test_who_does_not_answer_in_time_counts_as_unreachable(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_catalog, "TIMEOUT_S", 0.01)
    found = await asking(store, {"one": None, "two": (SMALL,)}).refreshed()
    ((name, error),) = found.unreachable
    assert (name, found.models) == ("one", (SMALL,))
    assert isinstance(error, Unreachable) and error.detail == "timeout"


async def test_a_store_that_fails_hides_no_model(store: Store) -> None:
    full = StorageError("the disk is full", detail="disk_full")
    with patch.object(store, "state", side_effect=full), patch.object(store, "set_state", side_effect=full):
        asked = asking(store, {"one": (LARGE,)})
        assert (await asked.last_seen()).models == ()
        assert (await asked.refreshed()).models == (LARGE,)


@pytest.mark.parametrize("size", ["many", -1, 10**30, 0.5, [1], None])
async def test_a_remembered_context_size_that_cannot_be_believed_is_unknown(store: Store, size: object) -> None:
    remembered = {"ref": "one/m", "name": "", "context_window": size, "max_output_tokens": size}
    await store.set_state("models", {"one": [remembered]})
    (model,) = (await asking(store, {"one": ()}).last_seen()).models
    assert model == Model("one/m")


def test_every_word_must_be_in_the_reference_or_the_name_and_the_likest_comes_first() -> None:
    other = Model("one/very-large-indeed", "Huge")
    assert matching((other, LARGE, SMALL), "large") == [LARGE, other]
    assert matching((other, LARGE, SMALL), "one huge") == [other]


async def test_a_list_keeps_the_time_at_which_its_provider_gave_it(store: Store) -> None:
    before = datetime.now(UTC)
    first = await asking(store, {"one": (LARGE,), "two": (SMALL,)}).refreshed()
    assert all(before <= at <= datetime.now(UTC) for at in first.listed_at.values())
    later = await asking(store, {"one": Unreachable("away"), "two": (SMALL,)}).refreshed()
    assert later.listed_at["one"] == first.listed_at["one"]
    assert later.listed_at["two"] > first.listed_at["two"]
    assert (await asking(store, {"one": None, "two": None}).last_seen()).listed_at == later.listed_at


async def test_providers_are_looked_for_when_models_are_and_not_before(store: Store) -> None:
    asked: list[str] = []

    async def models_of(name: str) -> tuple[Model, ...]:
        return (LARGE,)

    catalog = ModelCatalog(store, lambda: asked.append("now") or ["one"], models_of)  # type: ignore[func-returns-value]
    assert not asked
    assert (await catalog.current()).models == (LARGE,)
    assert asked


def test_a_mistyped_short_name_is_close_to_a_word_in_the_name_of_a_model() -> None:
    words = words_of(["anthropic/claude-sonnet-4-5", "anthropic/claude-opus-4-5", "openai/gpt-6"])
    assert words == ["claude", "sonnet", "opus", "gpt"]
    assert did_you_mean("sonet", words) == "; did you mean sonnet?"

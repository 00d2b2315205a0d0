"""The app over a database whose figures and dates cannot be believed: conversation, library and usage open."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.hostile_database import columns_of, fill_library, poison
from tests.ui.conftest import desk_with
from tests.ui.screen import screen_text
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store
from tui_chat.ui.dialogs.usage import UsageScreen


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "text"), [(2**63 - 1, "1E+40"), (-(2**63), "9999-12-31T23:59:59-23:59"), (10**15, "Infinity")]
)
async def test_no_poisoned_figure_ends_the_app(tmp_path: Path, number: int, text: str) -> None:
    path = tmp_path / "data" / DATABASE
    await fill_library(path)
    store = await Store.open(path)

    def poison_all(db: object) -> None:
        for column in columns_of(db):  # type: ignore[arg-type]
            if not column.is_key:
                poison(db, column, number if column.is_integer else text, all_rows=True)  # type: ignore[arg-type]

    await store._write(poison_all)
    first = replace(await store.conversation("c1"), model="demo/tour")
    try:
        async with desk_with(store=store, first=first, size=(120, 30)) as desk:
            await desk.until(lambda: "Because of the harbour." in screen_text(desk.app))
            await desk.press("ctrl+o")
            await desk.until(lambda: "Conversations" in screen_text(desk.app) and "Ships" in screen_text(desk.app))
            await desk.press("escape")
            await desk.until(lambda: desk.app.screen is desk.chat)
            await desk.type("/usage")
            await desk.press("enter")
            await desk.until(lambda: isinstance(desk.app.screen, UsageScreen))
            for key in ("s", "s", "m", "c", "d"):
                await desk.press(key)
                await desk.until(lambda: "Loading …" not in screen_text(desk.app))
            await desk.until(lambda: "total" in screen_text(desk.app))
            await desk.press("escape")
            await desk.until(lambda: desk.app.screen is desk.chat)
            # What is asked now is answered, counted and kept.
            await desk.ask("And the trains?")
            assert (await store.conversation("c1")).turns[-1].text
    finally:
        await store.aclose()

"""A store in memory and one in a file, closed after the test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.storage.make import Clock
from tui_chat.storage.store import Store

Open = Callable[..., Awaitable[Store]]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "conversations.db"


@pytest.fixture
async def open_store(path: Path, clock: Clock) -> AsyncIterator[Open]:
    """Opens stores on one file, as several processes would; closes those that are left."""
    stores: list[Store] = []

    async def opened(at: Any = path, **named: Any) -> Store:
        store = await Store.open(at, **{"clock": clock, **named})
        stores.append(store)
        return store

    yield opened
    for store in stores:
        await store.aclose()


@pytest.fixture
async def store(open_store: Open) -> Store:
    return await open_store(":memory:")

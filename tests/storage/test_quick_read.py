"""A look without a loop sees what the store lists."""

from pathlib import Path

from tests.storage.make import conversation
from tui_chat.storage.conversation_list import ListQuery
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.quick_read import read_page
from tui_chat.storage.store import Store


async def test_it_sees_what_the_store_lists(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    store = await Store.open(path)
    for number in range(3):
        await store.create(conversation(f"c{number}"))
    listed = await store.summaries(limit=2)
    await store.aclose()
    seen = read_page(path, ListQuery(limit=2))
    assert seen == listed and seen.end == listed.end


def test_a_library_that_is_not_there_is_made_and_empty(tmp_path: Path) -> None:
    assert read_page(tmp_path / DATABASE, ListQuery()) == []
    assert (tmp_path / DATABASE).exists()

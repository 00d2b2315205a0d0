"""Drafts without the app: what is stored, and in which order."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

from textual.timer import Timer

from tui_chat.core.part import AttachmentPart
from tui_chat.storage.store import Store
from tui_chat.ui.attachment_marks import mark_of
from tui_chat.ui.chat.drafts import Drafts


class SlowStore:
    """A store whose first write of files waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.is_storing, self.may_store = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def set_draft_attachments(self, key: str | None, parts: Sequence[AttachmentPart]) -> None:
        self.is_storing.set()
        await self.may_store.wait()
        await self._store.set_draft_attachments(key, parts)


async def test_a_prompt_with_a_file_that_is_sent_while_it_is_saved_is_no_draft_afterwards() -> None:
    store = await Store.open(":memory:")
    slow = SlowStore(store)
    drafts = Drafts(cast(Store, slow), lambda delay_s, run: cast(Timer, SimpleNamespace(stop=lambda: None)))
    text = f"Look {mark_of(AttachmentPart('a.txt', 'text/plain', sha256='0' * 64, size=3))}"
    drafts.update(None, lambda: text)
    saving = asyncio.create_task(drafts.flush())
    await slow.is_storing.wait()
    sending = asyncio.create_task(drafts.mark_sent(None, text, None))
    await asyncio.sleep(0)
    slow.may_store.set()
    await asyncio.gather(saving, sending)
    assert await store.draft(None) == "" and await store.draft_attachments(None) == ()
    assert await store.prompts() == [text]
    await store.aclose()

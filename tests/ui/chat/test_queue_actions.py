"""The actions on queued prompts, without the app: what is dropped can be put back."""

from types import SimpleNamespace
from typing import cast

import pytest

from tui_chat.core.conversation import Conversation
from tui_chat.storage.store import Store
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.drafts import Drafts
from tui_chat.ui.chat.prompt_queue import PromptQueue
from tui_chat.ui.chat.queue_actions import QueueActions
from tui_chat.ui.undo import UndoStack


async def test_a_dropped_prompt_is_put_back_where_it_was_queued() -> None:
    store = await Store.open(":memory:")
    drafts = Drafts(store, lambda delay_s, run: pytest.fail("no draft is written here"))

    async def send(text: str) -> bool:
        raise AssertionError("no prompt is sent here")

    async def return_to(conversation: Conversation) -> None:
        pass

    queue = PromptQueue(drafts, lambda prompts: None, send, lambda: None)
    await queue.switch_to("here")
    for text in ("one", "two", "three"):
        await queue.put(text)
    notices: list[str] = []
    chat = SimpleNamespace(
        queue=queue,
        queue_bar=SimpleNamespace(has_focus=True, chosen=1),
        conversation=None,
        keys=lambda key_id: f"<{key_id}>",
        notify=notices.append,
        return_to=return_to,
    )
    undo = UndoStack()
    await QueueActions(cast(ChatView, chat), undo).drop()
    assert queue.prompts == ("one", "three") == await drafts.load_queue("here")
    assert "<undo>" in notices[0]
    await undo.undo_last()
    assert list(queue.prompts) == ["one", "two", "three"]
    await store.aclose()

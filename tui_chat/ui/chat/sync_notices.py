"""The state of sync, in the footer, and answers that came from other machines. Knows the store, not the hub."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from textual.worker import Worker

from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError
from tui_chat.core.sync_status import DEVICES_STATE, SYNC_STATE, SyncStatus, sync_texts
from tui_chat.core.turn import Role, Turn
from tui_chat.ui.chat.chat_view import ChatView


class SyncNotices:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat
        self._seen: object = None
        self._showing: Worker[None] | None = None

    def check(self) -> None:
        """Show in the footer what waits to be sent and whether the hub can be reached, if that may have changed."""
        sync = self._chat.context.sync
        assert sync is not None
        if self._chat.live_reply is not None:
            sync.note_use()
        if self._showing is None or self._showing.is_finished:
            now = datetime.now().astimezone()
            is_running, restarts_at = sync.is_running(), sync.restarts_at
            if (seen := (sync.last_written(), is_running, restarts_at, now.date())) != self._seen:
                texts = partial(sync_texts, now=now, is_running=is_running, restarts_at=restarts_at)
                show = partial(self._show_status, texts, seen)
                self._showing = self._chat.run_worker(show, group="sync", exit_on_error=False)

    async def _show_status(self, texts: Callable[[SyncStatus, int], tuple[str, ...]], seen: object) -> None:
        context = self._chat.context
        try:
            state = await context.store.replica.state() if await context.store.is_synced() else None
            status = SyncStatus.from_state(await context.store.state(SYNC_STATE))
        except ChatError:  # it is shown elsewhere
            return
        self._seen = seen
        self._chat.status.show_sync(() if state is None else texts(status, state.to_send))

    async def report_branches(self, before: Conversation) -> None:
        """Report a branch that came from another machine at a turn that is shown; the view stays where it is."""
        chat = self._chat
        if chat.context.sync is None or chat.conversation.id != before.id:
            return
        for turn in _new_siblings(before, chat.conversation):
            if name := await self._machine_of(turn):
                what = "answer" if turn.role is Role.ASSISTANT else "prompt"
                siblings = [sibling.id for sibling in chat.conversation.siblings_of(turn.id)]
                path = {shown.id for shown in chat.conversation.path}
                shown = next(place for place, sibling in enumerate(siblings) if sibling in path)
                key = chat.keys("branch.next" if siblings.index(turn.id) > shown else "branch.previous")
                step = f" {key} shows it." if key else ""
                chat.notify(f"Another {what} came from {clean_line(name)}.{step}", timeout=15)
                return

    async def _machine_of(self, turn: Turn) -> str:
        """Return the name of the other machine that a turn is from; empty if it is from this one."""
        store = self._chat.context.store
        if not await store.is_synced():
            return ""
        device = await store.replica.author(self._chat.conversation.id, turn.id)
        state = await store.replica.state()
        if device is None or state is None or device == state.device:
            return ""
        machines = await store.state(DEVICES_STATE) or {}
        return str(machines.get(device.hex(), {}).get("name") or "another machine")


def _new_siblings(before: Conversation, now: Conversation) -> list[Turn]:
    """Return the turns that were not there before, next to a turn that is shown, last first."""
    return [
        sibling
        for turn in reversed(now.path)
        if before.has(turn.id)
        for sibling in now.siblings_of(turn.id)
        if not before.has(sibling.id)
    ]

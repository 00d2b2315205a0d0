"""The checks of a chat screen, once a second: notices of the database, changes by other processes, sync."""

from contextlib import suppress
from dataclasses import replace

from textual.worker import Worker

from tui_chat.core.error import ChatError, NotFound, StorageError
from tui_chat.heartbeat import Heartbeat
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.external_changes import CHECK_EVERY_S, ExternalChanges
from tui_chat.ui.chat.sync_notices import SyncNotices


class BackgroundChecks:
    """All checks share one wake-up."""

    def __init__(self, chat: ChatView) -> None:
        self._chat = chat
        self._external_changes = ExternalChanges(chat.context.store)
        self._sync = SyncNotices(chat)
        self._loading: Worker[None] | None = None
        self._shown_notices: set[str] = set()
        self._heartbeat = Heartbeat(self._check, CHECK_EVERY_S)
        self.start = self._heartbeat.start
        self.stop = self._heartbeat.stop

    def show_database_notices(self) -> None:
        """Show each notice once, when what it reports happens."""
        for notice in self._chat.context.database_notices():
            if notice not in self._shown_notices:
                self._shown_notices.add(notice)
                self._chat.notify(notice, severity="warning", timeout=10)

    async def note_opened(self, conversation_id: str) -> None:
        """Compare from now on with this conversation as it was just opened."""
        with suppress(ChatError):  # it is not stored yet
            await self._external_changes.check_for_changes(conversation_id)

    def _check(self) -> None:
        chat = self._chat
        self.show_database_notices()
        is_at_rest = bool(chat.conversation.turns) and chat.live_reply is None
        is_loading = self._loading is not None and not self._loading.is_finished
        if is_at_rest and not is_loading and self._external_changes.may_have_changed():
            self._loading = chat.run_worker(self._load_changes, group="changes", exit_on_error=False)
        if chat.context.sync is not None:
            self._sync.check()

    async def _load_changes(self) -> None:
        """Show what another process added; the branch and the place that are being read stay."""
        chat = self._chat
        shown = chat.conversation
        if not shown.turns or chat.live_reply is not None:
            return
        try:
            if not await self._external_changes.check_for_changes(shown.id):
                return
            now = await chat.service.open(shown.id)
        except StorageError:  # such as a busy file
            self._external_changes.look_again()
            return
        except NotFound:
            return
        if chat.conversation is not shown or chat.live_reply is not None:
            self._external_changes.look_again()
            return
        is_newer = not now.has(shown.head or "") or shown.head in {turn.id for turn in now.path}
        chat.conversation = replace(now, head=now.head if is_newer else shown.head, model=shown.model)
        chat.show_path()
        with suppress(ChatError):  # an answer without its notice is on the screen as well
            await self._sync.report_branches(shown)

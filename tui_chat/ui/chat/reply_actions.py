"""Start a reply, and show its events on the screen as they come."""

from collections.abc import Awaitable
from functools import partial

from textual.worker import Worker

from tui_chat.core.error import AttachmentRefused, ChatError
from tui_chat.core.event import RetryScheduled, TurnEnded, TurnStarted
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.service.reply import Reply
from tui_chat.ui.chat.branch_actions import BranchActions
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.chat.tool_actions import ToolActions
from tui_chat.ui.messages import AttentionRequested
from tui_chat.wording import explain

NOTIFY_AFTER_MS = 10_000
"""A reply that took this long is announced to a user who looks at another window."""


class ReplyActions:
    def __init__(self, chat: ChatView, branches: BranchActions, tools: ToolActions) -> None:
        self._chat = chat
        self._branches = branches
        self._tools = tools
        self._following: Worker[None] | None = None

    async def start(self, starting: Awaitable[Reply]) -> bool:
        """Start a reply and show it. Return whether it could be started."""
        chat = self._chat
        before = chat.conversation
        try:
            reply = await starting
            if chat.conversation.id != before.id:
                return True
            chat.conversation = await chat.service.open(reply.conversation_id)
        except AttachmentRefused as error:
            chat.notify_error(error)
            if key := chat.keys("reply.without_files"):
                chat.notify(f"{key} sends it without its files.")
            return False
        except ChatError as error:
            chat.notify_error(error)
            return False
        chat.show_path()
        self.follow(reply)
        for note in reply.notes:
            chat.notify_warning(note)
        self._branches.note_left(before)
        return True

    async def stop(self) -> None:
        """Stop the reply and wait until what arrived is stored."""
        if (reply := self._chat.live_reply) is None:
            self._chat.notify_warning("There is nothing to stop.")
            return
        reply.cancel()
        await reply.wait()

    def follow(self, reply: Reply | None) -> None:
        """Show this reply as it streams, and no other."""
        if self._following is not None:
            self._following.cancel()
            self._following = None
        if reply is None:
            self._tools.leave()
        else:
            self._following = self._chat.run_worker(
                partial(self._follow, reply), group="reply", exclusive=True, exit_on_error=False
            )

    async def _follow(self, reply: Reply) -> None:
        chat = self._chat
        pane, status = chat.pane, chat.status  # looked up once: there is an event for every token
        chat.show_window_title()
        async for event in reply:
            # If another branch is shown, the reply streams unseen.
            if not isinstance(event, TurnStarted) or pane.shows(event.turn):
                pane.apply(event)
            status.apply(event)
            self._tools.follow(event)
            match event:
                case RetryScheduled(attempt, _, error):
                    self._show_retry(attempt, error)
                case TurnEnded(turn=turn):
                    self._show_end(turn)

    def _show_retry(self, attempt: int, error: ChatError) -> None:
        chat = self._chat
        send, stop = chat.keys("prompt.send"), chat.keys("reply.cancel")
        attempts = chat.context.settings.chat.retries + 1
        step = f"Attempt {attempt} of {attempts} follows. Retry now ({send}) or stop ({stop})."
        chat.pane.show_note(explain(error.fault).sentence, step)

    def _show_end(self, turn: Turn) -> None:
        chat = self._chat
        chat.conversation = chat.conversation.with_turn(turn, head=False)
        chat.show_facts()
        if chat.context.settings.ui.notify and (turn.duration_ms or 0) >= NOTIFY_AFTER_MS:
            chat.app.post_message(AttentionRequested(f"{chat.app.title}: reply finished"))
        if chat.queue.prompts and turn.status is TurnStatus.COMPLETE:
            chat.call_later(chat.queue.send_next)

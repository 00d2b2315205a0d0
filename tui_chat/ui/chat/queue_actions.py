"""Send, edit and remove queued prompts."""

from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.undo import UndoStack


class QueueActions:
    def __init__(self, chat: ChatView, undo: UndoStack) -> None:
        self._chat = chat
        self._undo = undo

    def focus(self) -> None:
        if self._chat.queue.prompts:
            self._chat.queue_bar.focus()
        else:
            self._chat.notify("No prompts are queued.")

    async def send_now(self, at: int | None) -> None:
        """Send the prompt at that index, or the first, at once; if none is queued, end a retry's countdown."""
        if self._chat.queue.prompts:
            await self._chat.queue.send_now(at or 0)
        elif (reply := self._chat.live_reply) is not None:
            reply.retry_now()

    async def edit(self, at: int | None) -> None:
        """Move the prompt at that index, or the last, back into the prompt box."""
        if self._chat.queue.prompts:
            self._chat.prompt.restore_text(await self._chat.queue.take(-1 if at is None else at))
            self._chat.prompt.focus()

    async def drop(self) -> None:
        """Remove the selected prompt, or the last one."""
        chat, queue = self._chat, self._chat.queue
        if not queue.prompts:
            chat.notify("No prompts are queued.")
            return
        at = chat.queue_bar.chosen if chat.queue_bar.has_focus else len(queue.prompts) - 1
        conversation = chat.conversation
        text = await queue.take(at)

        async def put_back() -> None:
            await chat.return_to(conversation)
            await queue.put(text, min(at, len(queue.prompts)))

        self._undo.push(put_back)
        chat.notify(f"Removed; {chat.keys('undo')} restores it.")

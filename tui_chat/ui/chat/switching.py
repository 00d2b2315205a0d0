"""Switch between conversations: to a new one, back to the one before; note replies that stream in those left."""

from functools import partial

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError
from tui_chat.core.title import brief_title
from tui_chat.core.turn import TurnStatus
from tui_chat.service.reply import Reply
from tui_chat.ui.chat.chat_view import ChatView

_LOOKED_AT = 2


class Switching:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat
        self._previous_id = ""
        self._streaming: dict[str, Reply] = {}
        """Replies in conversations that are not shown, by the conversation's id."""

    def leave(self, conversation: Conversation, reply: Reply | None) -> None:
        """Note that a conversation is left, perhaps while a reply streams into it."""
        if conversation.turns:
            self._previous_id = conversation.id
        if reply is not None and conversation.id not in self._streaming:
            self._streaming[conversation.id] = reply
            follow = partial(self._follow, reply, brief_title(conversation.title))
            self._chat.run_worker(follow, group="background", exit_on_error=False)

    def show_count(self) -> None:
        """Show how many replies stream into conversations that are not shown."""
        others = [shown for shown in self._streaming if shown != self._chat.conversation.id]
        self._chat.status.show_background(len(others))

    async def _follow(self, reply: Reply, title: str) -> None:
        ended = await reply.wait()
        self._streaming.pop(reply.conversation_id, None)
        self.show_count()
        if reply.conversation_id == self._chat.conversation.id:
            return
        self._previous_id = reply.conversation_id
        how = "is finished" if ended.turn.status is TurnStatus.COMPLETE else "ended early"
        key = self._chat.keys("conversation.previous")
        self._chat.notify(f"The reply in “{title}” {how}." + (f" {key} opens it." if key else ""))

    async def open_previous(self) -> None:
        """Open the conversation that was shown before, else the last used one besides this one."""
        chat = self._chat
        try:
            if not self._previous_id or self._previous_id == chat.conversation.id:
                recent = await chat.context.store.summaries(limit=_LOOKED_AT)
                others = [summary.id for summary in recent if summary.id != chat.conversation.id]
                if not others:
                    chat.notify("There is no other conversation.")
                    return
                self._previous_id = others[0]
            await chat.open(await chat.service.open(self._previous_id))
        except ChatError as error:
            self._previous_id = ""
            chat.notify_error(error)

    async def open_new(self) -> None:
        await self._chat.open(self._chat.context.blank())

    async def open_stored(self, conversation_id: str) -> None:
        try:
            await self._chat.open(await self._chat.service.open(conversation_id))
        except ChatError as error:
            self._chat.notify_error(error)

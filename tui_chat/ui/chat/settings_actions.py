"""Change a conversation's title, system prompt, options and model, and delete it. Every change can be undone."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from tui_chat.core.conversation import Conversation, TitleSource
from tui_chat.core.error import ChatError
from tui_chat.core.option_syntax import options_text, parse_options
from tui_chat.ui.chat.chat_view import ChatView
from tui_chat.ui.undo import UndoStack


class SettingsActions:
    def __init__(self, chat: ChatView, undo: UndoStack) -> None:
        self._chat = chat
        self._undo = undo

    async def set_title(self, title: str) -> None:
        """Rename the conversation; without a title, show the present one."""
        conversation = self._chat.conversation
        if not title:
            self._chat.notify(conversation.title or "No title yet.")
        else:
            await self.change(title=title, title_source=TitleSource.USER)
            if not conversation.turns:  # there is no header yet that shows it
                self._chat.notify(f"The title will be: {title}")

    async def set_system(self, text: str) -> None:
        """Set the system prompt for the next prompts; `-` removes it, and no text shows it."""
        chat = self._chat
        if not text:
            chat.notify(chat.conversation.system or "No system prompt is set.", timeout=8)
            return
        await self.change(system="" if text == "-" else text)
        chat.notify(
            "System prompt removed." if text == "-" else "System prompt set; it applies from the next prompt."
        )

    async def set_options(self, text: str) -> None:
        """Set options such as `effort=high thinking=on`; `name=` resets one, and no text shows them."""
        chat = self._chat
        try:
            options = parse_options(chat.conversation.options, text)
        except ValueError as error:
            chat.notify_warning(str(error))
            return
        if options != chat.conversation.options:
            await self.change(options=options)
        none_set = "No options are set. Example: /options effort=high"
        chat.notify(options_text(options) or none_set)

    async def change(self, **values: Any) -> None:
        """Set these fields of the conversation, and let the user undo that."""
        shown = self._chat.conversation
        self._undo.push(partial(self._set, shown, {name: getattr(shown, name) for name in values}))
        await self._set(shown, values)

    async def _set(self, conversation: Conversation, values: Mapping[str, Any]) -> None:
        chat = self._chat
        await chat.return_to(conversation)
        chat.conversation = replace(chat.conversation, **values)
        chat.show_facts()
        setters = {**chat.context.store.setters, "kept_here": self._keep_here}
        for name, value in values.items():
            if name not in setters:  # who gave the title goes with the title
                continue
            try:
                await setters[name](conversation.id, value)
            except ChatError as error:
                if chat.conversation.turns:  # else it is not stored yet
                    chat.notify_error(error)

    async def _keep_here(self, conversation_id: str, kept_here: bool) -> None:
        chat = self._chat
        if not await chat.context.store.set_kept_here(conversation_id, kept_here):
            chat.conversation = replace(chat.conversation, kept_here=not kept_here)
            chat.notify_warning("This conversation is on your other machines already. A new one stays here.")

    async def delete(self) -> None:
        """Move the conversation to the trash, and show a new one."""
        chat, deleted = self._chat, self._chat.conversation
        if not deleted.turns:
            chat.notify_warning("There is nothing to delete yet.")
            return

        async def restore() -> None:
            await chat.context.store.restore(deleted.id)
            await chat.open(await chat.service.open(deleted.id))

        if (reply := chat.live_reply) is not None:
            reply.cancel()
            await reply.wait()
        await chat.context.store.delete(deleted.id)
        self._undo.push(restore)
        await chat.open(chat.context.blank())
        days = chat.context.settings.chat.trash_days
        chat.notify(f"Moved to the trash for {days} days; {chat.keys('undo')} restores it.")

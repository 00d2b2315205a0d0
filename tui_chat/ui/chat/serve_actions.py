"""Serve the conversations to other programs from within the app, and show what they send. Knows no server."""

import asyncio
from functools import partial

from tui_chat.core.clean import clean_line
from tui_chat.core.error import ChatError
from tui_chat.service.reply import Reply
from tui_chat.ui.app_context import Serving
from tui_chat.ui.chat.chat_view import ChatView

_COUNT_EVERY_S = 1.0
_OWN_START_S = 0.02
"""How long the app takes at most to show a reply that it has started itself."""


class ServeActions:
    def __init__(self, chat: ChatView) -> None:
        self._chat = chat

    async def toggle(self) -> None:
        """Start the server, or stop it."""
        chat, serving = self._chat, self._chat.context.serving
        if serving is None:
            chat.notify_warning("There is no server in this program.")
            return
        if serving.is_running:
            await serving.stop()
            chat.status.show_clients(0)
            chat.notify("The server has stopped.")
            return
        try:
            where = await serving.start()
        except ChatError as error:
            # What the address or the missing package is, is in the message alone.
            chat.notify_warning(f"Not serving: {clean_line(error.message)}.")
            return
        chat.notify(f"{where} /serve again stops it.", timeout=15)
        chat.run_worker(partial(self._watch, serving), group="serve", exclusive=True, exit_on_error=False)

    async def _watch(self, serving: Serving) -> None:
        """Show the number of clients, and the replies that they start, while the server runs."""
        started: asyncio.Queue[Reply] = asyncio.Queue()
        unwatch = self._chat.service.watch(started.put_nowait)
        try:
            while serving.is_running:
                self._chat.status.show_clients(serving.client_count)
                try:
                    async with asyncio.timeout(_COUNT_EVERY_S):
                        reply = await started.get()
                except TimeoutError:
                    continue
                await self._show(reply)
        finally:
            unwatch()

    async def _show(self, reply: Reply) -> None:
        """Show a reply in the conversation that is open, unless the app itself has started it."""
        chat = self._chat
        if reply.conversation_id != chat.conversation.id:
            return
        await asyncio.sleep(_OWN_START_S)
        if reply.conversation_id == chat.conversation.id and not chat.conversation.has(reply.turn_id):
            chat.conversation = await chat.service.open(reply.conversation_id)
            chat.show_path()
            chat.follow(reply)

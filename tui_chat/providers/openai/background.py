"""Replies of the Responses API that continue at the server when the connection is lost.

Such a reply is followed again from its last event and is never requested twice. A reply that the user stops is
cancelled at the server, which would finish it otherwise.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import quote

from tui_chat.core.error import Overloaded, ProviderError, RateLimited, StreamCut, Unreachable
from tui_chat.core.event import ProviderEvent, ReplyOpened, SignOfLife
from tui_chat.providers.bounded_body import whole_body
from tui_chat.providers.openai.http import REQUEST_ERRORS, Server
from tui_chat.providers.openai.reply_events import reply_events
from tui_chat.providers.openai.request import Json
from tui_chat.providers.openai.responses_stream import ResponsesReader

_log = logging.getLogger(__name__)
_LONGEST_S = 600.0
"""How long a lost reply is looked for, which is about as long as a server keeps one in the background."""
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 8.0
_CANCEL_TIMEOUT_S = 5.0
_CLOSE_TIMEOUT_S = 1.5


class BackgroundReplies:
    def __init__(self, server: Server) -> None:
        self._server = server
        self._cancelling: set[asyncio.Task[None]] = set()

    async def events(self, url: str, body: Json, reader: ResponsesReader) -> AsyncGenerator[ProviderEvent, None]:
        """Yield the events of a reply, over as many connections as it takes."""
        is_over = False
        try:
            async for event in self._followed(url, body, reader):
                yield event
            is_over = True
        except REQUEST_ERRORS:
            is_over = reader.has_stopped
            raise
        finally:
            if reader.response_id and not (is_over or reader.has_stopped):
                self._cancel(f"{url}/{quote(reader.response_id, safe='')}/cancel")

    async def aclose(self) -> None:
        """Let the last cancellations reach the server."""
        if self._cancelling:
            await asyncio.wait(self._cancelling, timeout=_CLOSE_TIMEOUT_S)

    async def _followed(self, url: str, body: Json, reader: ResponsesReader) -> AsyncGenerator[ProviderEvent, None]:
        address, sent = url, dict(body) or None
        lost: ProviderError | None = None
        until_s, pause_s = 0.0, _FIRST_PAUSE_S
        while True:
            number = reader.last_number
            try:
                async with aclosing(reply_events(self._server, address, sent, reader)) as events:
                    async for event in events:
                        if lost is None or not isinstance(event, ReplyOpened):
                            yield event
                return
            except REQUEST_ERRORS as error:
                failure = self._server.core_error(error, has_started=lost is None)
                has_moved = reader.last_number > number
                lost = failure if lost is None or has_moved else lost
                if not self._can_follow(reader, failure):
                    raise lost from error
                now_s = asyncio.get_running_loop().time()
                if has_moved or not until_s:
                    until_s, pause_s = now_s + _LONGEST_S, _FIRST_PAUSE_S
                if now_s + pause_s > until_s:
                    raise lost from error
            # The reply is alive at the server, though nothing comes from it.
            yield SignOfLife()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            reader.resume()
            address = f"{url}/{quote(reader.response_id, safe='')}?stream=true&starting_after={reader.last_number}"
            sent = None

    @staticmethod
    def _can_follow(reader: ResponsesReader, failure: ProviderError) -> bool:
        """Return whether only the connection was lost, and the server names the last event."""
        is_lost = (
            isinstance(failure, StreamCut | Unreachable | Overloaded | RateLimited) and failure.detail != "error"
        )
        return is_lost and bool(reader.response_id) and reader.last_number >= 0 and not reader.has_stopped

    def _cancel(self, url: str) -> None:
        task = asyncio.create_task(self._send_cancel(url))
        self._cancelling.add(task)
        task.add_done_callback(self._cancelling.discard)

    async def _send_cancel(self, url: str) -> None:
        try:
            async with self._server.request(url, {}, timeout_s=_CANCEL_TIMEOUT_S) as response:
                await whole_body(response)
        except REQUEST_ERRORS as error:
            _log.warning(
                "a reply may go on at the server: %s", self._server.core_error(error, has_started=False).message
            )

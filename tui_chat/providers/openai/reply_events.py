"""Requests one reply and yields its events as its bytes arrive."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from tui_chat.core.event import ProviderEvent, ReplyOpened
from tui_chat.providers.bounded_body import drain
from tui_chat.providers.error_details import request_id_in
from tui_chat.providers.openai.errors import REQUEST_ID_HEADERS
from tui_chat.providers.openai.http import Server, end_deadline, next_chunk
from tui_chat.providers.openai.reply_reader import JsonReader, ReplyReader
from tui_chat.providers.openai.request import Json


async def reply_events(
    server: Server, url: str, body: Json | None, json_reader: JsonReader
) -> AsyncGenerator[ProviderEvent, None]:
    """Send a request and yield the events of the reply. Raises what is in `REQUEST_ERRORS`."""
    async with server.request(url, body) as response:
        yield ReplyOpened(request_id_in(response.headers, REQUEST_ID_HEADERS, server.masker))
        reader = ReplyReader(response.headers.get("content-type", ""), json_reader, server.masker)
        deadline: float | None = None
        async with aclosing(response.aiter_bytes()) as chunks:
            while not reader.is_done and (chunk := await next_chunk(chunks, deadline)):
                for event in reader.feed(chunk):
                    yield event
                if deadline is None and reader.has_stopped:
                    deadline = end_deadline()
            for event in reader.end():
                yield event
            await drain(chunks)

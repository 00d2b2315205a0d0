"""The server within the app: a prompt over HTTP is on the screen at once, and the footer counts clients."""

import asyncio
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx2

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_rows, screen_text
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.gateway.backend import Backend, GatewayOptions
from tui_chat.gateway.server import GatewayServer
from tui_chat.gateway.tokens import TokenStore
from tui_chat.service.chat import ChatService


class ServingForTests:
    """The server that the program would hand to the app."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self._tokens = TokenStore(folder, {})
        self.token, _ = self._tokens.own_token()
        self._desk = desk
        self._folder = folder
        self.server: GatewayServer | None = None

    @property
    def is_running(self) -> bool:
        return self.server is not None

    @property
    def client_count(self) -> int:
        return 0 if self.server is None else self.server.client_count

    async def start(self) -> str:
        context = self._desk.chat.context

        async def unsaved() -> ChatService:
            raise AssertionError

        backend = Backend(
            context.service,
            context.store,
            context.catalogue,
            self._tokens,
            GatewayOptions(port=0),
            "demo/tour",
            "",
            frozenset({"demo"}),
            unsaved,
            "1.0",
        )
        server = GatewayServer(backend, self._folder)
        await server.start()
        self.server = server
        return f"Serving at {server.addresses.url}."

    async def stop(self) -> None:
        server, self.server = self.server, None
        assert server is not None
        await server.stop()


async def command(desk: Desk, text: str) -> None:
    await desk.type(text)
    await desk.press("enter")


def shows(desk: Desk, text: str) -> bool:
    return text in screen_text(desk.app)


async def test_a_prompt_over_http_streams_into_the_open_conversation(tmp_path: Path) -> None:
    go_on = asyncio.Event()
    hello = (TextDelta("Hello"), Stopped("end_turn"))
    replies = [(TextDelta(f"reply {number}"), Stopped("end_turn")) for number in range(5)]
    last = (TextDelta("from afar "), go_on, TextDelta("and on"), Stopped("end_turn"))
    async with desk_with(hello, *replies, last) as desk:
        serving = ServingForTests(desk, tmp_path)
        desk.chat.context = replace(desk.chat.context, serving=serving)
        await desk.ask("first, here")
        await command(desk, "/serve ")
        await desk.until(lambda: serving.is_running and "Serving at" in screen_text(desk.app))
        assert serving.server is not None
        headers = {"authorization": f"Bearer {serving.token}"}
        async with httpx2.AsyncClient(base_url=serving.server.addresses.url, headers=headers) as client:
            place = f"/api/v1/conversations/{desk.conversation.id}"
            async with client.stream("GET", f"{place}/events"):
                await desk.until(lambda: "⇄ 1" in screen_rows(desk.app)[-1])
                times = []
                for number in range(5):
                    sent_s = time.monotonic()
                    assert (await client.post(f"{place}/turns", json={"text": f"prompt {number}"})).status_code == 202
                    await desk.until(partial(shows, desk, f"prompt {number}"))
                    times.append(time.monotonic() - sent_s)
                    await desk.until(partial(shows, desk, f"reply {number}"))
                    await desk.idle()
                assert min(times) < 0.5, "fifty milliseconds, on a machine at rest"
                assert (await client.post(f"{place}/turns", json={"text": "over HTTP"})).status_code == 202
                await desk.until(lambda: "from afar" in screen_text(desk.app))
                assert "over HTTP" in screen_text(desk.app)
                go_on.set()
                await desk.until(lambda: "from afar and on" in screen_text(desk.app))
        await desk.until(lambda: "⇄" not in screen_rows(desk.app)[-1])
        await command(desk, "/serve ")
        await desk.until(lambda: not serving.is_running and "has stopped" in screen_text(desk.app))


async def test_without_a_server_it_reports_it(desk: Desk) -> None:
    await command(desk, "/serve ")
    await desk.until(lambda: "There is no server in this program." in screen_text(desk.app))

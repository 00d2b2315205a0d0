"""The server within the app: starts and stops on demand, on the app's own event loop and service."""

from typing import TYPE_CHECKING

from tui_chat.cli.gateway import gateway_server, load_gateway

if TYPE_CHECKING:
    from tui_chat.gateway.server import GatewayServer
    from tui_chat.wiring import Program


class InAppServer:
    def __init__(self, program: "Program") -> None:
        self._program = program
        self._server: GatewayServer | None = None

    @property
    def is_running(self) -> bool:
        return self._server is not None

    @property
    def client_count(self) -> int:
        return 0 if self._server is None else self._server.client_count

    async def start(self) -> str:
        """Listen; return where, in a sentence."""
        import asyncio

        await asyncio.to_thread(load_gateway)
        server, tokens = await gateway_server(self._program)
        addresses = await server.start()
        self._server = server
        places = " and ".join(filter(None, (addresses.url, addresses.socket_path)))
        return f"Serving at {places}; the token is in {tokens.file}."

    async def stop(self) -> None:
        if (server := self._server) is not None:
            self._server = None
            await server.stop()

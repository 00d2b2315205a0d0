"""Log in to an MCP server by OAuth and keep the tokens in a private file. The SDK is imported when it is needed."""

import asyncio
import json
import os
import webbrowser
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tui_chat.tools.mcp_config import McpConfig, ServerUnusable
from tui_chat.tools.mcp_server import LOGIN_NEEDED, McpServer

LOGIN_S = 300.0
"""How long the user may take in the browser."""
_PAGE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nLogged in: you can close this window.\n"
)


class TokenFile:
    """The tokens for one server and the name that it knows this program by."""

    def __init__(self, config: McpConfig, folder: Path) -> None:
        self._path = folder / f"{config.name}.json"
        self._url = config.url

    @property
    def exists(self) -> bool:
        """Whether there are tokens for exactly this address."""
        return bool(self._read().get("tokens"))

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        with suppress(OSError, ValueError):
            stored = json.loads(self._path.read_text(encoding="utf-8"))
            if isinstance(stored, dict) and stored.get("url") == self._url:
                return stored
        return {"url": self._url}

    def _write(self, name: str, value: Any) -> None:
        stored = {**self._read(), name: value.model_dump(mode="json", exclude_none=True)}
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(stored, file)
        new.replace(self._path)

    async def get_tokens(self) -> Any:
        """Return the tokens for the SDK."""
        from mcp.shared.auth import OAuthToken

        found = self._read().get("tokens")
        return None if found is None else OAuthToken.model_validate(found)

    async def set_tokens(self, tokens: Any) -> None:
        """Keep the tokens that the SDK got."""
        self._write("tokens", tokens)

    async def get_client_info(self) -> Any:
        """Return the registration of this program."""
        from mcp.shared.auth import OAuthClientInformationFull

        found = self._read().get("client")
        return None if found is None else OAuthClientInformationFull.model_validate(found)

    async def set_client_info(self, client_info: Any) -> None:
        """Keep the registration of this program."""
        self._write("client", client_info)


def stored_auth(config: McpConfig, folder: Path) -> Any:
    """Return what adds the stored tokens to requests, and renews them; `None` where there are none."""
    tokens = TokenFile(config, folder)
    if not config.url or not tokens.exists:
        return None

    async def refuse(*_: str) -> Any:
        raise ServerUnusable(LOGIN_NEEDED.format(config.name))

    return _provider(config, tokens, "http://127.0.0.1:9/callback", refuse, refuse)


async def login(config: McpConfig, folder: Path, log_dir: Path, show: Callable[[str], object]) -> list[str]:
    """Log in with the user's browser; `show` gets the address. Return the names of the server's tools."""
    if not config.url:
        raise ServerUnusable(f"The MCP server {config.name} runs here and needs no login.")
    tokens = TokenFile(config, folder)
    tokens.forget()
    answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    listener = await asyncio.start_server(lambda reader, writer: _receive(reader, writer, answer), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/callback"

    async def redirect(url: str) -> None:
        if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ServerUnusable("The login page of the server is not at an https address.")
        show(url)

    async def callback() -> Any:
        from mcp.client.auth import AuthorizationCodeResult

        given = parse_qs(urlsplit(await answer).query)
        if "code" not in given:
            raise ServerUnusable(f"The login was refused: {given.get('error', ['no code came'])[0]}.")
        return AuthorizationCodeResult(code=given["code"][0], state=given.get("state", [None])[0],
                                       iss=given.get("iss", [None])[0])  # fmt: skip

    patient = replace(config, start_timeout_s=LOGIN_S)
    server = McpServer(patient, log_dir, lambda: _provider(config, tokens, address, redirect, callback))
    async with listener, aclosing(server):
        return [one.name for one in await server.definitions()]


def open_browser(url: str) -> bool:
    """Open the address without a shell; return whether there is a browser."""
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def _provider(config: McpConfig, tokens: TokenFile, address: str, redirect: Any, callback: Any) -> Any:
    from mcp.client.auth import OAuthClientProvider
    from mcp.shared.auth import OAuthClientMetadata

    metadata = OAuthClientMetadata.model_validate({"client_name": "tui-chat", "redirect_uris": [address]})
    return OAuthClientProvider(config.url, metadata, tokens, redirect, callback)


async def _receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: asyncio.Future[str]) -> None:
    """Take the browser's return to the address of this program; nothing else is answered."""
    try:
        async with asyncio.timeout(10):
            line = (await reader.readline()).decode("latin-1").split(" ")
        if len(line) == 3 and line[0] == "GET" and urlsplit(line[1]).path == "/callback":
            if not answer.done():
                answer.set_result(line[1])
            writer.write(_PAGE)
            await writer.drain()
    except (TimeoutError, OSError, ValueError):
        pass
    finally:
        writer.close()

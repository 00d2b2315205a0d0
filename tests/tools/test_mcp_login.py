"""Logging in to an MCP server: the browser's way, a stored token, and a server that wants another login."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx2
import pytest
import uvicorn
from mcp.server.mcpserver import MCPServer
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from tui_chat.core.part import ToolStatus
from tui_chat.tools.mcp_config import McpConfig, ServerUnusable
from tui_chat.tools.mcp_login import TokenFile, login, stored_auth
from tui_chat.tools.mcp_server import McpServer


class Guarded:
    """An MCP server that wants a token, and the authorization server that gives it."""

    def __init__(self, app: Any, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.token = "token-1"
        self.refuses = False
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (answer := await self._answer(Request(scope, receive))) is not None:
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, request: Request) -> Response | None:
        path = request.url.path
        if path.startswith("/.well-known/oauth-protected-resource"):
            return JSONResponse({"resource": f"{self.url}/mcp", "authorization_servers": [self.url]})
        if path.startswith("/.well-known/oauth-authorization-server"):
            names = {
                "authorization_endpoint": "authorize",
                "token_endpoint": "token",
                "registration_endpoint": "register",
            }
            found: dict[str, Any] = {name: f"{self.url}/{end}" for name, end in names.items()}
            found |= {"issuer": self.url, "response_types_supported": ["code"]}
            return JSONResponse(found | {"code_challenge_methods_supported": ["S256"]})
        if path == "/register":
            return JSONResponse({**await request.json(), "client_id": "client-1"}, status_code=201)
        if path == "/authorize":
            query = request.query_params
            given = {"error": "access_denied"} if self.refuses else {"code": "code-1"}
            return RedirectResponse(f"{query['redirect_uri']}?{urlencode({**given, 'state': query['state']})}", 302)
        if path == "/token":
            form = parse_qs((await request.body()).decode())
            assert form["code"] == ["code-1"] and form["code_verifier"]
            return JSONResponse({"access_token": self.token, "token_type": "Bearer", "expires_in": 3600})
        if path == "/mcp" and request.headers.get("authorization") != f"Bearer {self.token}":
            where = f'Bearer resource_metadata="{self.url}/.well-known/oauth-protected-resource/mcp"'
            return Response(status_code=401, headers={"WWW-Authenticate": where})
        return None


@pytest.fixture
async def guarded() -> AsyncIterator[Guarded]:
    server = MCPServer("adder")

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = Guarded(server.streamable_http_app(), port)
    running = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="none"))
    serving = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.01)
    yield app
    running.should_exit = True
    await serving


class Browser:
    """Follows the login page's redirects, as a browser would."""

    def __init__(self) -> None:
        self.visits: list[asyncio.Task[str]] = []

    def open(self, url: str) -> None:
        self.visits.append(asyncio.create_task(self._visit(url)))

    async def _visit(self, url: str) -> str:
        async with httpx2.AsyncClient(follow_redirects=True) as client:
            return (await client.get(url)).text


async def test_a_login_is_kept_privately_and_used_without_asking_again(guarded: Guarded, tmp_path: Path) -> None:
    config, browser = McpConfig("adder", url=f"{guarded.url}/mcp"), Browser()
    assert stored_auth(config, tmp_path) is None
    assert await login(config, tmp_path, tmp_path, browser.open) == ["add"]
    assert "Logged in" in await browser.visits[0]
    assert stat.S_IMODE((tmp_path / "adder.json").stat().st_mode) == 0o600
    server = McpServer(config, tmp_path, lambda: stored_auth(config, tmp_path))
    outcome = await server.call("add", {"a": 2, "b": 40}, lambda tail: None)
    await server.aclose()
    assert outcome.status is ToolStatus.DONE and "42" in outcome.text and len(browser.visits) == 1
    assert not TokenFile(McpConfig("adder", url="https://elsewhere.example/mcp"), tmp_path).exists


async def test_without_a_login_the_user_hears_how_to_log_in(guarded: Guarded, tmp_path: Path) -> None:
    server = McpServer(McpConfig("adder", url=f"{guarded.url}/mcp"), tmp_path)
    with pytest.raises(ServerUnusable, match="tui-chat mcp login adder"):
        await server.definitions()
    await server.aclose()


async def test_a_token_that_holds_no_more_asks_for_another_login(guarded: Guarded, tmp_path: Path) -> None:
    config, browser = McpConfig("adder", url=f"{guarded.url}/mcp"), Browser()
    await login(config, tmp_path, tmp_path, browser.open)
    guarded.token = "token-2"
    server = McpServer(config, tmp_path, lambda: stored_auth(config, tmp_path))
    with pytest.raises(ServerUnusable, match="tui-chat mcp login adder"):
        await server.definitions()
    await server.aclose()
    assert len(browser.visits) == 1


async def test_a_refused_login_reports_it(guarded: Guarded, tmp_path: Path) -> None:
    guarded.refuses = True
    with pytest.raises(ServerUnusable, match="access_denied"):
        await login(McpConfig("adder", url=f"{guarded.url}/mcp"), tmp_path, tmp_path, Browser().open)
    assert not (tmp_path / "adder.json").exists() or '"tokens"' not in (tmp_path / "adder.json").read_text()


async def test_a_server_that_runs_here_needs_no_login(tmp_path: Path) -> None:
    with pytest.raises(ServerUnusable, match="needs no login"):
        await login(McpConfig("x", ("y",)), tmp_path, tmp_path, print)

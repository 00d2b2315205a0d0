"""MCP over streamable HTTP, against the SDK's own server on this machine; and servers from the package index."""

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from mcp.server.mcpserver import MCPServer

from tui_chat.core.form import Form, FormAnswer
from tui_chat.core.part import ToolStatus
from tui_chat.tools.mcp_config import McpConfig, ServerUnusable
from tui_chat.tools.mcp_server import McpServer


@pytest.fixture(params=[False, True], ids=["events", "json"])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """A server over HTTP with a tool that adds and one that answers at length; it answers by events or by JSON."""
    server = MCPServer("adder")

    @server.tool()
    def flood() -> str:
        """Say much."""
        return "x" * 30_000_000

    @server.tool()
    def add(a: int, b: int) -> int:
        """Add two numbers."""
        return a + b

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = server.streamable_http_app(json_response=request.param)
    running = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", ws="none"))
    serving = asyncio.create_task(running.serve())
    while not running.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}/mcp"
    running.should_exit = True
    await serving


async def called(config: McpConfig, folder: Path, name: str, arguments: dict[str, Any]) -> tuple[list[str], Any]:
    server = McpServer(config, folder)
    try:
        names = [one.name for one in await server.definitions()]
        return names, await server.call(name, arguments, lambda tail: None)
    finally:
        await server.aclose()


async def test_a_tool_is_called_over_http(url: str, tmp_path: Path) -> None:
    names, outcome = await called(McpConfig("adder", url=url), tmp_path, "add", {"a": 2, "b": 40})
    assert names == ["add", "flood"] and outcome.status is ToolStatus.DONE and "42" in outcome.text


async def test_an_answer_without_measure_ends_and_the_next_call_works(url: str, tmp_path: Path) -> None:
    server = McpServer(McpConfig("adder", url=url, timeout_s=8.0), tmp_path)
    flooded = await server.call("flood", {}, lambda tail: None)
    assert flooded.status is not ToolStatus.DONE and len(flooded.text) < 1_000
    added = await server.call("add", {"a": 1, "b": 2}, lambda tail: None)
    assert added.status is ToolStatus.DONE and "3" in added.text
    await server.aclose()


async def test_an_address_where_nothing_listens_is_named(tmp_path: Path) -> None:
    server = McpServer(McpConfig("gone", url="http://127.0.0.1:9/mcp", start_timeout_s=10), tmp_path)
    with pytest.raises(ServerUnusable, match="gone cannot be used"):
        await server.definitions()
    await server.aclose()


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with servers of other authors."""
    folder = tmp_path_factory.mktemp("servers")
    steps = (
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin" / "pip"), "install", "-q", "mcp-server-time", "mcp-server-git"],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, timeout=280, check=False)
        if done.returncode != 0:
            pytest.skip("the servers cannot be installed")
    return folder / "bin"


@pytest.mark.real
@pytest.mark.slow
async def test_the_time_server_reports_the_time_and_its_errors(installed: Path, tmp_path: Path) -> None:
    config = McpConfig("time", (str(installed / "mcp-server-time"), "--local-timezone", "UTC"))
    names, outcome = await called(config, tmp_path, "get_current_time", {"timezone": "Europe/Berlin"})
    assert names == ["convert_time", "get_current_time"]
    assert outcome.status is ToolStatus.DONE and "Europe/Berlin" in outcome.text
    _, failed = await called(config, tmp_path, "get_current_time", {"timezone": "Nowhere/Land"})
    assert failed.status is ToolStatus.FAILED


@pytest.mark.real
@pytest.mark.slow
async def test_the_git_server_commits_exactly_once(installed: Path, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    for words in (["init", "-q"], ["config", "user.email", "a@b.c"], ["config", "user.name", "A"]):
        subprocess.run(["git", *words], cwd=repo, check=True)
    (repo / "file").write_text("x")
    subprocess.run(["git", "add", "."], cwd=repo, check=True)
    config = McpConfig("git", (str(installed / "mcp-server-git"), "--repository", str(repo)))
    arguments = {"repo_path": str(repo), "message": "one"}
    names, outcome = await called(config, tmp_path, "git_commit", arguments)
    assert "git_status" in names and outcome.status is ToolStatus.DONE
    log = subprocess.run(["git", "log", "--oneline"], cwd=repo, capture_output=True, text=True, check=True)
    assert len(log.stdout.splitlines()) == 1


EVERYTHING = "@modelcontextprotocol/server-everything"


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> McpConfig:
    """The reference server that has one of everything."""
    folder = tmp_path_factory.mktemp("everything")
    if shutil.which("npm") is None:
        pytest.skip("there is no npm")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", f"{EVERYTHING}@2026.8.31"]
    if subprocess.run(install, cwd=folder, capture_output=True, timeout=280, check=False).returncode != 0:
        pytest.skip("the server cannot be installed")
    return McpConfig("all", ("node", str(folder / "node_modules" / EVERYTHING / "dist" / "index.js"), "stdio"))


class Filling:
    """A report by which a tool can ask; the required fields are filled in."""

    def __init__(self) -> None:
        self.forms: list[Form] = []
        self.progress: list[str] = []

    def __call__(self, tail: str) -> None:
        self.progress.append(tail)

    async def ask(self, form: Form) -> FormAnswer:
        self.forms.append(form)
        return FormAnswer("accept", {field.name: "Ann" for field in form.fields if field.is_required})


@pytest.mark.real
@pytest.mark.slow
async def test_the_everything_server_asks_draws_and_reports_progress(everything: McpConfig, tmp_path: Path) -> None:
    server, filling = McpServer(everything, tmp_path), Filling()
    names = [one.name for one in await server.definitions()]
    assert "trigger-elicitation-request" in names and "trigger-sampling-request" not in names
    drawn = await server.call("get-tiny-image", {}, filling)
    assert [file.media_type for file in drawn.files] == ["image/png"]
    asked = await server.call("trigger-elicitation-request", {}, filling)
    (form,) = filling.forms
    assert asked.status is ToolStatus.DONE and "Name: Ann" in asked.text
    assert {field.kind for field in form.fields} == {"string", "boolean", "integer", "number", "array"}
    steps = await server.call("trigger-long-running-operation", {"duration": 1, "steps": 2}, filling)
    assert steps.status is ToolStatus.DONE and filling.progress == ["1 of 2", "2 of 2"]
    weather = await server.call("get-structured-content", {"location": "Chicago"}, filling)
    assert weather.status is ToolStatus.DONE and "temperature" in weather.text
    await server.aclose()

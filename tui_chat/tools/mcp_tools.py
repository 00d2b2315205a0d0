"""The tools of all MCP servers: offered from what is known of them, without waiting for a server that is away."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tui_chat.core.part import ToolCallPart, ToolStatus
from tui_chat.core.tool import ArgumentsRefused, CallReview, Effect, Tool, ToolOutcome, ToolServer, chosen_of
from tui_chat.core.tool_text import plain_output
from tui_chat.tools.arguments import arguments_of
from tui_chat.tools.definitions import fingerprint_of
from tui_chat.tools.mcp_config import McpConfig, ServerUnusable, wire_name
from tui_chat.tools.mcp_login import stored_auth
from tui_chat.tools.mcp_server import Definition, McpServer

_log = logging.getLogger(__name__)
_MAX_DESCRIPTION = 4_000
_CHANGED = "the tool is another one than when this conversation began to use it"
FIRST_LISTING_S = 10.0
"""How long a server that was never listed has, from when it was chosen, before a message goes without its tools."""

HasConsent = Callable[[ToolServer], Awaitable[bool]]
LoadKnown = Callable[[], Awaitable[Any]]
SaveKnown = Callable[[Any], Awaitable[None]]


class McpTools:
    def __init__(
        self,
        configs: Sequence[McpConfig],
        log_dir: Path,
        *,
        login_dir: Path,
        has_consent: HasConsent,
        load_known: LoadKnown,
        save_known: SaveKnown,
    ) -> None:
        """`load_known` and `save_known` keep the last list of tools of each server."""
        self._servers = {
            config.name: McpServer(config, log_dir, partial(stored_auth, config, login_dir)) for config in configs
        }
        self._has_consent = has_consent
        self._load_known = load_known
        self._save_known = save_known
        self._known: dict[str, Mapping[str, Tool]] = {}
        """The tools of each server by name, as it last listed them."""
        self._listing: dict[str, float] = {}
        """When the first listing of each server began."""
        self._refreshing: set[asyncio.Task[Any]] = set()

    async def offered(self, chosen: Sequence[str]) -> tuple[Tool, ...]:
        """Return the tools of the chosen servers, sorted by name."""
        names = {server for choice in chosen if (server := chosen_of(choice, self._servers))}
        await asyncio.gather(*(self._prepare(name) for name in names))
        tools = [tool for name in names for tool in self._known.get(name, {}).values()]
        wanted = (tool for tool in tools if tool.mcp in chosen or tool.name in chosen)
        return tuple(sorted(wanted, key=lambda tool: tool.name))

    async def _prepare(self, name: str) -> None:
        """Make the tools of a server known, from the last time where that is stored."""
        server = self._servers[name]
        if name in self._known or not await self._has_consent(server.config.server):
            return
        known = _known_definitions(server.config, await self._load_known())
        refresh = asyncio.create_task(self._refresh(server))
        self._refreshing.add(refresh)
        refresh.add_done_callback(self._refreshing.discard)
        if known is not None:
            self._known[name] = _tools(server.config, known)
            return
        now_s = asyncio.get_running_loop().time()
        waited_s = now_s - self._listing.setdefault(name, now_s)
        await asyncio.wait({refresh}, timeout=max(0.0, FIRST_LISTING_S - waited_s))

    async def _refresh(self, server: McpServer) -> None:
        """List the tools now, and keep the list for the next start."""
        try:
            await self._list(server)
        except ServerUnusable as error:
            _log.warning("%s", error)

    async def _list(self, server: McpServer) -> None:
        definitions = await server.definitions()
        self._known[server.config.name] = _tools(server.config, definitions)
        stored = dict(await self._load_known() or {})
        entry = {"server": server.config.server.fingerprint, "tools": [asdict(one) for one in definitions]}
        if stored.get(server.config.name) != entry:
            await self._save_known({**stored, server.config.name: entry})

    async def list_tools(self, name: str) -> tuple[Tool, ...]:
        """Start a server and return its tools. Raises `ServerUnusable`."""
        await self._list(self._servers[name])
        return tuple(self._known[name].values())

    async def review(self, tool: Tool, call: ToolCallPart) -> CallReview:
        """Return what a call would do: whatever the server does with it."""
        if tool.mcp not in self._servers:
            raise ArgumentsRefused(f"The MCP server {tool.mcp} is no longer in the user's settings.")
        arguments = arguments_of(call)
        shown = json.dumps(arguments, ensure_ascii=False, indent=2)
        latest = self._known.get(tool.mcp, {}).get(tool.name, tool)
        about = latest.description.strip().partition("\n")[0]
        details = f"{tool.own_name} of {tool.mcp}: {about}\n\n{shown}"
        summary = f"{tool.mcp}: {tool.own_name}"
        if latest.fingerprint == tool.fingerprint:
            return CallReview(tool, False, summary, details, "")
        return CallReview(latest, False, summary, f"{details}\n\n{_changes(tool, latest)}", "", _CHANGED)

    async def run(self, tool: Tool, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        if not await self._has_consent(self._servers[tool.mcp].config.server):
            return ToolOutcome("The user has not agreed to this MCP server. Not run.", ToolStatus.NOT_RUN)
        return await self._servers[tool.mcp].call(tool.own_name, arguments_of(call), report)

    async def aclose(self) -> None:
        await asyncio.gather(*(server.aclose() for server in self._servers.values()))
        if self._refreshing:
            await asyncio.wait(self._refreshing)


def known_tools(config: McpConfig, stored: Any) -> tuple[Tool, ...] | None:
    """Return the tools of a server as it last listed them; `None` where these settings never had a listing."""
    known = _known_definitions(config, stored)
    return None if known is None else tuple(_tools(config, known).values())


def _known_definitions(config: McpConfig, stored: Any) -> list[Definition] | None:
    known = (stored or {}).get(config.name)
    if known is None or known["server"] != config.server.fingerprint:
        return None
    return [Definition(**item) for item in known["tools"]]


def _changes(before: Tool, now: Tool) -> str:
    """Return how a server now describes a tool differently, for the user's decision."""
    rows = [("its description", before.description, now.description)]
    rows += [("its arguments", before.schema_json, now.schema_json)]
    changed = [f"Before, {what} was: {old}\nNow it is: {new}" for what, old, new in rows if old != new]
    return "\n".join(changed) or "The command of its server has changed."


def _tools(config: McpConfig, definitions: Sequence[Definition]) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    server = config.server.fingerprint
    for one in definitions:
        if config.tools and one.name not in config.tools:
            continue
        name = wire_name(config.name, one.name)
        description = plain_output(one.description)[:_MAX_DESCRIPTION]
        fingerprint = fingerprint_of(server, one.name, one.description, one.schema_json)
        found[name] = Tool(
            name, description, one.schema_json, Effect.UNKNOWN, config.name, fingerprint, own_name=one.name
        )
    return found


class AllTools:
    """The built-in tools and those of MCP servers as one toolbox."""

    def __init__(self, built_in: Any, mcp: McpTools) -> None:
        self._built_in = built_in
        self.mcp = mcp

    async def offered(self, chosen: Sequence[str]) -> tuple[Tool, ...]:
        """Return the chosen tools: those of servers after the built-in ones, each group sorted."""
        return (*await self._built_in.offered(chosen), *await self.mcp.offered(chosen))

    async def review(self, tool: Tool, call: ToolCallPart) -> CallReview:
        review: CallReview = await (self.mcp if tool.mcp else self._built_in).review(tool, call)
        return review

    async def run(self, tool: Tool, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        outcome: ToolOutcome = await (self.mcp if tool.mcp else self._built_in).run(tool, call, report)
        return outcome

    async def aclose(self) -> None:
        await self.mcp.aclose()


def servers_in(text: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the servers of another program's JSON file, under the names of our settings. Raises `ValueError`."""
    found = json.loads(text)
    tables = [found.get(key) for key in ("mcpServers", "servers")] if isinstance(found, dict) else []
    table = next((one for one in tables if isinstance(one, dict)), None)
    if table is None:
        raise ValueError("there is no `mcpServers` in it")
    return {name: _settings_of(name, entry) for name, entry in table.items() if isinstance(entry, dict)}


def _settings_of(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if command := entry.get("command"):
        made["command"] = tuple(map(str, [command, *entry.get("args", [])]))
    if url := entry.get("url") or entry.get("httpUrl"):
        made["url"] = str(url)
    for key in ("env", "headers"):
        if values := entry.get(key):
            made[key] = {str(one): str(value) for one, value in values.items()}
    if cwd := entry.get("cwd"):
        made["cwd"] = str(cwd)
    if not made.get("command") and not made.get("url"):
        raise ValueError(f"{name} has neither a command nor a url")
    return made

"""The tools that each conversation offers: those of MCP servers stay as they were at their first use. Runs nothing.

A list that changed with every restart of a server would make the provider's prompt cache useless, and a server could
change what the user has seen. Another choice of tools takes the present definitions.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tui_chat.core.error import StorageError
from tui_chat.core.tool import Effect, Tool, Toolbox
from tui_chat.storage.store import Store

Stored = dict[str, list[dict[str, Any]]]
"""By MCP server, its tools."""


class ToolLists:
    def __init__(self, store: Store, toolbox: Toolbox | None) -> None:
        self._store = store
        self._toolbox = toolbox
        self._reported: set[str] = set()
        """The conversations whose user knows that a server offers other tools now."""

    async def tools_of(self, conversation_id: str, chosen: Sequence[str]) -> tuple[Tool, ...]:
        """Return the chosen tools, sorted by name; keep those of MCP servers that the conversation had not yet."""
        if self._toolbox is None or not chosen:
            return ()
        offered = await self._toolbox.offered(chosen)
        present = _by_server(offered)
        own = [tool for tool in offered if not tool.mcp]
        kept = await self._kept(conversation_id, chosen) if present else {}
        # A server that offers nothing at all has no consent any more.
        lists = {server: kept.get(server, tools) for server, tools in present.items()}
        if lists.keys() - kept.keys():
            await self._keep(conversation_id, chosen, kept | lists)
        found = [*own, *(tool for tools in lists.values() for tool in tools)]
        return tuple(sorted(found, key=lambda tool: tool.name))

    async def news(self, conversation_id: str, chosen: Sequence[str]) -> tuple[str, ...]:
        """Return once for each conversation which servers offer other tools than it has."""
        if self._toolbox is None or not chosen or conversation_id in self._reported:
            return ()
        kept = await self._kept(conversation_id, chosen)
        present = _by_server(await self._toolbox.offered(chosen)) if kept else {}
        changed = [server for server, tools in present.items() if kept.get(server, tools) != tools]
        if changed:
            self._reported.add(conversation_id)
        return tuple(
            f"{server} offers other tools now; this conversation keeps those it had until you choose tools again"
            for server in changed
        )

    async def forget(self, conversation_id: str) -> None:
        """Take the present definitions with the next request."""
        self._reported.discard(conversation_id)
        await self._store.set_state(_key(conversation_id), None)

    async def _kept(self, conversation_id: str, chosen: Sequence[str]) -> dict[str, list[Tool]]:
        try:
            stored = await self._store.state(_key(conversation_id)) or {}
            if stored.get("chosen") != sorted(chosen):
                return {}
            return {server: [_tool(item) for item in items] for server, items in stored["tools"].items()}
        except (StorageError, KeyError, TypeError, ValueError, AttributeError):
            return {}

    async def _keep(self, conversation_id: str, chosen: Sequence[str], lists: dict[str, list[Tool]]) -> None:
        stored: Stored = {server: [asdict(tool) for tool in tools] for server, tools in lists.items()}
        try:
            await self._store.set_state(_key(conversation_id), {"chosen": sorted(chosen), "tools": stored})
        except StorageError:  # the list is taken from the servers again
            return


def _by_server(tools: Sequence[Tool]) -> dict[str, list[Tool]]:
    found: dict[str, list[Tool]] = {}
    for tool in tools:
        if tool.mcp:
            found.setdefault(tool.mcp, []).append(tool)
    return found


def _tool(item: dict[str, Any]) -> Tool:
    return Tool(**{**item, "effect": Effect(item["effect"])})


def _key(conversation_id: str) -> str:
    return f"tools:{conversation_id}"

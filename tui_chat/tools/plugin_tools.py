"""Tools of other packages, after the built-in ones and those of MCP servers. Loads a plug-in when it is chosen."""

import logging
from collections.abc import Callable, Sequence

from tui_chat.core.error import SettingsError
from tui_chat.core.part import ToolCallPart
from tui_chat.core.tool import CallReview, Tool, Toolbox, ToolOutcome
from tui_chat.plugins import TOOLS, load, plugins

_log = logging.getLogger(__name__)


class PluginTools:
    """A toolbox with the tools of plug-ins after its own; a tool whose name is taken is left out."""

    def __init__(self, own: Toolbox) -> None:
        self._own = own
        self._boxes: dict[str, Toolbox | None] = {}
        """By the name of the plug-in; `None` for one that cannot be used."""
        self._box_of: dict[str, Toolbox] = {}
        """By the name of a tool."""

    async def offered(self, chosen: Sequence[str]) -> tuple[Tool, ...]:
        """Return the chosen tools: those of plug-ins come last."""
        tools = [*await self._own.offered(chosen)]
        for name in sorted(set(chosen) & set(plugins(TOOLS))):
            if (box := self._box(name)) is None:
                continue
            for tool in await box.offered((name,)):
                if all(tool.name != taken.name for taken in tools):
                    tools.append(tool)
                    self._box_of[tool.name] = box
        return tuple(tools)

    async def review(self, tool: Tool, call: ToolCallPart) -> CallReview:
        return await self._box_of.get(tool.name, self._own).review(tool, call)

    async def run(self, tool: Tool, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        return await self._box_of.get(tool.name, self._own).run(tool, call, report)

    async def aclose(self) -> None:
        for box in (self._own, *filter(None, self._boxes.values())):
            await box.aclose()

    def _box(self, name: str) -> Toolbox | None:
        if name not in self._boxes:
            try:
                self._boxes[name] = load(plugins(TOOLS)[name])
            except SettingsError as error:
                _log.warning("%s", error.message)
                self._boxes[name] = None
        return self._boxes[name]

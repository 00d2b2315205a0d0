"""A toolbox that is made when the first tool is chosen: other runs do not import it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from tui_chat.core.part import ToolCallPart
from tui_chat.core.tool import CallReview, Tool, Toolbox, ToolOutcome


class LazyToolbox:
    def __init__(self, make: Callable[[], Toolbox], mask: Callable[[str], str]) -> None:
        """`mask` hides secrets in a text."""
        self._make = make
        self._mask = mask
        self._making = asyncio.Lock()
        self._made: Toolbox | None = None

    async def _toolbox(self) -> Toolbox:
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
            return self._made

    async def offered(self, chosen: Sequence[str]) -> tuple[Tool, ...]:
        return await (await self._toolbox()).offered(chosen) if chosen else ()

    async def review(self, tool: Tool, call: ToolCallPart) -> CallReview:
        return await (await self._toolbox()).review(tool, call)

    async def run(self, tool: Tool, call: ToolCallPart, report: Callable[[str], None]) -> ToolOutcome:
        """Run a call; the user's own secrets are hidden in its outcome."""
        outcome = await (await self._toolbox()).run(tool, call, report)
        return replace(outcome, text=self._mask(outcome.text))

    async def aclose(self) -> None:
        if self._made is not None:
            await self._made.aclose()

"""Temporary conversations of the app: what each uses, over a store in memory; closes those left open at the end."""

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui_chat.service.chat import ChatService
    from tui_chat.ui.app_context import AppContext
    from tui_chat.wiring import Program


class TemporaryChats:
    def __init__(self, program: "Program") -> None:
        self._program = program
        self._services: list[ChatService] = []

    def offer(self, saved: "AppContext") -> "AppContext":
        """Return the context of the saved conversations, from which a temporary one can be opened."""

        async def open_temporary() -> "AppContext":
            return await self._open(saved)

        return replace(saved, open_temporary=open_temporary)

    async def aclose(self) -> None:
        """Discard every temporary conversation that is open."""
        for service in list(self._services):
            await self._close(service)

    async def _open(self, saved: "AppContext") -> "AppContext":
        service = await self._program.unsaved_service()
        self._services.append(service)

        async def close() -> None:
            await self._close(service)

        return saved.for_temporary(service, close)

    async def _close(self, service: "ChatService") -> None:
        if service in self._services:
            self._services.remove(service)
            await self._program.close_unsaved(service)

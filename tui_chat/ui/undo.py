"""The changes of a screen that can be undone, the last one first."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

Undo: TypeAlias = Callable[[], Awaitable[object]]


class UndoStack:
    def __init__(self) -> None:
        self._undos: list[Undo] = []

    def push(self, undo: Undo) -> None:
        self._undos.append(undo)

    async def undo_last(self) -> bool:
        """Undo the last change. Return False if there is none."""
        if not self._undos:
            return False
        await self._undos.pop()()
        return True

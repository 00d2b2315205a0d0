"""Conversations put in order, each step with a way back. Knows the store and the service, no screen."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial

from tui_chat.service.chat import ChatService
from tui_chat.storage.store import Store

Change = Callable[[str], Awaitable[object]]


class LibraryActions:
    """Renames, archives, deletes, and takes any of it back."""

    def __init__(self, store: Store, service: ChatService) -> None:
        self._store = store
        self._service = service
        self._undoable: list[Callable[[], Awaitable[object]]] = []

    async def rename(self, conversation_id: str, old: str, new: str) -> None:
        """Another title."""
        await self._store.rename(conversation_id, new)
        self._undoable.append(partial(self._store.rename, conversation_id, old))

    async def archive(self, ids: Iterable[str]) -> None:
        """Out of the list."""
        await self._each(tuple(ids), self._store.archive, self._store.unarchive)

    async def unarchive(self, ids: Iterable[str]) -> None:
        """Back into the list."""
        await self._each(tuple(ids), self._store.unarchive, self._store.archive)

    async def delete(self, ids: Iterable[str]) -> None:
        """Into the trash; a reply that comes in there is stopped and kept."""
        await self._each(tuple(ids), self._throw_away, self._store.restore)

    async def restore(self, ids: Iterable[str]) -> None:
        """Out of the trash."""
        await self._each(tuple(ids), self._store.restore, self._store.delete)

    async def undo(self) -> bool:
        """Take the last step back; whether there was one."""
        if not self._undoable:
            return False
        await self._undoable.pop()()
        return True

    async def _throw_away(self, conversation_id: str) -> None:
        if (reply := self._service.reply_in(conversation_id)) is not None:
            reply.cancel()
            await reply.wait()
        await self._store.delete(conversation_id)

    async def _each(self, ids: tuple[str, ...], change: Change, back: Change) -> None:
        done: list[str] = []

        async def take_back() -> None:
            for one in done:
                await back(one)

        self._undoable.append(take_back)
        for one in ids:
            await change(one)
            done.append(one)

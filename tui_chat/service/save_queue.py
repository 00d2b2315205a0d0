"""Writes turns to the store; what cannot be written now is kept in memory and written when it can be.

A full disk or a lost database must not end a conversation: it goes on unsaved, everybody is told, and saving resumes.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from tui_chat.core.conversation import Conversation, SideRequest, TitleSource
from tui_chat.core.error import NotFound, StorageError
from tui_chat.core.event import Delta
from tui_chat.core.turn import Turn
from tui_chat.storage.store import Store

FLUSH_EVERY_S = 2.0


class SaveQueue:
    """The store, with a memory for what it could not take."""

    def __init__(self, store: Store, lasting: StorageError | None = None) -> None:
        """`lasting` is why the store keeps nothing beyond this run of the program."""
        self.store = store
        self._lasting = lasting
        self.error: StorageError | None = lasting
        """Why saving does not work now; `None` while it does."""
        self._unsaved: dict[str, Conversation] = {}
        self._begun: dict[str, Conversation] = {}
        """As they were when their reply began, should the store lose them before it ends."""
        self._watchers: list[Callable[[StorageError | None], None]] = []
        self._flusher: asyncio.Task[None] | None = None

    def watch(self, told: Callable[[StorageError | None], None]) -> Callable[[], None]:
        """Call `told` whenever saving stops working or works again; returns what ends that."""
        self._watchers.append(told)
        return lambda: self._watchers.remove(told) if told in self._watchers else None

    async def conversation(self, conversation_id: str) -> Conversation:
        """The conversation as it is now, saved or not."""
        if (unsaved := self._unsaved.get(conversation_id)) is not None:
            return unsaved
        return await self.store.conversation(conversation_id)

    async def begin(self, conversation: Conversation, turns: Sequence[Turn], *, new: bool) -> None:
        """Commit new turns of `conversation`, which already holds them, before their request leaves."""
        self._begun[conversation.id] = conversation
        try:
            if conversation.id in self._unsaved:
                self._unsaved[conversation.id] = conversation
                await self._flush()
            elif new:
                await self.store.create(conversation)
            else:
                await self._append(conversation, turns)
        except StorageError as error:
            self._keep(conversation, error)

    async def _append(self, conversation: Conversation, turns: Sequence[Turn]) -> None:
        try:
            await self.store.append(conversation.id, turns, head=turns[-1].id, title=conversation.title)
        except NotFound:
            # Another database took the place of the one it was in; whoever goes on with it wants it kept.
            await self.store.save(conversation)

    async def show_branch(self, conversation_id: str, head: str) -> None:
        """Move the head of a conversation."""
        if (unsaved := self._unsaved.get(conversation_id)) is not None:
            self._unsaved[conversation_id] = unsaved.with_head(head)
        else:
            await self.store.set_head(conversation_id, head)

    async def checkpoint(
        self, conversation_id: str, turn_id: str, deltas: Sequence[Delta], mark_saved: Callable[[], None]
    ) -> bool:
        """Save what is new of a reply in flight; false where it could not be and must be offered again.

        `mark_saved` is called on the store's thread.
        """
        if conversation_id in self._unsaved:
            return False
        try:
            await self.store.checkpoint(turn_id, deltas, mark_saved)
        except StorageError as error:
            self._tell(error)
            return False
        except NotFound:
            # What was saved before is not there either: a half of it would pass for the whole.
            self._tell(_lost())
            return False
        if self._unsaved == {}:
            self._tell(None)
        return True

    async def finish(self, conversation_id: str, turn: Turn) -> None:
        """Save a reply that has ended."""
        begun = self._begun.pop(conversation_id, None)
        if (unsaved := self._unsaved.get(conversation_id)) is not None:
            self._unsaved[conversation_id] = unsaved.with_turn(turn, head=False)
            await self._flush_quietly()
            return
        try:
            await self.store.finish(turn)
        except (StorageError, NotFound) as error:
            try:
                known = await self.store.conversation(conversation_id)
            except (StorageError, NotFound):
                known = begun or Conversation(conversation_id, turn.created_at, turn.created_at)
            if isinstance(error, NotFound):
                self._keep(known.with_turn(turn, head=False), _lost())
                await self._flush_quietly()
            else:
                self._keep(known.with_turn(turn, head=False), error)

    async def record(self, conversation_id: str, side_request: SideRequest, title: str) -> None:
        """Save what an errand used, and the title it brought where that is still wanted."""
        if (unsaved := self._unsaved.get(conversation_id)) is None:
            await self.store.record(conversation_id, side_request, title)
            return
        if title and unsaved.title_source is not TitleSource.USER:
            unsaved = replace(unsaved, title=title, title_source=TitleSource.MODEL)
        self._unsaved[conversation_id] = replace(unsaved, side_requests=(*unsaved.side_requests, side_request))

    def _keep(self, conversation: Conversation, error: StorageError) -> None:
        self._unsaved[conversation.id] = conversation
        self._tell(error)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush_steadily())

    def _tell(self, error: StorageError | None) -> None:
        error = error or self._lasting
        if (error is None) != (self.error is None):
            for told in tuple(self._watchers):
                told(error)
        self.error = error

    async def _flush(self) -> None:
        for conversation_id in tuple(self._unsaved):
            conversation = self._unsaved[conversation_id]
            await self.store.save(conversation)
            if self._unsaved.get(conversation_id) is conversation:
                del self._unsaved[conversation_id]
        if not self._unsaved:
            self._tell(None)

    async def _flush_quietly(self) -> None:
        try:
            await self._flush()
        except StorageError as error:
            self._tell(error)

    async def _flush_steadily(self) -> None:
        while self._unsaved:
            await asyncio.sleep(FLUSH_EVERY_S)
            await self._flush_quietly()

    async def aclose(self) -> None:
        """Try once more to save what is not saved yet."""
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.wait({self._flusher})
        if self._unsaved:
            await self._flush_quietly()


def _lost() -> StorageError:
    """Why a reply in flight is not saved when another database took the place of the one it began in."""
    return StorageError("another database took the place of the one that was in use")

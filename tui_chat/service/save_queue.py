"""Save turns to the store; keep in memory what cannot be saved now, and save it later.

A full disk or a lost database must not end a conversation: it continues unsaved, watchers are notified, saving
resumes.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from tui_chat.core.conversation import Conversation, SideRequest, TitleSource
from tui_chat.core.error import NotFound, StorageError
from tui_chat.core.event import Delta
from tui_chat.core.turn import Turn
from tui_chat.storage.store import Store

FLUSH_INTERVAL_S = 2.0


class SaveQueue:
    """The store, with a queue of conversations that it could not take."""

    def __init__(self, store: Store, permanent_error: StorageError | None = None) -> None:
        """`permanent_error` is why the store keeps nothing after this run of the program."""
        self.store = store
        self._permanent_error = permanent_error
        self.error: StorageError | None = permanent_error
        """Why saving does not work now; `None` while it does."""
        self._unsaved: dict[str, Conversation] = {}
        self._before_reply: dict[str, Conversation] = {}
        """Conversations as they were when their reply started, in case the store loses them before it ends."""
        self._watchers: list[Callable[[StorageError | None], None]] = []
        self._flusher: asyncio.Task[None] | None = None

    def watch(self, callback: Callable[[StorageError | None], None]) -> Callable[[], None]:
        """Call `callback` whenever saving stops or resumes; return a function that ends this."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    async def conversation(self, conversation_id: str) -> Conversation:
        """Return the current conversation, saved or not."""
        if (unsaved := self._unsaved.get(conversation_id)) is not None:
            return unsaved
        return await self.store.conversation(conversation_id)

    async def begin(self, conversation: Conversation, turns: Sequence[Turn], *, new: bool) -> None:
        """Commit new turns of `conversation`, which already holds them, before their request is sent."""
        self._before_reply |= {turn.id: conversation for turn in turns if turn.is_live}
        try:
            if conversation.id in self._unsaved:
                self._unsaved[conversation.id] = conversation
                await self._flush()
            elif new:
                await self.store.create(conversation)
            else:
                await self._append(conversation, turns)
        except StorageError as error:
            self._enqueue(conversation, error)

    async def _append(self, conversation: Conversation, turns: Sequence[Turn]) -> None:
        try:
            await self.store.append(conversation.id, turns, head=turns[-1].id, title=conversation.title)
        except NotFound:
            # Another database replaced the one that held the conversation; save it there.
            await self.store.save(conversation)

    async def is_stop_requested(self, turn_id: str) -> bool:
        """Return whether another process asked to stop that reply."""
        try:
            return await self.store.is_stop_requested(turn_id)
        except (StorageError, NotFound):
            return False

    async def show_branch(self, conversation_id: str, head: str) -> None:
        """Move the head of a conversation."""
        if (unsaved := self._unsaved.get(conversation_id)) is not None:
            self._unsaved[conversation_id] = unsaved.with_head(head)
        else:
            await self.store.set_head(conversation_id, head)

    async def checkpoint(
        self, conversation_id: str, turn_id: str, deltas: Sequence[Delta], mark_saved: Callable[[], None]
    ) -> bool:
        """Save the new deltas of a reply in flight; return false where they must be offered again.

        `mark_saved` is called on the store's thread.
        """
        if conversation_id in self._unsaved:
            return False
        try:
            await self.store.checkpoint(turn_id, deltas, mark_saved)
        except StorageError as error:
            self._set_error(error)
            return False
        except NotFound:
            # The earlier checkpoints are lost too: the rest alone would look like the whole reply.
            self._set_error(_replaced_error())
            return False
        if self._unsaved == {}:
            self._set_error(None)
        return True

    async def finish(self, conversation_id: str, turn: Turn) -> None:
        """Save a reply that has ended."""
        before_reply = self._before_reply.pop(turn.id, None)
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
                known = before_reply or Conversation(conversation_id, turn.created_at, turn.created_at)
            if isinstance(error, NotFound):
                self._enqueue(known.with_turn(turn, head=False), _replaced_error())
                await self._flush_quietly()
            else:
                self._enqueue(known.with_turn(turn, head=False), error)

    async def record(self, conversation_id: str, side_request: SideRequest, title: str) -> None:
        """Save the usage of a side request, and its title unless the user gave one."""
        if (unsaved := self._unsaved.get(conversation_id)) is None:
            await self.store.record(conversation_id, side_request, title)
            return
        if title and unsaved.title_source is not TitleSource.USER:
            unsaved = replace(unsaved, title=title, title_source=TitleSource.MODEL)
        self._unsaved[conversation_id] = replace(unsaved, side_requests=(*unsaved.side_requests, side_request))

    def _enqueue(self, conversation: Conversation, error: StorageError) -> None:
        self._unsaved[conversation.id] = conversation
        self._set_error(error)
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush_until_saved())

    def _set_error(self, error: StorageError | None) -> None:
        error = error or self._permanent_error
        if (error is None) != (self.error is None):
            for callback in tuple(self._watchers):
                callback(error)
        self.error = error

    async def _flush(self) -> None:
        for conversation_id in tuple(self._unsaved):
            conversation = self._unsaved[conversation_id]
            await self.store.save(conversation)
            if self._unsaved.get(conversation_id) is conversation:
                del self._unsaved[conversation_id]
        if not self._unsaved:
            self._set_error(None)

    async def _flush_quietly(self) -> None:
        try:
            await self._flush()
        except StorageError as error:
            self._set_error(error)

    async def _flush_until_saved(self) -> None:
        while self._unsaved:
            await asyncio.sleep(FLUSH_INTERVAL_S)
            await self._flush_quietly()

    async def aclose(self) -> None:
        """Try once more to save what is not saved yet."""
        if self._flusher is not None:
            self._flusher.cancel()
            await asyncio.wait({self._flusher})
        if self._unsaved:
            await self._flush_quietly()


def _replaced_error() -> StorageError:
    """Return the error for a reply whose database was replaced by another while it streamed."""
    return StorageError("another database took the place of the one that was in use")

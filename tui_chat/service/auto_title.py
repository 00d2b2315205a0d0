"""Request a title from the model, once, after the first reply of a conversation. Knows no screen.

A request that fails is only logged, and the first prompt stays the title. Its usage is stored with the conversation.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import aclosing

from tui_chat.core.builder import TurnBuilder
from tui_chat.core.compaction import summarized_turn
from tui_chat.core.conversation import TITLE, Conversation, Options, SideRequest, TitleSource
from tui_chat.core.error import ChatError
from tui_chat.core.event import Stopped
from tui_chat.core.part import TextPart
from tui_chat.core.provider import Request, split_ref
from tui_chat.core.title import title_in, title_request
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.service.dependencies import Dependencies
from tui_chat.service.reply import CLOSE_TIMEOUT_S, Reply
from tui_chat.service.save_queue import SaveQueue
from tui_chat.service.usage_meter import UsageMeter

_log = logging.getLogger(__name__)

TIMEOUT_S = 60.0
MAX_TOKENS = 1_000
"""Enough for a model that thinks first."""
MAX_CHARACTERS = 100_000
"""An answer longer than this is abandoned and gives no title."""


class AutoTitle:
    def __init__(
        self,
        dependencies: Dependencies,
        save_queue: SaveQueue,
        has_room: Callable[[Conversation], Awaitable[bool]],
    ) -> None:
        """`has_room` returns whether the budget allows another request in a conversation."""
        self._has_room = has_room
        self._dependencies = dependencies
        self._save_queue = save_queue
        self._requested: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._watchers: list[Callable[[str], object]] = []
        self._closed = False

    def watch(self, callback: Callable[[str], object]) -> Callable[[], None]:
        """Call `callback` with the conversation's id after each title request; return a function that ends this."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback) if callback in self._watchers else None

    def schedule(self, reply: Reply) -> None:
        """Request a title once the reply is complete, if the conversation needs one."""
        if self._dependencies.policy.titles_by_model:
            task = asyncio.create_task(self._set_title(reply), name=f"title {reply.conversation_id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Cancel running requests; their usage is still saved."""
        self._closed = True
        for pump in self._pumps:
            pump.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _set_title(self, reply: Reply) -> None:
        ended = await reply.wait()
        conversation_id = reply.conversation_id
        if ended.turn.status is not TurnStatus.COMPLETE or conversation_id in self._requested:
            return
        self._requested.add(conversation_id)
        try:
            conversation = await self._save_queue.conversation(conversation_id)
            if self._closed or not _needs_title(conversation):
                return
            path = conversation.path_to(ended.turn.id)
            if summarized_turn(path[0]) is not None or not await self._has_room(conversation):
                return
            title, side_request = await self._request_title(_title_prompt(path), ended.turn.model)
            if side_request is not None:
                await self._save_queue.record(conversation_id, side_request, title)
        except ChatError as error:
            _log.warning("no title for %s: %s %s", conversation_id, error.kind, error.detail)
            return
        for callback in tuple(self._watchers):
            callback(conversation_id)

    async def _request_title(self, text: str, model: str) -> tuple[str, SideRequest | None]:
        """Return the title, empty if there is none, and the usage of the request, if any."""
        dependencies = self._dependencies
        now = dependencies.now()
        prompt = Turn(dependencies.new_id(), None, Role.USER, (TextPart(text),), TurnStatus.COMPLETE, now)
        blank = Turn(dependencies.new_id(), prompt.id, Role.ASSISTANT, (), TurnStatus.STREAMING, now, model)
        request = Request(split_ref(model)[1], (prompt,), options=Options(max_tokens=MAX_TOKENS))
        meter, builder = UsageMeter(dependencies, blank, request), TurnBuilder(blank)
        pump = asyncio.create_task(self._pump(request, model, builder))
        self._pumps.add(pump)
        try:
            await asyncio.wait({pump}, timeout=TIMEOUT_S)
            pump.cancel()
            await asyncio.wait({pump}, timeout=CLOSE_TIMEOUT_S)
        finally:
            self._pumps.discard(pump)
        if pump.done() and not pump.cancelled() and (fault := pump.exception()) is not None:
            _log.warning("no title from %s: %s", model, type(fault).__name__)
        turn = await meter.settle(builder.turn, builder)
        side_request = (
            SideRequest(blank.id, TITLE, model, now, turn.usage, turn.cost) if turn.usage is not None else None
        )
        return title_in(turn.text) if builder.stopped is not None else "", side_request

    async def _pump(self, request: Request, model: str, builder: TurnBuilder) -> None:
        provider = await self._dependencies.provider_for(model)
        async with aclosing(provider.stream(request)) as events:
            async for event in events:
                builder.add(event)
                if isinstance(event, Stopped) or builder.characters > MAX_CHARACTERS:
                    return


def _needs_title(conversation: Conversation) -> bool:
    """Return whether the title is still the first prompt and no better one was requested."""
    is_requested = any(side_request.purpose == TITLE for side_request in conversation.side_requests)
    return conversation.title_source is TitleSource.PROMPT and conversation.origin is None and not is_requested


def _title_prompt(path: tuple[Turn, ...]) -> str:
    """Return the prompt for the title: it holds the first prompt of the branch and its reply."""
    first_texts = [
        next((turn.text for turn in path if turn.role is role), "") for role in (Role.USER, Role.ASSISTANT)
    ]
    return title_request(*first_texts)

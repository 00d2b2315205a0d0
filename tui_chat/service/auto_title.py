"""Titles that models give: asked for once, after the first reply, beside everything else. Knows no screen.

Nobody waits for one: a request that fails is written to the log, and the first prompt stays the title. What it used
is kept with the conversation all the same.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

from tui_chat.core.builder import TurnBuilder
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

LONGEST_S = 60.0
"""A model that has not given one by then is not waited for."""
MOST_TOKENS = 1_000
"""Enough for a model that thinks first."""
MOST_CHARACTERS = 100_000
"""A server that sends more in spite of that is not listened to; no title comes of it."""


class AutoTitle:
    """Asks for titles, and tells who watches when there is one."""

    def __init__(self, dependencies: Dependencies, save_queue: SaveQueue) -> None:
        self._dependencies = dependencies
        self._save_queue = save_queue
        self._asked: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._watchers: list[Callable[[str], object]] = []
        self._closed = False

    def watch(self, told: Callable[[str], object]) -> Callable[[], None]:
        """Call `told` with a conversation's id whenever its title was asked for; returns what ends that."""
        self._watchers.append(told)
        return lambda: self._watchers.remove(told) if told in self._watchers else None

    def after(self, reply: Reply) -> None:
        """Ask once the reply has ended, if it is a whole one and the conversation wants a title."""
        if self._dependencies.policy.titles_by_model:
            task = asyncio.create_task(self._name(reply), name=f"title {reply.conversation_id}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Stop asking; what was used by then is kept."""
        self._closed = True
        for pump in self._pumps:
            pump.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _name(self, reply: Reply) -> None:
        ended = await reply.wait()
        conversation_id = reply.conversation_id
        if ended.turn.status is not TurnStatus.COMPLETE or conversation_id in self._asked:
            return
        self._asked.add(conversation_id)
        try:
            conversation = await self._save_queue.conversation(conversation_id)
            if self._closed or not _wants_title(conversation):
                return
            title, side_request = await self._ask(_prompt_of(conversation.path_to(ended.turn.id)), ended.turn.model)
            if side_request is not None:
                await self._save_queue.record(conversation_id, side_request, title)
        except ChatError as error:
            _log.warning("no title for %s: %s %s", conversation_id, error.kind, error.detail)
            return
        for told in tuple(self._watchers):
            told(conversation_id)

    async def _ask(self, text: str, model: str) -> tuple[str, SideRequest | None]:
        """The title, if there is one, and what asking for it has used, if it did."""
        dependencies = self._dependencies
        now = dependencies.now()
        prompt = Turn(dependencies.new_id(), None, Role.USER, (TextPart(text),), TurnStatus.COMPLETE, now)
        blank = Turn(dependencies.new_id(), prompt.id, Role.ASSISTANT, (), TurnStatus.STREAMING, now, model)
        request = Request(split_ref(model)[1], (prompt,), options=Options(max_tokens=MOST_TOKENS))
        meter, builder = UsageMeter(dependencies, blank, request), TurnBuilder(blank)
        pump = asyncio.create_task(self._pump(request, model, builder))
        self._pumps.add(pump)
        try:
            await asyncio.wait({pump}, timeout=LONGEST_S)
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
                if isinstance(event, Stopped) or builder.characters > MOST_CHARACTERS:
                    return


def _wants_title(conversation: Conversation) -> bool:
    """Whether its title still is its first prompt, and nobody was asked for a better one."""
    asked = any(side_request.purpose == TITLE for side_request in conversation.side_requests)
    return conversation.title_source is TitleSource.PROMPT and conversation.origin is None and not asked


def _prompt_of(path: tuple[Turn, ...]) -> str:
    """What a model is asked to name: the first prompt of the branch and what answered it."""
    said = [next((turn.text for turn in path if turn.role is role), "") for role in (Role.USER, Role.ASSISTANT)]
    return title_request(*said)

"""The events of a reply for a bounded reader: of a reply here, of one in another process, or of one that has ended.

A reply of another process is read from the store, where it is saved every fifth of a second. Knows no wire format.
"""

import asyncio
from collections.abc import Callable, Iterator

from tui_chat.core.event import ReplyEvent, TurnEnded, TurnStarted, UsageChanged
from tui_chat.core.turn import Turn
from tui_chat.gateway.turn_deltas import deltas_between
from tui_chat.service.chat import ChatService
from tui_chat.service.joining_reader import JoiningReader

POLL_S = 0.1


async def attach(
    service: ChatService, conversation_id: str, turn_id: str, reader: JoiningReader
) -> Callable[[], object]:
    """Send all events of a reply to a reader, starting with the turn so far; return a function that ends this."""
    reply = service.reply_in(conversation_id)
    if reply is not None and reply.turn_id == turn_id:
        return reply.add_reader(reader)
    turn = (await service.open(conversation_id)).turn(turn_id)
    reader.put(turn_id, TurnStarted(conversation_id, turn))
    if not turn.is_live:
        reader.put(turn_id, TurnEnded(turn))
        return lambda: None
    return asyncio.create_task(_poll(service, conversation_id, turn, reader)).cancel


async def _poll(service: ChatService, conversation_id: str, turn: Turn, reader: JoiningReader) -> None:
    store = service.save_queue.store
    seen: object = None
    while turn.is_live:
        await asyncio.sleep(POLL_S)
        if (changes := await store.conversation_changes(conversation_id)) == seen:
            continue
        seen = changes
        current = (await service.open(conversation_id)).turn(turn.id)
        for event in changes_between(turn, current):
            reader.put(turn.id, event)
        turn = current


def changes_between(old: Turn, new: Turn) -> Iterator[ReplyEvent]:
    """Yield the events that lead from an earlier state of a reply to a later one."""
    yield from deltas_between(old, new)
    if new.usage is not None and new.usage != old.usage:
        yield UsageChanged(new.usage, new.cost)
    if not new.is_live:
        yield TurnEnded(new)

"""Tokens and cost of replies whose program died: estimated at the next start, so that no sum is silently short."""

from dataclasses import replace

from tui_chat.core.estimate import usage_of_interrupted
from tui_chat.core.provider import Request
from tui_chat.service.dependencies import CostOf
from tui_chat.storage.store import Store


async def meter_interrupted(store: Store, cost_of: CostOf) -> int:
    """Give each of them an estimate, marked as one; how many there were."""
    found = await store.unmetered()
    for conversation_id, turn_id in found:
        conversation = await store.conversation(conversation_id)
        turn = conversation.turn(turn_id)
        request = Request(turn.model, conversation.path_to(turn.parent_id), conversation.system)
        usage = usage_of_interrupted(turn, request)
        await store.finish(replace(turn, usage=usage, cost=await cost_of(turn.model, usage, turn.created_at)))
    return len(found)

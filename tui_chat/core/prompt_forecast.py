"""Forecasts a prompt before it is sent: its cost, what the cache still holds, whether it fits. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from tui_chat.core.compaction import counted_turns
from tui_chat.core.conversation import Conversation
from tui_chat.core.estimated_tokens import context_tokens, last_counted, learned_ratio, part_tokens
from tui_chat.core.part import Part
from tui_chat.core.rounds import expand_rounds
from tui_chat.core.turn import Turn
from tui_chat.core.usage import Price, Usage

SHORT_CACHE = timedelta(minutes=5)
LONG_CACHE = timedelta(hours=1)
TIGHT_FROM = 0.8
"""Share of the window from which the context is worth a warning."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A prompt that may be sent."""

    model: str
    """`provider/model` it would go to."""
    parts: tuple[Part, ...]
    parent_id: str | None
    """The turn it would follow: the head, or for an edit the parent of the turn that is edited."""


class Missed(StrEnum):
    """Why cached input will be read as new."""

    EXPIRED = "expired"
    OTHER_MODEL = "other_model"


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast input of a request."""

    usage: Usage
    """Its input by buckets; output is not foreseen."""
    missed_tokens: int = 0
    """Input that was cached before and is lost from the cache."""
    missed_because: Missed | None = None

    def cost_usd(self, price: Price) -> Decimal:
        """Return the cost of the input; the reply comes on top."""
        return price.total_usd(self.usage)

    def missed_usd(self, price: Price) -> Decimal:
        """Return the extra cost of the lost cache."""
        usage, read = self.usage, min(self.missed_tokens, self.usage.total_input_tokens)
        saved = _bucketed(usage.total_input_tokens, usage.cache_read_tokens + read, usage)
        return price.total_usd(usage) - price.total_usd(saved)


@dataclass(frozen=True, slots=True)
class ContextUse:
    """How much of a model's window a request takes."""

    tokens: int
    window: int | None
    estimated: bool = False
    reply_tokens: int = 0
    """Tokens reserved for the reply."""

    @property
    def share(self) -> float | None:
        """The share of the window, where it is known; above 1 it does not fit."""
        return self.tokens / self.window if self.window else None

    @property
    def fits(self) -> bool:
        """Whether request and reply go in; an unknown window is taken for large enough."""
        return self.window is None or self.tokens + self.reply_tokens <= self.window

    @property
    def is_tight(self) -> bool:
        """Whether the context is worth a warning."""
        return not self.fits or (self.share is not None and self.share >= TIGHT_FROM)


def forecast(conversation: Conversation, draft: Draft, now: datetime, counted: int | None = None) -> Forecast:
    """Return the forecast of a draft; `counted` is the provider's own count of its input, if known."""
    path = expand_rounds(counted_turns(conversation, draft.parent_id))
    ratio = learned_ratio(path)
    new_tokens = round(sum(part_tokens(part, ratio, draft.model) for part in draft.parts))
    before = context_tokens(path, conversation.system, ratio, model=draft.model)
    total = counted if counted is not None else before + new_tokens
    at = last_counted(path)
    if at is None or (usage := path[at].usage) is None:
        return Forecast(Usage(total, estimated=counted is None))
    buckets = replace(usage, estimated=counted is None)
    cached = min(_left_in_cache(usage), total)
    missed = _why_missed(conversation, path[: at + 1], draft.model, now)
    if missed is None:
        return Forecast(_bucketed(total, cached, buckets))
    return Forecast(_bucketed(total, 0, buckets), cached, missed if cached else None)


def context_use(conversation: Conversation, window: int | None, reply_tokens: int = 0) -> ContextUse:
    """Return the current branch's use of the window: the input of its next request, not the sum of all inputs."""
    path = expand_rounds(counted_turns(conversation, conversation.head))
    is_counted = bool(path) and last_counted(path) == len(path) - 1
    tokens = context_tokens(path, conversation.system, model=conversation.model)
    return ContextUse(tokens, window, not is_counted, reply_tokens)


def _left_in_cache(usage: Usage) -> int:
    """Return the tokens that a reply leaves in the cache; at least what it read from there."""
    return usage.cache_read_tokens + usage.cache_write_tokens


def _why_missed(conversation: Conversation, path: Sequence[Turn], model: str, now: datetime) -> Missed | None:
    reply = path[-1]
    if reply.model != model:
        return Missed.OTHER_MODEL
    # What this reply left there was kept alive by the replies after the next prompts, for they read it.
    prompts = conversation.children_of(reply.id)
    readers = (turn for prompt in prompts for turn in conversation.children_of(prompt.id) if turn.model == model)
    last_read = max((reply, *readers), key=lambda turn: turn.created_at)
    is_long = any(turn.usage is not None and turn.usage.cache_write_1h_tokens for turn in (*path, last_read))
    return Missed.EXPIRED if now - last_read.created_at >= (LONG_CACHE if is_long else SHORT_CACHE) else None


def _bucketed(total: int, cached: int, like: Usage) -> Usage:
    """Split input into the buckets of the last reply: what the cache lacks is written there, if that reply wrote."""
    uncached = total - cached
    if like.cache_write_1h_tokens:
        return Usage(0, cached, 0, uncached, estimated=like.estimated)
    if like.cache_write_5m_tokens:
        return Usage(0, cached, uncached, estimated=like.estimated)
    return Usage(uncached, cached, estimated=like.estimated)

"""Estimates what a prompt will cost and whether it fits the context window, as text. Knows no widget."""

from datetime import datetime

from tui_chat.core.conversation import Conversation
from tui_chat.core.format_numbers import dollars, percent, short_tokens
from tui_chat.core.part import TextPart
from tui_chat.core.prompt_forecast import ContextUse, Draft, Missed, forecast
from tui_chat.core.turn import Turn
from tui_chat.core.usage import Price
from tui_chat.ui.attachment_marks import attachments_in, prompt_text

_COUNTED_WORDS = 50
"""A shorter draft is seen to be short."""
_MOST_COUNTED = 500_000
"""Characters."""
_WHY = {Missed.EXPIRED: "cache expired", Missed.OTHER_MODEL: "no cache for this model"}


def draft_of(conversation: Conversation, text: str, editing: Turn | None) -> Draft:
    """Return the prompt that is being written, with its place in the tree."""
    parent_id = conversation.head if editing is None else editing.parent_id
    return Draft(conversation.model, (TextPart(prompt_text(text)), *attachments_in(text)), parent_id)


def cost_estimate(conversation: Conversation, draft: Draft, price: Price | None, now: datetime) -> str:
    """Return `~1.23k in, ~$0.0031`, with the words of a longer draft and what the cache saves or no longer saves."""
    ahead = forecast(conversation, draft, now)
    words = _words(draft)
    length = f"{words:,} words, " if words >= _COUNTED_WORDS else ""
    estimate = f"{length}~{short_tokens(ahead.usage.total_input_tokens)} in"
    if ahead.usage.cache_read_tokens:
        estimate += f", {short_tokens(ahead.usage.cache_read_tokens)} cached"
    if price is not None:
        estimate += f", {dollars(ahead.cost_usd(price), estimated=True)}"
    missed_usd = ahead.missed_usd(price) if price is not None and ahead.missed_because else None
    if ahead.missed_because is not None and missed_usd:
        estimate += f"; {_WHY[ahead.missed_because]}: +{dollars(missed_usd, estimated=True)}"
    return estimate


def _words(draft: Draft) -> int:
    """Return the number of words; 0 for a text so long that counting would hold up the keys."""
    texts = [part.text for part in draft.parts if isinstance(part, TextPart)]
    return sum(len(text.split()) for text in texts) if sum(map(len, texts)) <= _MOST_COUNTED else 0


def overflow_warning(conversation: Conversation, draft: Draft, window: int | None, now: datetime) -> str:
    """Return why the prompt does not fit the context window; empty if it fits."""
    tokens = forecast(conversation, draft, now).usage.total_input_tokens
    reply_tokens = conversation.options.max_tokens or 0
    use = ContextUse(tokens, window, estimated=True, reply_tokens=reply_tokens)
    return (
        ""
        if use.fits
        else f"The prompt needs about {percent(use.share)} of the model's context window and does not fit."
    )

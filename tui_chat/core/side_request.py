"""A request made beside the turns of a conversation: nobody said it, but it was paid for."""

from dataclasses import dataclass
from datetime import datetime

from tui_chat.core.usage import Cost, Usage

TITLE = "title"
"""The purpose of asking a model what a conversation shall be called."""


@dataclass(frozen=True, slots=True)
class SideRequest:
    """What it was for, and what it used."""

    id: str
    purpose: str
    model: str
    """`provider/model` that was asked."""
    created_at: datetime
    usage: Usage
    cost: Cost | None = None

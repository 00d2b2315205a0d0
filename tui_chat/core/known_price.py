"""Known prices and the list that they come from. Must not know any list or the network."""

from dataclasses import dataclass
from datetime import date, datetime

from tui_chat.core.usage import Price


@dataclass(frozen=True, slots=True)
class PriceList:
    """The list in use, and how old it is."""

    source: str
    models: int
    fetched_at: datetime | None = None
    """When it was downloaded; `None` for the one that came with the program."""
    newest_change: date | None = None
    """The latest change of a price that it knows of: it is at least as new as that."""


@dataclass(frozen=True, slots=True)
class KnownPrice:
    """What is known of a model's price at a time."""

    model_ref: str
    price: Price | None
    """For a short request; `None` if unknown."""
    name: str = ""
    tiers: tuple[tuple[int, Price], ...] = ()
    """The price of a whole request whose input is above so many tokens."""
    since: date | None = None
    """The day from which this price is in force, where the list has it."""
    context_window: int | None = None
    comment: str = ""
    """The comment of the list's makers; outside text."""
    variants: tuple[tuple[str, Price], ...] = ()
    """The price of a short request by another service tier, by the tier's name."""
    reason: str = ""
    """Why the price is unknown, where it is."""

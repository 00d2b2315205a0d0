"""Dependencies and policies of the service. Knows no provider, no price list and no settings."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tui_chat.core.budget import Budget
from tui_chat.core.provider import Model, Provider
from tui_chat.core.tool import Toolbox
from tui_chat.core.usage import Cost, Usage
from tui_chat.service.fit_attachments import Shrink, no_shrink
from tui_chat.service.permissions import Permission
from tui_chat.service.retry_policy import RetryPolicy
from tui_chat.service.stall_detection import HealthLimits
from tui_chat.service.tool_limits import ToolLimits
from tui_chat.storage.open_database import new_random_id, utc_now

ProviderFor = Callable[[str], Awaitable[Provider]]
"""A model's reference → its provider; may have to load a library first."""

CostOf = Callable[[str, Usage, datetime], Awaitable[Cost | None]]
"""A model's reference, its usage and the date → the cost, or `None` where the price is unknown."""


async def no_model(ref: str) -> Model | None:
    """Return no model: the default where no list is kept."""
    return None


async def no_cost(model: str, usage: Usage, at: datetime) -> Cost | None:
    """Return no cost: the default where no prices are known."""
    return None


@dataclass(frozen=True, slots=True)
class Policy:
    """Retries, stall limits and intervals."""

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    health: HealthLimits = field(default_factory=HealthLimits)
    save_interval_s: float = 0.2
    """How often a reply in flight is saved, priced and checked."""
    tools: ToolLimits = field(default_factory=ToolLimits)
    titles_by_model: bool = False
    """Request a title from the conversation's model after the first reply."""


@dataclass(frozen=True, slots=True)
class Dependencies:
    """Providers, prices, clocks and ids."""

    provider_for: ProviderFor
    cost_of: CostOf = no_cost
    policy: Policy = field(default_factory=Policy)
    now: Callable[[], datetime] = utc_now
    monotonic_s: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = new_random_id
    random: Callable[[], float] = random.random
    shrink: Shrink = no_shrink
    """Makes smaller copies of images."""
    listed_model: Callable[[str], Awaitable[Model | None]] = no_model
    """A model's reference → the model as its provider last listed it."""
    toolbox: Toolbox | None = None
    """`None` where a program has no tools."""
    budget: Budget = field(default_factory=Budget)
    tool_rules: Mapping[str, Permission] = field(default_factory=dict)

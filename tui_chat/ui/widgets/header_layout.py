"""The layout of the line above a conversation: title, branch, profile, context and cost. Must not know widgets."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui_chat.core.clean import clean_line
from tui_chat.core.format_numbers import percent, short_tokens
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import CostSum
from tui_chat.ui.widgets.footer_layout import Field, fit, share_text, total_forms

if TYPE_CHECKING:
    from tui_chat.core.budget import Standing
    from tui_chat.core.conversation import Conversation
    from tui_chat.core.prompt_forecast import ContextUse

_STEPS = (
    "total",
    "context",
    "profile",
    "profile",
    "budget",
    "total",
    "branch",
    "context",
    "total",
    "budget",
    "badge",
)
"""The fields in the order in which they are shortened or dropped; the title is cut first of all."""
LEAST_TITLE = 16


@dataclass(frozen=True, slots=True)
class HeaderState:
    """Everything that the header shows."""

    title: str = ""
    branch: tuple[int, int] = (1, 1)
    """The number of the branch that is shown, and how many there are."""
    profile: str = ""
    badge: str = ""
    """A warning, such as that the conversation is kept nowhere."""
    context: "ContextUse | None" = None
    total: CostSum = field(default_factory=CostSum)
    """Of the current branch."""
    total_all: CostSum = field(default_factory=CostSum)
    """Of every branch."""
    budget: "Standing | None" = None
    """The limit of which most is spent."""


def header_fields(state: HeaderState, width: int, *, costs: bool = True) -> tuple[Field, ...]:
    """Return the fields besides the title, fitted to the width that the title leaves."""
    number, count = state.branch
    profile = clean_line(state.profile)
    fields = [
        Field("branch", (f"‹{number}/{count}›" if count > 1 else "",)),
        Field("profile", (f"profile {profile}", profile) if profile else ("",)),
        Field("badge", (state.badge,)),
        *_context(state.context),
        *_budget(state.budget),
        *([Field("total", total_forms(state.total, state.total_all), at_right=True)] if costs else []),
    ]
    return fit(tuple(one for one in fields if one.text), max(0, width - LEAST_TITLE), _STEPS)


def branch_number(conversation: "Conversation") -> tuple[int, int]:
    """Return which of the conversation's branches is shown, and how many there are."""
    parents = {turn.parent_id for turn in conversation.turns}
    ends = [turn.id for turn in conversation.turns if turn.id not in parents]
    return (ends.index(conversation.head) + 1 if conversation.head in ends else 1), max(1, len(ends))


def without_streaming(total: CostSum, conversation: "Conversation") -> CostSum:
    """Return a sum without the reply that is streaming, which has no cost yet rather than an unknown one."""
    coming = [
        turn
        for turn in conversation.path[-1:]
        if turn.status is TurnStatus.STREAMING and turn.usage is not None and turn.cost is None
    ]
    return replace(total, unknown_replies=total.unknown_replies - len(coming))


def _context(context: "ContextUse | None") -> list[Field]:
    if context is None or context.share is None or context.window is None:
        return []
    share = share_text(context)
    return [Field("context", (f"{share} of {short_tokens(context.window)} context", f"{share} full"), at_right=True)]


def _budget(standing: "Standing | None") -> list[Field]:
    if standing is None:
        return []
    if standing.share >= 1:
        return [Field("budget", (f"budget reached: {standing.text}", "budget reached"), at_right=True)]
    return [Field("budget", (f"budget {standing.text}", f"budget {percent(standing.share)}"), at_right=True)]

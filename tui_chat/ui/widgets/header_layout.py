"""The layout of the line above a conversation: title, branch, profile, context and cost. Must not know widgets."""

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui_chat.core.clean import clean_line
from tui_chat.core.format_numbers import percent, short_tokens
from tui_chat.core.text_width import text_width
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import CostSum
from tui_chat.ui.widgets.footer_layout import Field, fit, share_text, shorten, total_forms

if TYPE_CHECKING:
    from tui_chat.core.budget import Standing
    from tui_chat.core.conversation import Conversation
    from tui_chat.core.prompt_forecast import ContextUse

_FIRST_STEPS = ("total", "context", "profile", "profile", "budget", "total")
"""The fields in the order in which they are shortened or dropped for a title that takes up to half of the line."""
_LAST_STEPS = ("branch", "context", "total", "budget", "badge")
"""Those that are dropped for the start of a title."""
_TITLE_SHARES = (1 / 2, 2 / 5)
_GAP = 2
LEAST_TITLE = 16
"""Cells of a title's start, with the gap behind it."""


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
    title = text_width(clean_line(state.title)) + _GAP
    ample, least = (max(LEAST_TITLE, min(title, int(width * share))) for share in _TITLE_SHARES)
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
    shortened = shorten(tuple(one for one in fields if one.text), width - ample, _FIRST_STEPS)
    return fit(shortened, width - least, _LAST_STEPS)


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

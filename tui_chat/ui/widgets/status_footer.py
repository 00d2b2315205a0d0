"""The one line under the prompt: state, model, tokens and cost. Draws what it is told; ticks only while it must."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import StorageError
from tui_chat.core.event import (
    Health,
    HealthChanged,
    ReplyEvent,
    RetryScheduled,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    TurnEnded,
    TurnStarted,
    UsageChanged,
)
from tui_chat.core.footer import Activity, Field, FooterState, fit, footer_fields
from tui_chat.core.turn import Role

if TYPE_CHECKING:
    from tui_chat.core.prompt_forecast import ContextUse

_STYLES = {"model": "$foreground-muted", "hint": "$foreground-muted", "speed": "$foreground-disabled"}
_ACTIVITY_STYLES = {
    Activity.STREAMING: "$text-accent",
    Activity.WAITING: "$text-warning",
    Activity.RETRYING: "$text-warning",
    Activity.STALLED: "$text-error",
}
_COSTS = ("cost", "total")
_GAP = 2
_LEAST_MEASURED_S = 0.5


class StatusFooter(Widget):
    """What is going on and what it costs."""

    def __init__(self, *, costs: bool = True, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._costs = costs
        self._monotonic_s = monotonic_s
        self._state = FooterState()
        self._since_s = 0.0
        self._until_s: float | None = None
        self._has_begun = False
        """Something of the reply has come."""
        self._measured_from: tuple[float, int] | None = None
        """When its speed began to be measured, and the tokens that there were by then."""
        self._unsaved = ""
        self._ticking: Timer | None = None

    def show_conversation(self, conversation: Conversation) -> None:
        """The model and the figures of the branch that is shown."""
        replies = [turn for turn in conversation.path if turn.role is Role.ASSISTANT and turn.usage is not None]
        last = replies[-1] if replies else None
        self._state = replace(
            self._state,
            model=conversation.model,
            usage=last.usage if last else None,
            cost=last.cost if last else None,
            total=conversation.path_cost,
            total_all=conversation.cost,
        )
        self.refresh()

    def show_idle(self) -> None:
        """Nothing is coming in here."""
        self._act(Activity.IDLE)

    def show_context(self, context: "ContextUse") -> None:
        """How full the model's window is."""
        self._state = replace(self._state, context=context)
        self.refresh()

    def show_hint(self, hint: str) -> None:
        """A key worth knowing now."""
        self._state = replace(self._state, hint=hint)
        self.refresh()

    def show_saving(self, error: StorageError | None) -> None:
        """A lasting word while what is said cannot be saved."""
        self._unsaved = "" if error is None else "NOT SAVED"
        self.refresh()

    def apply(self, event: ReplyEvent) -> None:
        """Follow a reply."""
        match event:
            case TurnStarted(turn=turn):
                self._has_begun = bool(turn.parts)
                self._act(Activity.STREAMING if self._has_begun else Activity.WAITING)
            case TextDelta() | ThinkingDelta() | ToolCallDelta():
                self._has_begun = True
                if self._state.activity is not Activity.STREAMING:
                    self._act(Activity.STREAMING)
            case UsageChanged(usage, cost):
                self._state = replace(
                    self._state, usage=usage, cost=cost, tokens_per_s=self._speed(usage.output_tokens)
                )
                self.refresh()
            case RetryScheduled(delay_s=delay_s):
                self._act(Activity.RETRYING, lasting_s=delay_s)
            case HealthChanged(health=Health.DEGRADED | Health.FAILED, silent_s=silent_s):
                self._act(Activity.STALLED)
                self._since_s -= silent_s
            case HealthChanged(health=Health.HEALTHY) if self._state.activity is Activity.STALLED:
                self._act(Activity.STREAMING if self._has_begun else Activity.WAITING)
            case TurnEnded():
                self._act(Activity.IDLE)

    def _speed(self, output_tokens: int) -> float | None:
        now_s = self._monotonic_s()
        if self._measured_from is None:
            self._measured_from = (now_s, output_tokens)
        since_s, before = self._measured_from
        streamed_s = now_s - since_s
        return (output_tokens - before) / streamed_s if streamed_s >= _LEAST_MEASURED_S else None

    def _act(self, activity: Activity, *, lasting_s: float | None = None) -> None:
        now_s = self._monotonic_s()
        self._since_s = now_s
        self._measured_from = None
        self._until_s = None if lasting_s is None else now_s + lasting_s
        self._state = replace(self._state, activity=activity, tokens_per_s=None)
        if activity is Activity.IDLE and self._ticking is not None:
            self._ticking.stop()
            self._ticking = None
        elif activity is not Activity.IDLE and self._ticking is None:
            self._ticking = self.set_interval(1.0, self.refresh)
        self.refresh()

    @property
    def state(self) -> FooterState:
        """What it says, with its clock as it stands now."""
        now_s = self._monotonic_s()
        seconds = now_s - self._since_s if self._until_s is None else self._until_s - now_s
        return replace(self._state, seconds=max(seconds, 0.0))

    def render(self) -> Content:
        """The line, as much of it as the window has room for."""
        width = self.size.width
        warning = Content.styled(f"{self._unsaved}  ", "bold $text-error") if self._unsaved else Content()
        told = footer_fields(self.state)
        told = told if self._costs else tuple(field for field in told if field.name not in _COSTS)
        fields = fit(told, width - warning.cell_length)
        left = warning + _row([field for field in fields if not field.at_right], self._style)
        right = _row([field for field in fields if field.at_right], self._style)
        return left + " " * max(width - left.cell_length - right.cell_length, 0) + right

    def _style(self, field: Field) -> str:
        if field.name == "state":
            return _ACTIVITY_STYLES.get(self._state.activity, "")
        if field.name == "context" and self._state.context is not None and self._state.context.is_tight:
            return "$text-warning"
        return _STYLES.get(field.name, "$foreground")


def _row(fields: list[Field], style: Callable[[Field], str]) -> Content:
    return Content(" " * _GAP).join(Content.styled(field.text, style(field)) for field in fields)

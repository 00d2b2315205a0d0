"""The line under the prompt: model, state, tokens and cost. Its timer runs only while a reply is in flight."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import StorageError
from tui_chat.core.event import (
    Health,
    HealthChanged,
    PartDelta,
    ReplyEvent,
    RetryScheduled,
    TextDelta,
    ThinkingDelta,
    ToolCallDelta,
    ToolStarted,
    TurnEnded,
    TurnStarted,
    UsageChanged,
)
from tui_chat.core.part import ToolResultPart
from tui_chat.core.turn import Role
from tui_chat.ui.key_hints import hint_content
from tui_chat.ui.widgets.footer_layout import Activity, Field, FooterState, fit, footer_fields

if TYPE_CHECKING:
    from tui_chat.core.prompt_forecast import ContextUse

_STYLES = {
    "model": "$foreground-muted",
    "hint": "$foreground-muted",
    "speed": "$foreground-disabled",
    "sync": "$foreground-disabled",
}
_ACTIVITY_STYLES = {
    Activity.STREAMING: "$text-accent",
    Activity.WAITING: "$text-warning",
    Activity.RETRYING: "$text-warning",
    Activity.STALLED: "$text-error",
    Activity.TOOL: "$text-accent",
    Activity.ASKING: "$text-warning",
}
_WITH_KEYS = ("keys", "stop")
_COSTS = ("cost", "total")
_IN_HEADER = ("total", "context")
_GAP = 2
TICK_S = 1.0
"""How often clock and figures are drawn while a reply streams: their one line costs as much as four frames."""
_LEAST_MEASURED_S = 0.5


class StatusFooter(Widget):
    def __init__(
        self,
        key_label: Callable[[str], str] = lambda _: "",
        *,
        costs: bool = True,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._key_label = key_label
        self.has_header = False
        """Whether a line above the conversation shows what it costs and how full its context is."""
        self._costs = costs
        self._monotonic_s = monotonic_s
        self._state = FooterState()
        self._since_s = 0.0
        self._until_s: float | None = None
        self._has_started = False
        self._measured_from: tuple[float, int] | None = None
        """When measuring the speed started, and the number of tokens at that time."""
        self._unsaved = ""
        self._mark = ""
        """Shown before everything else while saving works, unless the header shows it."""
        self._is_reading = False
        """Whether letters are commands, and Enter sends nothing."""
        self._ticking: Timer | None = None

    def show_conversation(self, conversation: Conversation) -> None:
        """Show the model and the figures of the current branch."""
        replies = [turn for turn in conversation.path if turn.role is Role.ASSISTANT]
        last = replies[-1] if replies else None
        self._change(
            model=conversation.model,
            effort=conversation.options.effort or "",
            tools=conversation.options.tools,
            usage=last.usage if last else None,
            cost=last.cost if last else None,
            total=conversation.path_cost,
            total_all=conversation.cost,
        )

    def _change(self, **values: Any) -> None:
        changed = replace(self._state, **values)
        if changed != self._state:
            self._state = changed
            self.refresh()

    def show_idle(self) -> None:
        self._act(Activity.IDLE)

    def show_context(self, context: "ContextUse") -> None:
        self._change(context=context)

    def show_asking(self, is_asking: bool) -> None:
        """Show that the reply waits for the user's answer, or that it does not any more."""
        if is_asking and self._state.activity is not Activity.ASKING:
            self._act(Activity.ASKING)
        elif not is_asking and self._state.activity is Activity.ASKING:
            self._act(Activity.TOOL)

    def show_reading(self, is_reading: bool) -> None:
        """Show no keys of the prompt while the conversation has the focus."""
        if is_reading != self._is_reading:
            self._is_reading = is_reading
            self.refresh()

    def show_hint(self, hint: str) -> None:
        """Show a hint about a useful key."""
        self._change(hint=hint)

    def show_background(self, count: int) -> None:
        """Show how many replies stream into conversations that are not shown."""
        self._change(background=count)

    def show_clients(self, count: int) -> None:
        """Show how many clients of the server are connected."""
        self._change(clients=count)

    def show_sync(self, texts: tuple[str, ...]) -> None:
        """Show the state of sync; the texts are from long to short."""
        self._change(sync=texts)

    def show_saving(self, error: StorageError | None) -> None:
        """Show a warning while the conversation cannot be saved."""
        self._unsaved = "" if error is None else "NOT SAVED"
        self.refresh()

    def show_temporary(self) -> None:
        """Show that nothing is kept, on purpose."""
        self._mark = "TEMPORARY"
        self.refresh()

    def apply(self, event: ReplyEvent) -> None:
        match event:
            case TurnStarted(turn=turn):
                self._has_started = bool(turn.parts)
                if not self._has_started:  # the figures are those of the reply before
                    self._state = replace(self._state, usage=None, cost=None)
                self._act(Activity.STREAMING if self._has_started else Activity.WAITING)
            case TextDelta() | ThinkingDelta() | ToolCallDelta():
                self._has_started = True
                if self._state.activity is not Activity.STREAMING:
                    self._act(Activity.STREAMING)
            case UsageChanged(usage, cost):
                self._state = replace(
                    self._state, usage=usage, cost=cost, tokens_per_s=self._speed(usage.output_tokens)
                )
                if self._ticking is None:
                    self.refresh()
            case ToolStarted():
                if self._state.activity is not Activity.TOOL:
                    self._act(Activity.TOOL)
            case PartDelta(ToolResultPart()) if self._state.activity is Activity.TOOL:
                self._act(Activity.WAITING)
            case RetryScheduled(delay_s=delay_s):
                self._act(Activity.RETRYING, lasting_s=delay_s)
            case HealthChanged(health=Health.DEGRADED | Health.FAILED, silent_s=silent_s):
                self._act(Activity.STALLED)
                self._since_s -= silent_s
            case HealthChanged(health=Health.HEALTHY) if self._state.activity is Activity.STALLED:
                self._act(Activity.STREAMING if self._has_started else Activity.WAITING)
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
        if self._ticking is not None:
            self._ticking.stop()
        # A new timer for each state, so that it ticks when the clock's second changes.
        self._ticking = None if activity is Activity.IDLE else self.set_interval(TICK_S, self.refresh)
        self.refresh()

    @property
    def state(self) -> FooterState:
        """The state with its clock at the present time."""
        now_s = self._monotonic_s()
        seconds = now_s - self._since_s if self._until_s is None else self._until_s - now_s
        return replace(self._state, seconds=max(seconds, 0.0), keys=self._keys())

    def _keys(self) -> tuple[str, ...]:
        """Return what to press now, from long to short; while idle, a hint about the draft takes its place."""
        if self._state.hint and self._state.activity is Activity.IDLE:
            return ()
        key = self._key_label
        match self._state.activity:
            case Activity.IDLE if self._is_reading:
                return ()
            case _ if self._is_reading:
                steps = [(key("reply.cancel"), "stop")]
            case Activity.IDLE:
                steps = [(key("prompt.send"), "send"), ("/", "commands")]
            case Activity.RETRYING:
                steps = [(key("prompt.send"), "retry now"), (key("reply.cancel"), "stop")]
            case _:
                steps = [(key("reply.cancel"), "stop"), (key("prompt.send"), "queue")]
        shown = [f"{name} {does}" for name, does in steps if name]
        return (" · ".join(shown), shown[0]) if shown and key("prompt.send") else ()

    def render(self) -> Content:
        return self.line(self.size.width)

    def line(self, width: int) -> Content:
        warning = Content.styled(f"{self._unsaved}  ", "bold $text-error") if self._unsaved else Content()
        if self._mark and not self._unsaved and not self.has_header:
            warning = Content.styled(f"{self._mark}  ", "$text-warning")
        all_fields = footer_fields(self.state)
        hidden = (*(_IN_HEADER if self.has_header else ()), *(() if self._costs else _COSTS))
        shown = tuple(field for field in all_fields if field.name not in hidden)
        fields = fit(shown, width - warning.cell_length)
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
    texts = (
        hint_content(field.text) if field.name in _WITH_KEYS else Content.styled(field.text, style(field))
        for field in fields
    )
    return Content(" " * _GAP).join(texts)

"""The line under the prompt: what a reply is doing, by its events and a clock."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import pytest
from textual.app import App, ComposeResult
from textual.timer import Timer

from tui_chat.core.error import Overloaded
from tui_chat.core.event import (
    Health,
    HealthChanged,
    RetryScheduled,
    TextDelta,
    ToolCallDelta,
    TurnEnded,
    TurnStarted,
    UsageChanged,
)
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.ui.widgets.footer_layout import Activity
from tui_chat.ui.widgets.status_footer import StatusFooter

BLANK = Turn("r", "p", Role.ASSISTANT, (), TurnStatus.STREAMING, datetime(2026, 1, 1, tzinfo=UTC), "demo/tour")
HALF = Turn("r", "p", Role.ASSISTANT, (TextPart("half"),), TurnStatus.STREAMING, BLANK.created_at, "demo/tour")
STALLED = HealthChanged(Health.DEGRADED, 15.0)
HEALTHY = HealthChanged(Health.HEALTHY, 0.0)


class Clock:
    """Time that stands until it is moved."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def footer(clock: Clock) -> AsyncIterator[StatusFooter]:
    made = StatusFooter(monotonic_s=clock)

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield made

    async with Bare().run_test():
        yield made


def used(footer: StatusFooter, output_tokens: int) -> float | None:
    """The speed that is shown once so many tokens were reported."""
    footer.apply(UsageChanged(Usage(3, output_tokens=output_tokens), None))
    return footer.state.tokens_per_s


async def test_a_reply_waits_streams_and_ends(footer: StatusFooter, clock: Clock) -> None:
    seen = []
    for event in (TurnStarted("c", BLANK), TextDelta("Hel"), TurnEnded(HALF)):
        footer.apply(event)
        seen.append(footer.state.activity)
    assert seen == [Activity.WAITING, Activity.STREAMING, Activity.IDLE]


async def test_the_clock_ticks_anew_with_each_state_and_stops_at_the_end(
    footer: StatusFooter, monkeypatch: pytest.MonkeyPatch
) -> None:
    timers: list[Timer] = []
    set_interval = footer.set_interval

    def recorded(interval: float, callback: Callable[[], object]) -> Timer:
        timers.append(set_interval(interval, callback))
        return timers[-1]

    monkeypatch.setattr(footer, "set_interval", recorded)
    stopped: list[Timer] = []
    stop = Timer.stop
    monkeypatch.setattr(Timer, "stop", lambda timer: (stopped.append(timer), stop(timer))[1])
    for event in (TurnStarted("c", BLANK), TextDelta("Hel"), TextDelta("lo")):
        footer.apply(event)
    assert len(timers) == 2
    assert stopped == timers[:1]
    footer.apply(TurnEnded(HALF))
    assert stopped == timers


async def test_the_key_that_stops_a_reply_is_shown_while_a_draft_has_a_hint() -> None:
    made = StatusFooter(lambda action: {"reply.cancel": "Esc", "prompt.send": "Enter"}.get(action, ""))

    class Bare(App[None]):
        def compose(self) -> ComposeResult:
            yield made

    async with Bare().run_test(size=(120, 10)):
        made.show_hint("~1 in, ~$0.01")
        assert "Enter send" not in made.line(120).plain
        for event in (TurnStarted("c", BLANK), TextDelta("Hel")):
            made.apply(event)
            assert "Esc stop" in made.line(120).plain and "~1 in" in made.line(120).plain


async def test_a_tool_call_is_something_that_arrives(footer: StatusFooter) -> None:
    footer.apply(TurnStarted("c", BLANK))
    footer.apply(ToolCallDelta("1", "search", "{"))
    assert footer.state.activity is Activity.STREAMING


async def test_a_countdown_runs_down(footer: StatusFooter, clock: Clock) -> None:
    footer.apply(TurnStarted("c", BLANK))
    footer.apply(RetryScheduled(2, 8.0, Overloaded()))
    clock.now_s += 3
    assert (footer.state.activity, footer.state.seconds) == (Activity.RETRYING, 5.0)


async def test_a_stall_counts_from_the_last_sign_of_life_and_ends_with_the_next(
    footer: StatusFooter, clock: Clock
) -> None:
    footer.apply(TurnStarted("c", BLANK))
    footer.apply(STALLED)
    assert (footer.state.activity, footer.state.seconds) == (Activity.STALLED, 15.0)
    footer.apply(HEALTHY)
    assert (footer.state.activity, footer.state.seconds) == (Activity.WAITING, 0.0)
    footer.apply(TextDelta("Hel"))
    footer.apply(STALLED)
    footer.apply(HEALTHY)
    assert footer.state.activity is Activity.STREAMING


async def test_the_speed_is_of_what_came_while_it_was_measured(footer: StatusFooter, clock: Clock) -> None:
    footer.apply(TurnStarted("c", HALF))
    assert used(footer, 5000) is None
    clock.now_s += 2
    assert used(footer, 5100) == 50.0


async def test_a_stall_is_no_part_of_the_speed(footer: StatusFooter, clock: Clock) -> None:
    footer.apply(TurnStarted("c", BLANK))
    footer.apply(TextDelta("Hel"))
    used(footer, 1000)
    clock.now_s += 20
    footer.apply(STALLED)
    footer.apply(TextDelta("lo"))
    assert used(footer, 1000) is None
    clock.now_s += 1
    assert used(footer, 1040) == 40.0

"""The budget in the app: a warning before, a refusal that loses nothing, and the key that lifts it."""

from tests.ui.conftest import desk_with
from tests.ui.screen import screen_text
from tui_chat.core.budget import Budget, Limit, Span
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.usage import Usage

BIG = TextDelta("Hello"), UsageReported(Usage(1000, output_tokens=2)), Stopped("end_turn")


async def test_a_refused_prompt_stays_and_a_key_lets_it_go_once() -> None:
    async with desk_with(BIG) as desk:
        desk.service.gate.budget = Budget({Span.CONVERSATION: Limit(tokens=1500)})
        await desk.ask("one")
        await desk.until(lambda: "budget 1.00k of 1.50k tokens in this conversation" in screen_text(desk.app))
        await desk.type("two")
        await desk.press("enter")
        await desk.until(lambda: "This would be 2.01k of 1.50k tokens" in screen_text(desk.app))
        assert "Lift the limit once (Alt+L)" in " ".join(screen_text(desk.app).split())
        assert desk.chat.prompt.draft == "two" and len(desk.provider.requests) == 1
        await desk.press("alt+l", "enter")
        await desk.until(lambda: len(desk.provider.requests) == 2)
        await desk.idle()
        assert desk.chat.prompt.draft == "" and len(desk.conversation.path) == 4
        await desk.press("alt+r")
        await desk.until(lambda: "This would be" in screen_text(desk.app))
        assert len(desk.provider.requests) == 2


async def test_a_warning_keeps_the_prompt_and_the_second_enter_sends_it() -> None:
    async with desk_with(BIG) as desk:
        desk.service.gate.budget = Budget(warnings={Span.DAY: Limit(tokens=1500)})
        await desk.ask("one")
        await desk.type("two")
        await desk.press("enter")
        await desk.until(lambda: "of 1.50k tokens today. Send it again to proceed." in screen_text(desk.app))
        assert desk.chat.prompt.draft == "two" and len(desk.provider.requests) == 1
        await desk.press("enter")
        await desk.until(lambda: len(desk.provider.requests) == 2)


async def test_the_key_without_a_budget_reports_where_one_is_set() -> None:
    async with desk_with(BIG) as desk:
        await desk.press("alt+l")
        await desk.until(lambda: "No budget is set; [budget] in the settings" in screen_text(desk.app))

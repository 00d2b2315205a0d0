"""The usage screen: by day, by model, by conversation, since when."""

from tests.ui.conftest import Desk
from tests.ui.screen import screen_text
from tui_chat.ui.dialogs.usage import UsageScreen


async def opened(desk: Desk) -> None:
    await desk.type("/usage")
    await desk.press("enter")
    await desk.until(lambda: isinstance(desk.app.screen, UsageScreen))


async def test_an_empty_report_has_a_sentence(desk: Desk) -> None:
    await opened(desk)
    await desk.until(lambda: "No usage recorded in this period" in screen_text(desk.app))


async def test_tokens_are_grouped_by_day_model_and_conversation(desk: Desk) -> None:
    await desk.ask("a question")
    await opened(desk)
    await desk.until(lambda: "Usage by day, 30 days" in screen_text(desk.app) and "total" in screen_text(desk.app))
    assert "`?` is unknown" in screen_text(desk.app), "the demo has no price here"
    await desk.press("m")
    await desk.until(lambda: "demo/tour" in screen_text(desk.app) and "by model" in screen_text(desk.app))
    await desk.press("c")
    await desk.until(lambda: "a question" in screen_text(desk.app))
    await desk.press("s")
    await desk.until(lambda: "7 days" in screen_text(desk.app))
    await desk.press("escape")
    await desk.until(lambda: desk.app.screen is desk.chat)


async def test_the_provider_counts_when_asked(desk: Desk) -> None:
    await desk.ask("a question")
    await desk.type("/tokens")
    await desk.press("enter")
    await desk.until(lambda: "counted by the provider" in screen_text(desk.app))

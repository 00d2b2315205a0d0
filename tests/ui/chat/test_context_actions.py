"""A context that fills up: the warning, /compact, and messages that are left out."""

from dataclasses import replace

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.compaction import SUMMARY_REQUEST
from tui_chat.core.error import RequestRefused
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.usage import Usage
from tui_chat.ui.app_context import ModelFacts

FULL = TextDelta("Hello"), UsageReported(Usage(900, output_tokens=2)), Stopped("end_turn")
SUMMARY = TextDelta("We said hello."), UsageReported(Usage(950, output_tokens=4)), Stopped("end_turn")


async def small_window(model: str) -> ModelFacts:
    return ModelFacts(context_window=1000)


def sent(desk: Desk) -> list[str]:
    return [turn.text for turn in desk.provider.requests[-1].turns]


async def compact(desk: Desk) -> None:
    desk.chat.notice_line.clear_notices()
    await desk.type("/compact keep names")
    await desk.press("enter")
    await desk.until(lambda: "We said hello." in screen_text(desk.app))
    await desk.idle()


async def test_compact_frees_the_context_and_the_earlier_messages_are_one_key_away() -> None:
    async with desk_with(FULL, SUMMARY, HELLO) as desk:
        desk.chat.context = replace(desk.chat.context, facts_of=small_window)
        await desk.ask("hi")
        await desk.until(lambda: "90% of 1.00k context" in screen_text(desk.app))
        await compact(desk)
        await desk.until(lambda: "~8% of 1.00k context" in screen_text(desk.app))
        assert "Compact (sent for you)" in screen_text(desk.app)
        await desk.ask("and now")
        assert sent(desk)[0].startswith(SUMMARY_REQUEST) and sent(desk)[0].endswith("keep names")
        assert sent(desk)[1:] == ["We said hello.", "and now"]
        await desk.press("alt+left")
        await desk.until(lambda: "90% of 1.00k context" in screen_text(desk.app))
        assert "We said hello." not in screen_text(desk.app)


async def test_the_warning_comes_again_after_the_context_was_not_full() -> None:
    async with desk_with(FULL, SUMMARY) as desk:
        desk.chat.context = replace(desk.chat.context, facts_of=small_window)
        await desk.ask("hi")
        await desk.until(lambda: "The context is 90% full. /compact" in screen_text(desk.app))
        await compact(desk)
        assert "full. /compact" not in screen_text(desk.app)
        await desk.press("alt+left")
        await desk.until(lambda: "The context is 90% full. /compact" in screen_text(desk.app))


async def test_compact_in_an_empty_conversation_reports_why_not() -> None:
    async with desk_with(HELLO) as desk:
        await desk.type("/compact")
        await desk.press("enter")
        await desk.until(lambda: "There is nothing to summarise yet." in screen_text(desk.app))
        assert desk.provider.requests == []


async def test_a_message_is_left_out_by_a_key_and_undone_by_another() -> None:
    async with desk_with(HELLO) as desk:
        await desk.ask("one")
        await desk.ask("two")
        await desk.press("tab", "K", "K", "K", "K", "x")
        await desk.until(lambda: screen_text(desk.app).count("left out: not sent") == 2)
        assert desk.chat.pane.current_turn == desk.conversation.path[0]
        await desk.press("i")
        await desk.ask("three")
        assert sent(desk) == ["two", "Hello", "three"]
        await desk.press("alt+u")
        await desk.until(lambda: "left out: not sent" not in screen_text(desk.app))
        await desk.ask("four")
        assert sent(desk)[:2] == ["one", "Hello"]


async def test_a_left_out_message_is_drawn_in_the_colour_of_hints() -> None:
    async with desk_with(HELLO) as desk:
        await desk.ask("plain words")
        colour = _colour_of(desk, "plain words")
        await desk.type("/leave-out")
        await desk.press("enter")
        await desk.until(lambda: "left out: not sent" in screen_text(desk.app))
        assert _colour_of(desk, "Hello") != colour


async def test_a_message_that_is_left_out_is_so_after_it_is_opened_again() -> None:
    async with desk_with(HELLO) as desk:
        await desk.ask("one")
        await desk.type("/leave-out")
        await desk.press("enter")
        await desk.until(lambda: "left out: not sent" in screen_text(desk.app))
        opened = await desk.service.open(desk.conversation.id)
        await desk.press("ctrl+n")
        await desk.chat.open(opened)
        await desk.until(lambda: "left out: not sent" in screen_text(desk.app))
        await desk.press("f5")
        await desk.until(lambda: screen_text(desk.app).count("left out · ") == 1)


async def test_a_request_that_is_too_long_offers_both_remedies() -> None:
    async with desk_with((RequestRefused("prompt is too long", detail="too_long"),)) as desk:
        await desk.ask("hi")
        await desk.until(lambda: "Use /compact, leave out a message (x)" in " ".join(screen_text(desk.app).split()))


def _colour_of(desk: Desk, text: str) -> object:
    """The colour of a text within the conversation."""
    for strip in desk.chat.pane.render_lines(desk.chat.pane.size.region):
        for segment in strip:
            if text in segment.text and segment.style is not None:
                return segment.style.color
    raise AssertionError(f"{text} is not shown")

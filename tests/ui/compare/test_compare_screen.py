"""Two replies next to each other: as text, by the words that differ, and while both stream."""

import asyncio
from collections.abc import Sequence

import pytest

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.event import Stopped, TextDelta, UsageReported
from tui_chat.core.turn import TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.providers.demo.provider import Step
from tui_chat.ui import press_again
from tui_chat.ui.compare.reply_view import ReplyColumn
from tui_chat.ui.compare.screen import CompareScreen


def saying(text: str, *before: Step) -> Sequence[Step]:
    usage = UsageReported(Usage(input_tokens=7, output_tokens=9))
    return [TextDelta(text[:2]), *before, TextDelta(text[2:]), usage, Stopped("end_turn")]


def compared(desk: Desk) -> CompareScreen:
    screen = desk.app.screen
    assert isinstance(screen, CompareScreen)
    return screen


def shown(desk: Desk) -> list[list[str]]:
    """The rows of both replies, with heading and figures."""
    columns = compared(desk).query(ReplyColumn)
    return [
        [
            str(column.heading.content),
            str(column.figures.content),
            *(column.text.render_line(y).text.rstrip() for y in range(column.text.size.height)),
        ]
        for column in columns
    ]


async def two_replies(desk: Desk) -> None:
    """Compare a reply with another one to the same prompt."""
    await desk.ask("hi")
    await desk.press("alt+r")
    await desk.idle()
    await desk.press("tab", "v")
    await desk.until(lambda: isinstance(desk.app.screen, CompareScreen))


async def test_the_figures_of_a_short_reply_stand_close_to_it() -> None:
    async with desk_with(saying("It is warm."), saying("It is cold."), size=(120, 40)) as desk:
        await two_replies(desk)
        await desk.until(lambda: screen_text(desk.app).count("in 7 · out 9") == 2)
        rows = screen_text(desk.app).splitlines()
        figures = next(at for at, row in enumerate(rows) if "in 7 · out 9" in row)
        assert (
            "‹1/2›" in rows[figures - 1] and "It is warm." in rows[figures + 1] and "It is cold." in rows[figures + 1]
        )


@pytest.mark.parametrize(("size", "is_side_by_side"), [((120, 30), True), ((100, 30), False)])
async def test_siblings_stand_side_by_side_where_there_is_room(size: tuple[int, int], is_side_by_side: bool) -> None:
    async with desk_with(saying("It is warm."), saying("It is cold."), size=size) as desk:
        await two_replies(desk)
        left, right = compared(desk).query(ReplyColumn)
        assert (left.region.y == right.region.y) is is_side_by_side and left.region != right.region
        first, second = shown(desk)
        assert "‹1/2›" in first[0] and "It is warm." in first and "‹2/2›" in second[0] and "It is cold." in second
        assert "in 7 · out 9" in first[1]


async def test_the_words_that_differ_are_marked(desk: Desk) -> None:
    async with desk_with(saying("It is warm now."), saying("It is cold now.")) as desk:
        await two_replies(desk)
        await desk.press("d")
        left, _ = compared(desk).query(ReplyColumn)
        await desk.until(lambda: "80%" in str(compared(desk).title_line.content) or None)
        marked = left.text.get_component_rich_style("reply--differs").bgcolor
        words = [piece.text for piece in left.text.render_line(0) if piece.style and piece.style.bgcolor == marked]
        assert words == ["warm "]


async def test_one_is_kept_and_the_other_stays_a_branch() -> None:
    async with desk_with(saying("It is warm."), saying("It is cold.")) as desk:
        await two_replies(desk)
        await desk.press("1")
        await desk.until(lambda: desk.conversation.path[-1].text == "It is warm.")
        stored = await desk.store.conversation(desk.conversation.id)
        assert stored.path[-1].text == "It is warm." and len(stored.turns) == 3
        await desk.press("alt+right")
        assert desk.conversation.path[-1].text == "It is cold."


async def test_the_tree_compares_too_and_a_single_reply_is_refused_in_a_sentence() -> None:
    async with desk_with(saying("It is warm."), saying("It is cold.")) as desk:
        await desk.ask("hi")
        await desk.type("/compare")
        await desk.press("enter")
        assert "/compare MODEL adds another" in desk.chat.notice_line.text
        await desk.press("alt+r")
        await desk.idle()
        await desk.press("f5", "v")
        await desk.until(lambda: isinstance(desk.app.screen, CompareScreen))


async def test_two_models_stream_at_once_and_escape_stops_both_and_keeps_what_came() -> None:
    gate = asyncio.Event()
    async with desk_with(HELLO, saying("aa one", gate), saying("bb two", gate), size=(120, 30)) as desk:
        await desk.ask("hi")
        await desk.type("/compare demo/one demo/two")
        await desk.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, CompareScreen))
        await desk.until(lambda: "aa" in shown(desk)[0] and "bb" in shown(desk)[1])
        first, second = shown(desk)
        assert "demo/one" in first[0] and "demo/two" in second[0]
        await desk.press("escape")
        await desk.idle()
        assert shown(desk)[0][1].startswith("Stopped · ") and isinstance(desk.app.screen, CompareScreen)
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.chat)
        stored = await desk.store.conversation(desk.conversation.id)
        assert [turn.text for turn in stored.turns[1:]] == ["Hello", "aa", "bb"]
        assert [turn.status for turn in stored.turns[2:]] == [TurnStatus.CANCELLED] * 2
        assert stored.path[-1].text == "Hello", "the branch that was shown is shown again"


async def test_a_reply_that_is_kept_streams_on_and_the_other_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press_again, "HELD_DOWN_S", 0.0)
    gate = asyncio.Event()
    async with desk_with(HELLO, saying("aa one", gate), saying("bb two", gate), HELLO) as desk:
        await desk.ask("hi")
        await desk.type("/compare demo/one demo/two")
        await desk.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, CompareScreen) and "bb" in shown(desk)[1])
        await desk.press("2", "2")
        await desk.until(lambda: desk.app.screen is desk.chat)
        gate.set()
        await desk.idle()
        await desk.until(lambda: desk.conversation.path[-1].text == "bb two")
        stored = await desk.store.conversation(desk.conversation.id)
        assert [turn.status for turn in stored.turns[2:]] == [TurnStatus.CANCELLED, TurnStatus.COMPLETE]
        await desk.ask("and then?")
        assert desk.conversation.path[-1].text == "Hello"


async def test_one_model_is_compared_with_the_reply_that_is_there() -> None:
    async with desk_with(saying("It is warm."), saying("It is cold.")) as desk:
        await desk.ask("hi")
        await desk.type("/compare demo/other")
        await desk.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, CompareScreen) and "It is cold." in shown(desk)[1])
        assert "It is warm." in shown(desk)[0] and "demo/other" in shown(desk)[1][0]


async def test_both_scroll_together_and_never_past_the_end() -> None:
    long = "\n".join(f"{number}. row" for number in range(1, 80))
    async with desk_with(saying(long), saying("1. row\n2. row"), size=(120, 30)) as desk:
        await two_replies(desk)
        await desk.press("j", "j")
        left, right = (column.text for column in compared(desk).query(ReplyColumn))
        assert (left.top, right.top) == (2, 0)
        await desk.press("G", "j")
        assert left.top == left.height - left.size.height
        await desk.press("g")
        assert left.top == 0


async def test_words_typed_at_speed_are_text_and_stop_no_reply_unasked() -> None:
    async with desk_with(saying("It is warm."), saying("It is cold.")) as desk:
        await two_replies(desk)
        await desk.type("drop")
        await desk.until(lambda: desk.chat.prompt.text == "drop")
        assert desk.app.screen is desk.chat and len(desk.conversation.turns) == 3


async def test_every_key_is_named_in_a_narrow_window() -> None:
    async with desk_with(saying("It is warm."), saying("It is cold."), size=(60, 20)) as desk:
        await two_replies(desk)
        await desk.until(lambda: "Esc close" in " ".join(screen_text(desk.app).split()))


async def test_title_replies_and_hint_have_one_left_edge() -> None:
    async with desk_with(saying("It is warm."), saying("It is cold."), size=(100, 30)) as desk:
        await two_replies(desk)
        await desk.settle()
        rows = [row for row in screen_text(desk.app).splitlines() if row.strip() and "──" not in row]
        assert {len(row) - len(row.lstrip()) for row in rows} == {3}

"""Dialogs in terminals with sixteen colours, and with none: edges, the highlighted row, and text one can read."""

import pytest
from rich.console import Console
from rich.segment import Segment

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text

DIALOGS = ("ctrl+p", "f1", "f5", "ctrl+l")


def segments(desk: Desk) -> list[Segment]:
    return [segment for strip in desk.app.screen._compositor.render_strips() for segment in strip]


async def has_frame(desk: Desk, key: str) -> bool:
    await desk.press(key)
    await desk.until(lambda: desk.app.screen is not desk.chat)
    await desk.settle()
    shown = screen_text(desk.app)
    rows = [row.count("│") for row in shown.splitlines() if "│" in row]
    await desk.press("escape")
    await desk.until(lambda: desk.app.screen is desk.chat)
    edges = [shown.count(corner) for corner in "╭╮╰╯"]
    return edges == [1] * 4 and rows == [2] * len(rows) and len(rows) > 3


async def test_dialogs_have_a_frame_with_sixteen_colours(desk: Desk) -> None:
    await desk.ask("hi")
    desk.app.use_theme("ansi-dark")
    assert all([await has_frame(desk, key) for key in DIALOGS])
    desk.app.use_theme("tui-chat-dark")
    await desk.press("ctrl+p")
    await desk.until(lambda: "Type to filter" in screen_text(desk.app))
    assert "╭" not in screen_text(desk.app)


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light"])
async def test_marks_on_a_highlighted_row_can_be_seen_with_sixteen_colours(desk: Desk, theme: str) -> None:
    await desk.ask("hi")
    desk.app.use_theme(theme)
    await desk.press("f5")
    await desk.until(lambda: "shown now" in screen_text(desk.app))
    row = next(strip for strip in desk.app.screen._compositor.render_strips() if "Hello" in strip.text)
    styles = [one.style for one in row if one.text.strip(" │") and one.style is not None]
    assert "●" in row.text and all(style.color != style.bgcolor for style in styles)
    assert any(style.bgcolor is not None and not style.bgcolor.is_default for style in styles)


async def test_a_theme_of_many_colours_has_frames_too_where_there_are_few(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Console, "color_system", property(lambda _: "standard"))
    desk.app.use_theme("tui-chat-light")
    assert await has_frame(desk, "ctrl+p")


async def test_without_colours_text_is_in_the_terminals_own_and_the_highlighted_row_is_marked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with desk_with() as desk:
        desk.app.use_theme("ansi-dark")
        await desk.press("ctrl+p")
        await desk.until(lambda: "Type to filter" in screen_text(desk.app))
        styles = [segment.style for segment in segments(desk) if segment.text.strip() and segment.style is not None]
        assert styles and all(style.color is None or style.color.is_default for style in styles)
        assert all(style.bgcolor is None or style.bgcolor.is_default for style in styles)
        marked = "".join(one.text for one in segments(desk) if one.style is not None and one.style.underline)
        assert marked.strip().startswith("Switch model")

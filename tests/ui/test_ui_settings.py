"""What is set under `[ui]` is what is seen."""

from typing import Any

import pytest

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_rows, screen_text
from tui_chat.core.error import RateLimited
from tui_chat.core.event import PartEnd, Stopped, TextDelta, ThinkingDelta, ToolCallDelta
from tui_chat.settings.load import load_settings
from tui_chat.settings.values import Settings

WORKED_OUT = (
    ThinkingDelta("a deep thought"),
    PartEnd(),
    ToolCallDelta("1", "search", '{"query": "sheep", "limit": 9}'),
    PartEnd(call_id="1"),
    TextDelta("Nine."),
    Stopped("end_turn"),
)
AT_LENGTH = (TextDelta("word " * 60), Stopped("end_turn"))


def set_to(**values: Any) -> Settings:
    settings = load_settings(environ={})
    return settings._replace(ui=settings.ui._replace(**values))


def widest(desk: Desk) -> int:
    return max(len(row.strip()) for row in screen_rows(desk.app) if row.strip().startswith("word word"))


@pytest.mark.parametrize(("measure", "cells"), [(40, 39), (100, 99), (0, 109)])
async def test_prose_is_as_wide_as_was_set(measure: int, cells: int) -> None:
    async with desk_with(AT_LENGTH, settings=set_to(measure=measure), size=(160, 30)) as desk:
        await desk.ask("go")
        assert widest(desk) == cells


@pytest.mark.parametrize(("thinking", "tools"), [(True, True), (False, True), (True, False), (False, False)])
async def test_thinking_and_tools_are_folded_as_was_set(thinking: bool, tools: bool) -> None:
    settings = set_to(thinking_folded=thinking, tools_folded=tools)
    async with desk_with(WORKED_OUT, settings=settings) as desk:
        await desk.ask("go")
        seen = screen_text(desk.app)
        assert ("a deep thought" in seen, '"limit": 9' in seen) == (not thinking, not tools)
        await desk.press("ctrl+t")
        seen = screen_text(desk.app)
        is_all = thinking or tools
        assert ("a deep thought" in seen, '"limit": 9' in seen) == (is_all, is_all)


@pytest.mark.parametrize("costs", [True, False])
async def test_what_it_costs_is_shown_only_where_that_is_wanted(costs: bool) -> None:
    async with desk_with(HELLO, settings=set_to(costs=costs)) as desk:
        await desk.ask("hi")
        assert ("no price" in screen_text(desk.app)) is costs
        assert "in 3  out 2" in screen_text(desk.app)
        await desk.press("ctrl+o")
        await desk.until(lambda: "turns" in screen_text(desk.app))
        assert ("cost" in screen_text(desk.app)) is costs


async def test_a_hint_names_the_key_that_was_chosen() -> None:
    settings = load_settings(environ={})._replace(keys={"prompt.send": ("f8",)})
    busy = (RateLimited("slow down", retry_after_s=30),)
    async with desk_with(busy, HELLO, settings=settings) as desk:
        await desk.type("hi")
        await desk.press("f8")
        await desk.until(lambda: "Retry now (F8)" in screen_text(desk.app))
        await desk.press("f8")
        await desk.idle()
        assert "Hello" in screen_text(desk.app)

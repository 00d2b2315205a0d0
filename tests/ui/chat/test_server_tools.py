"""Web tools that the provider runs itself: chosen on the screen or by a profile, and their sources opened by key."""

from pathlib import Path

import pytest

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.event import PartDelta, PartEnd, Stopped, TextDelta, ToolCallDelta
from tui_chat.core.sources import source_part
from tui_chat.settings.load import load_settings

FOUND = (
    ToolCallDelta("s1", "web_search", '{"query": "kettles"}', on_server=True),
    PartEnd(None, "s1"),
    TextDelta("It boils."),
    PartEnd(),
    PartDelta(source_part("Kettles — https://a.example/kettles")),
    PartDelta(source_part("Water — https://b.example/water")),
    Stopped("end_turn"),
)


async def test_a_web_tool_is_chosen_for_the_conversation_and_its_sources_open_by_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DISPLAY", ":9")
    async with desk_with(FOUND) as desk:
        opened: list[str] = []
        monkeypatch.setattr(desk.app, "open_url", lambda url, **_: opened.append(url))
        await desk.ask("/tools web_search web_fetch")
        assert desk.conversation.options.tools == ("web_search", "web_fetch")
        await desk.ask("Does it boil?")
        assert desk.provider.requests[-1].options.tools == ("web_search", "web_fetch")
        shown = screen_text(desk.app)
        assert "web_search" in shown and "[1] Kettles  a.example" in shown and "[2] Water  b.example" in shown
        await desk.press("tab")
        for place in ("b.example", "a.example"):
            await desk.press("L", "o")
            await desk.until(lambda place=place: f"Link to {place}" in screen_text(desk.app))
            before = len(opened)
            await desk.press("enter")
            await desk.until(lambda before=before: len(opened) > before)
        assert opened == ["https://b.example/water", "https://a.example/kettles"]
        await desk.press("i")
        await desk.ask("/tools off")
        assert desk.conversation.options.tools == ()


async def test_a_profile_chooses_web_tools(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[profiles.web]\ntools = ["web_search"]\n')
    settings = load_settings(environ={}, file=file)
    async with desk_with(FOUND, settings=settings) as desk:
        await desk.ask("/profile web")
        await desk.ask("Does it boil?")
        assert desk.provider.requests[-1].options.tools == ("web_search",)


async def test_a_key_chooses_web_tools(desk: Desk) -> None:
    await desk.press("alt+t")
    await desk.until(lambda: "web_search" in screen_text(desk.app))

"""What a day's work ran into: each was a bug, and is held here by what the user sees."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.error import Overloaded, RateLimited, ReplyInFlight, StreamCut, Unreachable
from tui_chat.core.event import Stopped, TextDelta
from tui_chat.core.provider import CONTINUE_PROMPT
from tui_chat.settings.load import load_settings
from tui_chat.settings.values import Profile
from tui_chat.ui.app_context import AppContext, ModelFacts
from tui_chat.ui.dialogs.config import ConfigScreen
from tui_chat.ui.picker import Picker
from tui_chat.ui.widgets.conversation_header import TEMPORARY


async def test_find_forgets_that_nothing_was_found(desk: Desk) -> None:
    await desk.ask("needle")
    await desk.press("ctrl+f")
    await desk.type("needle")
    await desk.until(lambda: "1 of 1" in screen_text(desk.app))
    await desk.press("escape")
    assert "no matches" not in screen_text(desk.app) and "1 of 1" not in screen_text(desk.app)


async def test_title_of_a_new_conversation_is_kept_when_it_is_stored(desk: Desk) -> None:
    await desk.type("/title Engines")
    await desk.press("enter")
    await desk.ask("hi")
    assert (await desk.store.conversation(desk.conversation.id)).title == "Engines"


async def test_code_is_saved_under_a_name_that_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    reply = TextDelta("Put this into `limiter.py`:\n\n```python\nx = 1\n```"), Stopped("end_turn")
    async with desk_with(reply) as desk:
        await desk.ask("hi")
        for name in ("", "mine.py"):
            desk.chat.pane.focus()
            await desk.press("w")
            await desk.until(lambda: isinstance(desk.app.screen, Picker))
            assert "Save 1 line as" in screen_text(desk.app)
            await desk.type(name)
            await desk.press("enter")
            await desk.until(lambda: desk.app.screen is desk.chat)
    assert {file.name: file.read_text() for file in tmp_path.iterdir()} == {
        "limiter.py": "x = 1\n",
        "mine.py": "x = 1\n",
    }


async def test_theme_is_previewed_while_moving_saved_when_chosen_and_left_when_cancelled() -> None:
    saved: dict[str, object] = {}
    async with desk_with(HELLO) as desk:
        desk.chat.context = replace(desk.chat.context, save_setting=saved.__setitem__)
        await desk.type("/theme")
        await desk.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, ConfigScreen))
        before = desk.app.theme
        await desk.type("nord")
        await desk.until(lambda: desk.app.theme == "nord")
        await desk.press("escape")
        await desk.until(lambda: desk.app.theme == before)
        assert not saved
        await desk.type("/theme nord")
        await desk.press("enter")
        await desk.until(lambda: desk.app.theme == "nord")
        assert saved == {"ui.theme": "nord"} and "ui.theme = nord · saved." in screen_text(desk.app)


async def test_retry_after_and_attempts_are_shown_under_the_reply_and_kept() -> None:
    limited = (RateLimited("slow down", retry_after_s=3600, status=429),)
    async with desk_with(limited) as desk:
        await desk.ask("hi")
        await desk.until(lambda: "Retry after 60 min" in screen_text(desk.app))
        assert "Rate limited by the provider (429)" in screen_text(desk.app)
        stored = await desk.store.conversation(desk.conversation.id)
        assert stored.path[-1].fault is not None and stored.path[-1].fault.retry_after_s == 3600


async def test_a_cut_reply_offers_to_continue_and_our_own_prompt_is_not_the_users() -> None:
    cut = TextDelta("Hel"), StreamCut("gone", detail="dropped")
    async with desk_with(cut, HELLO) as desk:
        await desk.ask("hi")
        await desk.until(lambda: "Continue (F2) or regenerate" in screen_text(desk.app))
        await desk.press("f2")
        await desk.idle()
        if desk.conversation.path[-2].text == CONTINUE_PROMPT:
            assert "Continue (sent for you)" in screen_text(desk.app)
        assert screen_text(desk.app).count("You ") == 1


async def test_ctrl_n_keeps_the_profile_of_the_launch() -> None:
    async with desk_with(HELLO) as desk:
        context: AppContext = desk.chat.context
        service = desk.service
        desk.chat.context = replace(
            context, blank=lambda: service.new_conversation("demo/rust", system="You are terse.")
        )
        await desk.press("ctrl+n")
        await desk.until(lambda: desk.conversation.model == "demo/rust")
        assert desk.conversation.system == "You are terse."


async def test_alt_d_deletes_a_word(desk: Desk) -> None:
    await desk.type("one two")
    await desk.press("home", "alt+d")
    assert desk.chat.prompt.text.strip() == "two"
    await desk.press("alt+f")
    assert desk.chat.prompt.cursor_location[1] == len(desk.chat.prompt.text)


async def test_an_unknown_command_suggests_one_with_its_slash(desk: Desk) -> None:
    await desk.type("/exprot")
    await desk.press("enter")
    await desk.until(lambda: "Did you mean /export?" in screen_text(desk.app))


async def test_a_temporary_conversation_shows_it_and_names_of_other_programs_run_commands() -> None:
    async with desk_with(HELLO) as desk:
        desk.chat.status.show_temporary()
        desk.chat.header.show_badge(TEMPORARY)
        await desk.ask("hi")
        assert screen_text(desk.app).count("TEMPORARY") == 1 and TEMPORARY in screen_text(desk.app)
        await desk.type("/rename Engines")
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.title == "Engines")
        await desk.type("/clear")
        await desk.press("enter")
        await desk.until(lambda: not desk.conversation.turns)


async def test_a_profile_is_switched_by_its_name_and_shown_in_the_header() -> None:
    profile = Profile(model="demo/rust", system="You are terse.")
    settings = load_settings(environ={})._replace(profiles={"rust": profile})
    async with desk_with(HELLO, settings=settings) as desk:
        await desk.ask("hi")
        await desk.type("/profile rsut")
        await desk.press("enter")
        await desk.until(lambda: "did you mean rust?" in screen_text(desk.app))
        desk.chat.prompt.draft = ""
        await desk.type("/profile rust")
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.model == "demo/rust")
        assert desk.conversation.system == "You are terse."
        await desk.until(lambda: "profile rust" in screen_text(desk.app))


async def test_a_profile_that_keeps_conversations_here_does_so_unless_they_have_left() -> None:
    settings = load_settings(environ={})._replace(profiles={"private": Profile(kept_here=True)})
    async with desk_with(HELLO, HELLO, settings=settings) as desk:
        replica = desk.store.replica
        await replica.start("space", b"8 bytes.")
        await desk.type("/profile private")
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.kept_here)
        await desk.ask("hi")
        assert (await desk.store.summary(desk.conversation.id)).kept_here
        assert await replica.outgoing(None, purges=False, most_bytes=1_000_000) is None
        await desk.type("/new")
        await desk.press("enter")
        await desk.until(lambda: not desk.conversation.turns)
        await desk.ask("hello")
        assert await replica.outgoing(None, purges=False, most_bytes=1_000_000)
        await desk.type("/profile private")
        await desk.press("enter")
        await desk.until(lambda: "on your other machines already" in screen_text(desk.app))
        assert not (await desk.store.summary(desk.conversation.id)).kept_here


async def test_each_reply_keeps_its_figures_and_the_header_names_the_branch() -> None:
    async with desk_with(HELLO, HELLO) as desk:
        await desk.ask("hi")
        await desk.until(lambda: "2 tok" in screen_text(desk.app))
        await desk.press("alt+r")
        await desk.until(lambda: len(desk.conversation.turns) == 3)
        await desk.idle()
        await desk.until(lambda: "‹2/2›" in screen_text(desk.app).splitlines()[0])
        await desk.pilot.resize_terminal(80, 12)
        await desk.until(lambda: not desk.chat.header.display)


async def test_a_context_that_is_nearly_full_is_reported_once_and_shown_in_the_header() -> None:
    async def facts_of(model: str) -> ModelFacts:
        return ModelFacts(context_window=1000)

    long = TextDelta("word " * 900), Stopped("end_turn")
    async with desk_with(long, HELLO) as desk:
        desk.chat.context = replace(desk.chat.context, facts_of=facts_of)
        await desk.ask("hi")
        await desk.until(lambda: "full. /compact" in screen_text(desk.app))
        assert "of 1.00k context" in screen_text(desk.app).splitlines()[0]
        desk.chat.notice_line.clear_notices()
        desk.chat.show_facts()
        await desk.pilot.pause(0.2)
        assert "full. /compact" not in screen_text(desk.app)


async def test_a_profile_without_a_system_prompt_is_shown_where_the_settings_have_one() -> None:
    settings = load_settings(environ={})._replace(system="Briefly.", profiles={"rust": Profile(model="demo/rust")})
    async with desk_with(HELLO, settings=settings) as desk:
        context = desk.chat.context
        desk.chat.context = replace(
            context, blank=lambda: desk.service.new_conversation("demo/rust", system="Briefly.")
        )
        await desk.press("ctrl+n")
        await desk.ask("hi")
        await desk.until(lambda: "profile rust" in screen_text(desk.app))


async def test_a_closed_port_names_the_address_and_what_to_do() -> None:
    refused = Unreachable("127.0.0.1:9 takes no connections", detail="refused")
    async with desk_with((refused,)) as desk:
        await desk.ask("hi")
        await desk.until(lambda: "127.0.0.1:9" in screen_text(desk.app))
        shown = " ".join(screen_text(desk.app).split())
        assert "Connection refused" in shown and "Start the server or correct its base_url" in shown


async def test_a_page_of_a_proxy_is_reported_with_its_status_and_not_as_an_overload() -> None:
    async with desk_with((Overloaded("502 Bad Gateway", detail="gateway", status=502),)) as desk:
        await desk.ask("hi")
        await desk.until(lambda: "proxy has no answer from its server (502)" in screen_text(desk.app))
        assert "overloaded" not in screen_text(desk.app)


async def test_a_reply_in_another_window_is_not_offered_to_be_stopped_by_a_key_of_this_one(desk: Desk) -> None:
    desk.chat.notify_error(ReplyInFlight("a reply is still streaming here", detail="elsewhere"))
    await desk.until(lambda: "in another window" in screen_text(desk.app))
    assert "stop it in that window" in " ".join(screen_text(desk.app).split()) and "(Esc)" not in screen_text(
        desk.app
    )

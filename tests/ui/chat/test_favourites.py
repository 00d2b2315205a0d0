"""Favourites, aliases and recent models in the picker, and the effort by one key."""

from dataclasses import replace

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.provider import Model
from tui_chat.service.model_catalog import FAVOURITE_MODELS, Catalog
from tui_chat.settings.load import load_settings
from tui_chat.settings.values import Profile
from tui_chat.ui.chat.model_choices import FAVOURITE, ModelChoices
from tui_chat.ui.picker import Picker

THREE = Catalog((Model("a/one"), Model("a/two"), Model("b/three", efforts=("low", "max"))))


async def test_favourites_come_first_and_the_mark_can_be_taken_away(desk: Desk) -> None:
    models = ModelChoices(desk.chat.context)
    await models.mark_used("a/two")
    await models.toggle_favourite("b/three")
    choices = await models.from_catalog(THREE)
    assert [(choice.value, choice.mark) for choice in choices] == [
        ("b/three", FAVOURITE),
        ("a/two", ""),
        ("a/one", ""),
    ]
    assert [choice.group for choice in choices] == ["Favourites", "Recent", "a"]
    await models.toggle_favourite("b/three")
    assert (await models.from_catalog(THREE))[0].value == "a/two"


async def test_an_alias_is_shown_with_its_model_and_taken_as_a_name(desk: Desk) -> None:
    settings = desk.chat.context.settings._replace(aliases={"fast": "a/two"})
    models = ModelChoices(replace(desk.chat.context, settings=settings))
    first = (await models.from_catalog(THREE))[0]
    assert first.value == "a/two" and first.note.startswith("fast · ")


async def test_a_key_in_the_list_marks_the_highlighted_model() -> None:
    async with desk_with(HELLO) as desk:
        await desk.press("ctrl+l")
        await desk.until(
            lambda: isinstance(desk.app.screen, Picker) and "200k context, no price" in screen_text(desk.app)
        )
        assert isinstance(desk.app.screen, Picker) and "Alt+S favourite" in desk.app.screen.keys_hint
        await desk.press("alt+s")
        await desk.until(lambda: "★" in screen_text(desk.app))
        assert await desk.store.state(FAVOURITE_MODELS) == ["demo/tour"]
        await desk.press("alt+s")
        await desk.until(lambda: "★" not in screen_text(desk.app))
        assert await desk.store.state(FAVOURITE_MODELS) is None


async def test_the_keys_of_the_list_are_shown_below_the_sentence_for_a_user_without_a_key(desk: Desk) -> None:
    await desk.press("ctrl+l")
    await desk.until(lambda: "For more models set" in screen_text(desk.app))
    assert "Enter select · ↑↓ move · Alt+S favourite · Esc cancel" in screen_text(desk.app)


async def test_the_effort_goes_round_by_one_key_and_is_in_the_footer() -> None:
    async with desk_with(HELLO) as desk:
        await desk.ask("hi")
        for effort in ("low", "medium", "high"):
            await desk.press("alt+e")
            await desk.until(lambda effort=effort: f"effort {effort}" in screen_text(desk.app).splitlines()[-1])
            assert desk.conversation.options.effort == effort
        await desk.press("alt+e")
        await desk.until(lambda: "effort" not in screen_text(desk.app).splitlines()[-1])
        await desk.press("alt+u")
        await desk.until(lambda: desk.conversation.options.effort == "high")


async def test_models_stand_below_headings_and_the_current_one_is_marked_and_highlighted() -> None:
    profiles = {"rust": Profile(model="a/rust")}
    settings = load_settings(environ={})._replace(profiles=profiles, aliases={"fast": "a/two"})
    async with desk_with(HELLO, settings=settings) as desk:
        await ModelChoices(desk.chat.context).mark_used("a/recent")
        await desk.press("ctrl+l")
        await desk.until(lambda: "Profiles" in screen_text(desk.app) and "200k context" in screen_text(desk.app))
        picker = desk.app.screen
        assert isinstance(picker, Picker)
        rows = [str(option.prompt) for option in picker.rows.options]
        assert [row for row in rows if not row.startswith((" ", "●"))] == ["Profiles", "Aliases", "Recent", "demo"]
        assert picker.rows.highlighted is not None and rows[picker.rows.highlighted].startswith("●  demo/tour")
        await desk.press("up")
        await desk.type("rust")
        await desk.until(lambda: [one.value for one in picker.found] == ["rust"])
        assert "Profiles" not in screen_text(desk.app)
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.model == "a/rust")


async def test_the_highlight_of_a_list_stays_on_its_row_when_the_window_changes() -> None:
    settings = load_settings(environ={})._replace(aliases={"fast": "a/two", "slow": "a/three"})
    async with desk_with(HELLO, settings=settings) as desk:
        await desk.press("ctrl+l")
        await desk.until(lambda: "200k context" in screen_text(desk.app))
        picker = desk.app.screen
        assert isinstance(picker, Picker)
        await desk.press("up")
        before = picker.rows.highlighted
        await desk.pilot.resize_terminal(70, 30)
        await desk.until(lambda: picker.rows.region.right <= 70)
        await desk.settle()
        assert picker.rows.highlighted == before


async def test_the_profile_of_the_conversation_is_marked_in_the_list() -> None:
    profiles = {name: Profile(model=f"demo/{name}") for name in ("one", "rust")}
    settings = load_settings(environ={})._replace(profiles=profiles)
    async with desk_with(HELLO, settings=settings) as desk:
        await desk.type("/profile rust")
        await desk.press("enter")
        await desk.until(lambda: desk.conversation.model == "demo/rust")
        await desk.type("/profile ")
        await desk.until(lambda: [one.text for one in desk.chat.completion.found] == ["one", "rust"])
        await desk.press("backspace", "escape", "enter")
        await desk.until(lambda: "●  rust" in screen_text(desk.app))

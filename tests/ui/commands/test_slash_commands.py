"""Every command that is listed is run."""

import pytest

from tests.ui.conftest import Desk
from tests.ui.screen import screen_text
from tui_chat.ui.commands.slash_commands import ALIASES, BY_MEANING, COMMANDS, COMMANDS_BY_NAME, parse


async def test_what_takes_words_is_taken_by_the_screen_and_the_rest_is_an_action(desk: Desk) -> None:
    places = {"screen": desk.chat, "app": desk.app}
    assert {one.name for one in COMMANDS if one.takes} == set(desk.chat.actions.with_argument)
    for one in COMMANDS:
        assert bool(one.takes) is not bool(one.action), one.name
        if one.action:
            place, _, action = one.action.partition(".")
            assert callable(getattr(places[place], f"action_{action}")), one.name


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("exprot", "export"), ("sessio", "library"), ("agents", "profile"), ("colours", "theme"), ("logn", "settings")],
)
def test_an_unknown_command_suggests_one_by_its_spelling_or_its_sense(typed: str, meant: str) -> None:
    assert (
        parse(f"/{typed}") == f"Unknown command: /{typed}. Did you mean /{meant}? Start with // to send it as text."
    )


def test_an_unknown_command_without_a_sense_suggests_none() -> None:
    assert parse("/qqqqqq") == "Unknown command: /qqqqqq. Start with // to send it as text."


def test_every_other_name_leads_to_a_command_and_is_none_itself() -> None:
    assert {*ALIASES.values(), *BY_MEANING.values()} <= set(COMMANDS_BY_NAME)
    assert not {*ALIASES, *BY_MEANING} & set(COMMANDS_BY_NAME)
    assert not set(ALIASES) & set(BY_MEANING)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("title Whales", "The title will be: Whales"),
        ("copy", "There is nothing to copy yet."),
        ("delete", "There is nothing to delete yet."),
        ("stop", "There is nothing to stop."),
        ("export", "There is nothing to export yet."),
        ("tokens", "There is nothing to count yet."),
        ("tree", "There are no messages yet."),
    ],
)
async def test_in_an_empty_conversation_a_command_answers_in_a_sentence(
    desk: Desk, command: str, answer: str
) -> None:
    await desk.type(f"/{command}")
    await desk.press("enter")
    await desk.until(lambda: answer in screen_text(desk.app))


async def test_a_key_that_copies_in_an_empty_conversation_answers_in_a_sentence(desk: Desk) -> None:
    await desk.press("ctrl+y")
    await desk.until(lambda: "There is nothing to copy yet." in screen_text(desk.app))


async def test_a_copy_of_code_where_there_is_none_answers_in_a_sentence(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.type("/copy code")
    await desk.press("enter")
    await desk.until(lambda: "There is no code to copy." in screen_text(desk.app))

"""Every command that is listed is run."""

from tests.ui.conftest import Desk
from tui_chat.ui.commands.slash_commands import COMMANDS


async def test_what_takes_words_is_taken_by_the_screen_and_the_rest_is_an_action(desk: Desk) -> None:
    places = {"screen": desk.chat, "app": desk.app}
    assert {one.name for one in COMMANDS if one.takes} == set(desk.chat.commands.with_argument)
    for one in COMMANDS:
        assert bool(one.takes) is not bool(one.action), one.name
        if one.action:
            place, _, action = one.action.partition(".")
            assert callable(getattr(places[place], f"action_{action}")), one.name

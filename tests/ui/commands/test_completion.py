"""What a command may become while it is typed."""

from pathlib import Path

import pytest

from tests.ui.conftest import Desk
from tests.ui.screen import screen_rows, screen_text
from tui_chat.ui.commands.argument_suggestions import files_for
from tui_chat.ui.commands.completion import Argument, Completion
from tui_chat.ui.picker_rows import Choice


def completing(*words: str, closed: bool = False) -> Completion:
    offers = [Choice(word, word) for word in words]
    return Completion({"theme": Argument(lambda typed: offers, is_closed=closed)})


def lines(made: Completion, text: str) -> list[str]:
    made.type(text)
    return [one.value for one in made.found]


def test_a_slash_suggests_every_command_and_letters_narrow_them_down() -> None:
    made = completing()
    assert len(lines(made, "/")) > 20
    assert lines(made, "/ti")[0] == "/title "
    assert "/library" in lines(made, "/lbry")
    assert lines(made, "//ti") == lines(made, "hi /ti") == lines(made, "/ti\nmore") == lines(made, "/zzz") == []


def test_behind_a_name_its_arguments_are_suggested_the_likest_first() -> None:
    made = completing("gruvbox", "dracula", "nord")
    assert lines(made, "/theme ") == ["/theme gruvbox", "/theme dracula", "/theme nord"]
    assert lines(made, "/theme dra") == ["/theme dracula"]
    assert lines(made, "/fork ") == ["/fork "]


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("/ti", "/title"),
        ("/title", "/title"),
        ("/", "/"),
        ("/zzz", "/zzz"),
        ("/theme", "/theme"),
        ("/theme ", "/theme "),
        ("/theme dr", "/theme dracula"),
        ("/theme nord", "/theme nord"),
        ("/fork now", "/fork now"),
        ("/title my own", "/title my own"),
        ("no command", "no command"),
    ],
)
def test_enter_takes_the_likest_only_where_nothing_else_can_be_meant(typed: str, sent: str) -> None:
    assert completing("nord-light", "nord", "dracula", closed=True).entered(typed) == sent


def test_where_anything_may_be_meant_only_a_chosen_one_is_taken() -> None:
    made = completing("gruvbox", "dracula")
    assert made.entered("/theme dr") == "/theme dr"
    made.move(1)
    assert made.entered("/theme dr") == "/theme dracula"
    made.type("/theme d")
    assert made.entered("/theme d") == "/theme d", "more typing takes the choice back"


def test_tab_completes_once_and_what_is_complete_stays() -> None:
    made = completing("dracula")
    assert made.completed("/the") == "/theme "
    assert made.completed("/theme ") == "/theme dracula"
    assert made.completed("/theme dracula") == ""


def test_closed_suggestions_come_back_with_the_next_letter() -> None:
    made = completing("dracula")
    made.type("/th")
    made.close()
    assert made.entered("/th") == "/th"
    assert lines(made, "/the") != []


def test_files_are_named_and_folders_listed(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "a file").touch()
    found = [one.value for one in files_for(f"{tmp_path}/", "my-title")]
    assert found == [
        f"{tmp_path}/{name}" for name in ("my-title.md", "my-title.json", "my-title.txt", "my-title.html", "notes/")
    ]
    assert f"{tmp_path}/.hidden/" in [one.value for one in files_for(f"{tmp_path}/.h", "my-title")]
    assert [one.value for one in files_for(f"{tmp_path}/plan", "x")][:2] == [
        f"{tmp_path}/plan.md",
        f"{tmp_path}/plan.json",
    ]
    assert files_for("/no/such/folder/x.md", "x") == []


async def test_the_arrows_light_a_suggestion_and_enter_runs_it(desk: Desk) -> None:
    await desk.type("/theme ")
    await desk.until(lambda: any(row.split() == ["›", "ansi-dark"] for row in screen_rows(desk.app)))
    await desk.press("down", "enter")
    assert desk.app.theme == "ansi-light" and desk.chat.prompt.text == ""
    assert not desk.chat.suggestions.display


async def test_models_are_suggested_when_one_is_asked_for(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.type("/model demo/other")
    await desk.press("enter")
    await desk.type("/model ot")
    await desk.until(lambda: "demo/other" in screen_text(desk.app).partition("/model ot")[0])
    await desk.press("tab")
    assert desk.chat.prompt.text == "/model demo/other"


async def test_escape_puts_suggestions_away_first(desk: Desk) -> None:
    await desk.type("/")
    assert desk.chat.suggestions.display
    await desk.press("escape")
    assert not desk.chat.suggestions.display and desk.chat.prompt.has_focus
    await desk.press("escape")
    assert desk.chat.prompt.has_focus and desk.chat.prompt.text == "/"


async def test_up_goes_round_and_the_list_follows(desk: Desk) -> None:
    await desk.type("/")
    assert any("15 more" in row or "more ↓" in row for row in screen_rows(desk.app))
    await desk.press("up")
    assert any("› /usage" in row for row in screen_rows(desk.app))


async def test_a_suggestion_is_taken_with_the_mouse(desk: Desk) -> None:
    await desk.type("/")
    row = next(y for y, row in enumerate(screen_rows(desk.app)) if "/delete" in row)
    await desk.pilot.click(offset=(6, row))
    await desk.until(lambda: desk.chat.prompt.text.startswith("/"))
    assert desk.chat.prompt.text == "/delete" and desk.chat.prompt.has_focus

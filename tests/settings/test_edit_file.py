"""One setting is changed in the text of the file; comments and all else stay."""

import tomllib

import pytest

from tui_chat.core.error import SettingsError
from tui_chat.settings.edit_file import with_setting
from tui_chat.settings.settings_text import starter_file


def test_a_setting_takes_the_place_of_its_comment_in_the_starter_file() -> None:
    before = starter_file()
    after = with_setting(before, "ui.theme", "nord")
    assert tomllib.loads(after)["ui"] == {"theme": "nord"}
    changed = [pair for pair in zip(before.split("\n"), after.split("\n"), strict=True) if pair[0] != pair[1]]
    assert changed == [('#theme = "auto"', 'theme = "nord"')]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '\n[ui]\ntheme = "nord"\n'),
        (
            "# mine\n[ui] # looks\nmeasure = 90\n[chat]\n",
            '# mine\n[ui] # looks\ntheme = "nord"\nmeasure = 90\n[chat]\n',
        ),
        ('[chat]\n[ui]\n  theme="x" # old\n', '[chat]\n[ui]\n  theme= "nord" # old\n'),
        ('[ui]\ntheme = "a # b"  # c # d\n', '[ui]\ntheme = "nord"  # c # d\n'),
        ('[chat]\n#theme = "auto"\n', '[chat]\n#theme = "auto"\n\n[ui]\ntheme = "nord"\n'),
        ('ui.theme = "x"\n', 'ui.theme = "nord"\n'),
    ],
)
def test_theme_is_set_where_it_belongs(before: str, after: str) -> None:
    assert with_setting(before, "ui.theme", "nord") == after


@pytest.mark.parametrize("text", ["[ui\n", 'ui = { theme = "x" }\n', "[ui]\ntheme = '''a\nb'''\n"])
def test_a_file_that_cannot_be_changed_safely_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        with_setting(text, "ui.theme", "nord")

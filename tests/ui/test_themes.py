"""The colours of the themes: text that has to be read can be read, in every theme that can be chosen."""

import pytest
from textual.color import Color
from textual.geometry import Region
from textual.theme import BUILTIN_THEMES

from tests.support.paint import Run, cells_of
from tests.ui.conftest import Desk, desk_with
from tui_chat.rendering.contrast import DIM, TEXT, contrast
from tui_chat.ui.themes import DARK, LIGHT, legible

THEMES = {theme.name: theme for theme in (DARK, LIGHT, *BUILTIN_THEMES.values()) if not theme.ansi}
FADED = ("foreground-muted", "foreground-disabled", "text-disabled")
LABELS = {"python", "console", "diff"}
PARTS = ".title, .hint, Input, OptionList, VerticalScroll"


@pytest.mark.parametrize("name", THEMES)
def test_dim_text_has_the_contrast_of_text_in_every_theme(name: str) -> None:
    colours = legible(THEMES[name].to_color_system().generate())
    surface, text = Color.parse(colours["surface"]), Color.parse(colours["foreground"])
    for dim in FADED:
        colour = Color.parse(colours[dim])
        assert contrast(colour, surface) >= TEXT or colour == text, dim


def test_the_sixteen_colours_of_a_terminal_stay_as_they_are() -> None:
    variables = BUILTIN_THEMES["ansi-dark"].to_color_system().generate()
    assert legible(variables) == variables


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
async def test_the_contrast_of_all_text_on_the_screens(theme: str) -> None:
    async with desk_with(size=(110, 34)) as desk:
        desk.app.theme = theme
        await desk.settle()
        assert faint_runs(desk) == []
        await desk.ask("code")
        assert faint_runs(desk) == []
        await desk.press("ctrl+o")
        await desk.settle()
        assert faint_runs(desk) == []


@pytest.mark.parametrize("theme", [DARK.name, LIGHT.name])
@pytest.mark.parametrize("key", ["f1", "ctrl+p", "ctrl+l", "f5"])
async def test_the_contrast_of_all_text_in_dialogs(theme: str, key: str) -> None:
    async with desk_with(size=(110, 34)) as desk:
        desk.app.theme = theme
        await desk.ask("code")
        await desk.press(key)
        await desk.settle()
        assert faint_runs(desk, Region.from_union([part.region for part in desk.app.screen.query(PARTS)])) == []


def faint_runs(desk: Desk, within: Region | None = None) -> list[tuple[str, str, str]]:
    """Return what is harder to read than it should be: the text, its colour, its background."""
    within = within or desk.app.screen.region
    return [
        (run.text, run.ink, run.ground)
        for y, row in enumerate(cells_of(desk.app).rows)
        for run in row
        if within.contains(run.column, y) and any(map(str.isalnum, run.text)) and _contrast(run) < _least(run)
    ]


def _least(run: Run) -> float:
    return DIM if run.text.strip() in LABELS else TEXT


def _contrast(run: Run) -> float:
    return contrast(Color.parse(run.ink), Color.parse(run.ground))

"""The pictures can be taken, are the same each time, and are those that the README shows."""

import re
from pathlib import Path

import pytest

from tests.support.environment import ROOT
from tests.support.paint import has_fonts
from tests.tools.take_screenshots import FOLDER, PICTURES, take


async def test_a_picture_shows_what_the_app_shows_and_is_the_same_each_time(tmp_path: Path) -> None:
    if not has_fonts():
        pytest.skip("PNG needs DejaVu Sans Mono")
    first, second = tmp_path / "first", tmp_path / "second"
    taken = []
    for folder in (first, second):
        folder.mkdir()
        taken.append([path.read_bytes() for path in await take("narrow", folder)])
    assert taken[0] == taken[1]
    svg, png = taken[0]
    assert b"orders of magnitude" in svg and b"http://www.w3.org/2000/svg" in svg
    assert svg.count(b"http") == 1, "it needs nothing from elsewhere"
    assert png.startswith(b"\x89PNG")


def test_there_is_a_picture_of_everything_and_no_other_one() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {
        f"{name}.{kind}" for name in PICTURES for kind in ("svg", "png")
    }
    assert all(path.stat().st_size < 250_000 for path in FOLDER.iterdir())


def test_the_readme_shows_pictures_that_there_are() -> None:
    shown = re.findall(r"\((screenshots/[^)]+)\)", (ROOT / "README.md").read_text())
    assert shown and all((ROOT / name).is_file() for name in shown)

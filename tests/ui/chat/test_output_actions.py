"""What leaves the conversation: a link is looked at before it opens, and only where it really leads."""

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.ui.conftest import Desk
from tests.ui.screen import screen_text
from tui_chat.formats.plugin_formats import Exporter
from tui_chat.plugins import FORMATS, Plugin
from tui_chat.service import export_names
from tui_chat.ui.chat import output_actions
from tui_chat.ui.conversation_view.links import displayed_url
from tui_chat.ui.messages import FileChosen, LinkChosen
from tui_chat.ui.picker import Picker


@pytest.fixture
def opened(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was handed to the browser."""
    found: list[str] = []
    monkeypatch.setattr(desk.app, "open_url", found.append)
    monkeypatch.setenv("DISPLAY", ":0")
    return found


async def asked(desk: Desk, url: str) -> str:
    desk.chat.post_message(LinkChosen(url, displayed_url(url)))
    await desk.until(lambda: isinstance(desk.app.screen, Picker) and "Link to" in screen_text(desk.app))
    return screen_text(desk.app)


async def test_a_link_shows_where_it_leads_and_opens_only_when_that_is_taken(desk: Desk, opened: list[str]) -> None:
    shown = await asked(desk, "https://a.example/a/page?x=1")
    assert "Link to a.example" in shown and "https://a.example/a/page?x=1" in shown
    assert opened == []
    await desk.press("enter")
    await desk.until(lambda: desk.app.screen is desk.chat and opened)
    assert opened == ["https://a.example/a/page?x=1"]


async def test_one_that_is_left_does_not_open(desk: Desk, opened: list[str]) -> None:
    await asked(desk, "https://a.example/")
    await desk.press("escape")
    await desk.until(lambda: desk.app.screen is desk.chat)
    assert opened == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a desktop")
async def test_without_a_desktop_no_browser_takes_the_terminal(
    desk: Desk, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    shown = await asked(desk, "https://a.example/")
    assert "Open link" not in shown and "Copy link" in shown
    await desk.press("enter")
    await desk.until(lambda: desk.app.screen is desk.chat)
    assert opened == []


async def test_one_that_looks_like_another_is_marked(desk: Desk, opened: list[str]) -> None:
    shown = await asked(desk, "https://bank.example@раypal.example/" + "x" * 3000)
    assert "Link to xn--ypal-43d9g.example" in shown
    assert "The text before the @" in shown and "non-ASCII letters" in shown
    assert "Open link" in shown, "a long address leaves room for the choice"
    await desk.press("escape")


@pytest.mark.parametrize("name", ["-rf.txt", "--cmd.py", "+12.md", "-c/sub.py"])
async def test_a_file_that_begins_with_a_dash_is_no_option_of_the_editor(
    desk: Desk, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Sequence[str]] = []

    async def run(app: object, command: Sequence[str], environ: Mapping[str, str]) -> None:
        started.append(command)

    monkeypatch.setattr(output_actions, "run", run)
    monkeypatch.setenv("VISUAL", "editor --wait")
    monkeypatch.chdir(tmp_path)
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text("x")
    desk.chat.post_message(FileChosen(name, 7))
    await desk.until(lambda: bool(started))
    assert started == [["editor", "--wait", "+7", str(tmp_path / name)]]


async def test_the_suffix_of_a_plug_in_s_format_chooses_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = EntryPoint("outline", "sample:outline", FORMATS)
    outline = Exporter(Plugin(FORMATS, "outline", "sample 1.0", entry), "org", lambda found: f"* {found.title}\n")
    monkeypatch.setattr(export_names, "exporters", lambda: (outline,))
    await desk.ask("Hello?")
    await desk.ask(f"/export {tmp_path}/talk.org")
    await desk.until((tmp_path / "talk.org").exists)
    assert (tmp_path / "talk.org").read_text() == "* Hello?\n"
    await desk.ask(f"/export {tmp_path}/talk.md")
    await desk.until((tmp_path / "talk.md").exists)
    assert "# Hello?" in (tmp_path / "talk.md").read_text()


async def test_export_creates_a_folder_whose_name_ends_with_a_slash(desk: Desk, tmp_path: Path) -> None:
    await desk.ask("Hello?")
    await desk.ask(f"/export {tmp_path}/new/v1.2/")
    await desk.until(lambda: any((tmp_path / "new").rglob("*.md")))
    (file,) = (tmp_path / "new" / "v1.2").iterdir()
    assert "# Hello?" in file.read_text()

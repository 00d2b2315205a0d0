"""Quote a block, give it to a command, copy it in other forms."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.event import ReplyOpened, Stopped, TextDelta
from tui_chat.ui.chat.copy_pipe_actions import quoted, run_command
from tui_chat.ui.dialogs.command_output import OutputScreen
from tui_chat.ui.messages import CopyRequested
from tui_chat.ui.terminal import clipboard_copy

CODE = (ReplyOpened("demo"), TextDelta("Try **this**:\n\n```python\nprint(40 + 2)\n```\n"), Stopped("end"))


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[tuple[tuple[str, ...], str]]:
    """What was given to the clipboard's tool."""
    given: list[tuple[tuple[str, ...], str]] = []

    async def run_tool(command: tuple[str, ...], text: str) -> bool:
        given.append((command, text))
        return True

    monkeypatch.setattr(clipboard_copy, "run_tool", run_tool)
    monkeypatch.setattr(clipboard_copy, "tool", lambda environ: ("copy",))
    monkeypatch.setattr(clipboard_copy, "html_tool", lambda environ: ("copy-html",))
    return given


async def in_reading_mode(desk: Desk) -> None:
    await desk.ask("hi")
    await desk.press("tab")
    assert desk.chat.pane.has_focus


def test_every_line_of_a_quote_has_its_sign() -> None:
    assert quoted("one\n\ntwo\n") == "> one\n>\n> two"


async def test_a_message_is_quoted_behind_the_draft() -> None:
    async with desk_with(CODE) as desk:
        await desk.ask("hi")
        await desk.type("see:")
        desk.chat.pane.focus()
        await desk.press("K", ">")
        await desk.until(lambda: desk.chat.prompt.has_focus)
        assert desk.chat.prompt.draft.startswith("see:\n\n> Try **this**:\n>\n> ```python\n> print(40 + 2)")
        assert desk.chat.prompt.draft.endswith("\n\n")


async def test_a_long_quote_is_shown_whole() -> None:
    text = "\n".join(f"line {at}" for at in range(40))
    async with desk_with((TextDelta(text), Stopped("end"))) as desk:
        await desk.ask("hi")
        desk.chat.pane.focus()
        await desk.press(">")
        await desk.until(lambda: desk.chat.prompt.text == f"{quoted(text)}\n\n")


async def test_a_code_block_is_quoted_alone() -> None:
    async with desk_with(CODE) as desk:
        await in_reading_mode(desk)
        await desk.press("B", ">")
        await desk.until(lambda: desk.chat.prompt.draft == "> print(40 + 2)\n\n")


async def test_a_block_is_given_to_a_command_and_its_output_is_shown_and_used() -> None:
    async with desk_with(CODE) as desk:
        await in_reading_mode(desk)
        await desk.press("B", "|")
        await desk.until(lambda: "shell command" in screen_text(desk.app))
        await desk.type("tr a-z A-Z; exit 3")
        await desk.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, OutputScreen))
        await desk.until(lambda: "PRINT(40 + 2)" in screen_text(desk.app))
        assert "exit 3" in screen_text(desk.app)
        await desk.press("enter")
        await desk.until(lambda: desk.chat.prompt.draft == "```\nPRINT(40 + 2)\n```\n")


async def test_the_conversation_is_given_to_a_command_that_is_named_or_asked_for() -> None:
    async with desk_with(CODE) as desk:
        await desk.type("/pipe cat")
        await desk.press("enter")
        await desk.until(lambda: "There is nothing to pipe to a command." in screen_text(desk.app))
        await desk.ask("hi")
        await desk.type("/pipe grep -e Try -e ^hi | tr a-z A-Z")
        await desk.press("enter")
        await desk.until(lambda: isinstance(desk.app.screen, OutputScreen))
        await desk.until(lambda: "TRY **THIS**:" in screen_text(desk.app) and "HI" in screen_text(desk.app))
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.chat)
        await desk.type("/pipe")
        await desk.press("enter")
        await desk.until(lambda: "gh gist create" in screen_text(desk.app))
        await desk.until(lambda: "used before" in screen_text(desk.app))


async def test_escape_runs_no_command(tmp_path_factory: pytest.TempPathFactory) -> None:
    mark = tmp_path_factory.mktemp("run") / "mark"
    async with desk_with(CODE) as desk:
        await in_reading_mode(desk)
        await desk.press("|")
        await desk.type(f"touch {mark}")
        await desk.press("escape")
        await desk.until(lambda: desk.app.screen is desk.chat)
        assert not mark.exists()


async def test_a_command_that_takes_no_input_prints_and_ends() -> None:
    assert await run_command("echo done", "x" * 1_000_000) == ("exit 0", "done\n")


async def test_a_command_that_does_not_end_is_stopped_with_its_children() -> None:
    async with asyncio.timeout(10):
        status, _ = await run_command("sleep 100 & sleep 100", "", limit_s=0.2)
    assert status.startswith("stopped after")


async def test_a_command_that_leaves_a_child_with_its_output_ends_and_the_child_stays(tmp_path: Path) -> None:
    file = tmp_path / "pid"
    try:
        async with asyncio.timeout(10):
            status, output = await run_command(f"sleep 100 & echo $! > {file}; cat; exit 3", "so far")
        assert (status, output) == ("exit 3", "so far\n")
        os.kill(int(file.read_text()), 0)
    finally:
        os.kill(int(file.read_text()), signal.SIGKILL)


async def test_a_command_that_prints_without_end_is_stopped_and_its_output_is_shown() -> None:
    async with asyncio.timeout(20):
        status, output = await run_command("yes", "")
    assert status == "stopped after 1,000,000 bytes" and len(output) == 1_000_000


async def test_what_a_command_printed_before_it_was_stopped_is_shown() -> None:
    status, output = await run_command("echo so far; sleep 100", "", limit_s=0.5)
    assert status.startswith("stopped after") and output == "so far\n"


async def test_a_message_is_copied_in_every_form(copied: list[tuple[tuple[str, ...], str]]) -> None:
    asked: list[object] = []
    async with desk_with(CODE, hook=asked.append) as desk:
        await desk.ask("hi")
        for argument, part in (("quote", "> Try **this**:"), ("formatted", "<strong>this</strong>"), ("all", "hi")):
            await desk.type(f"/copy {argument}")
            await desk.press("enter")
            await desk.until(lambda: copied and part in copied[-1][1])  # noqa: B023
        assert copied[-1][1].count("Try **this**:") == 1
        await desk.type("/copy")
        await desk.press("enter")
        await desk.until(lambda: any(isinstance(event, CopyRequested) for event in asked))


async def test_without_a_tool_formatted_text_is_refused_with_a_reason(
    copied: list[tuple[tuple[str, ...], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clipboard_copy, "html_tool", lambda environ: None)
    async with desk_with(CODE) as desk:
        await desk.ask("hi")
        await desk.press("tab", "C")
        await desk.type("formatting")
        await desk.press("enter")
        await desk.until(lambda: "No clipboard tool here takes formatted text" in screen_text(desk.app))
        assert not copied


@pytest.mark.parametrize(
    ("environ", "tool"),
    [({"WAYLAND_DISPLAY": "w"}, "wl-copy"), ({"DISPLAY": ":0"}, "xclip"), ({"SSH_TTY": "x", "DISPLAY": ":0"}, None)],
)
def test_the_tool_for_html_is_one_that_can_work(
    environ: dict[str, str], tool: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clipboard_copy.shutil, "which", lambda name: f"/bin/{name}")
    found = clipboard_copy.html_tool(environ)
    assert (found and found[0]) == tool

"""Attaching files in the app: every way in, their placeholders in the prompt, and what is sent and kept."""

import asyncio
import os
import subprocess
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events

from tests.attachments.samples import image, pdf
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.attachments import fetching
from tui_chat.attachments.fetching import Fetched
from tui_chat.core.event import TextDelta
from tui_chat.core.part import AttachmentPart, TextPart
from tui_chat.core.turn import Turn
from tui_chat.providers.demo.provider import DemoProvider
from tui_chat.storage.store import Store
from tui_chat.ui.picker import Picker
from tui_chat.ui.terminal.messages import ClipboardAnswered, ClipboardSupported


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a picture, a text, and a secret, in which the app runs."""
    (tmp_path / "shot.png").write_bytes(image(width=280, height=280))
    (tmp_path / "my notes.txt").write_text("a note\n")
    (tmp_path / ".env").write_text("A=1")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text("x = 1\n")
    (tmp_path / ".gitignore").write_text("build/\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def attachments(turn: Turn) -> list[str]:
    return [part.name for part in turn.parts if isinstance(part, AttachmentPart)]


def words(turn: Turn) -> str:
    return "".join(part.text for part in turn.parts if isinstance(part, TextPart))


def has_sign(desk: Desk, name: str) -> Callable[[], bool]:
    return lambda: f" {name} · " in desk.chat.prompt.text and not desk.chat.prompt.reading


def notified(desk: Desk) -> str:
    return " ".join(notice.text for notice in desk.chat.notice_line._notices)


async def paste(desk: Desk, text: str) -> None:
    desk.app.post_message(events.Paste(text))
    await desk.settle()


async def send(desk: Desk, text: str) -> Turn:
    """Send the prompt with this text at its end; return the turn."""
    await desk.type(text)
    await desk.press("escape") if desk.chat.completion.is_files else None
    await desk.press("enter")
    await desk.until(lambda: len(desk.conversation.path) % 2 == 0 and desk.conversation.path)
    await desk.idle()
    return desk.conversation.path[-2]


async def test_a_dropped_file_becomes_a_sign_and_is_sent(desk: Desk, folder: Path) -> None:
    await paste(desk, f"{folder}/shot.png")
    await desk.until(has_sign(desk, "shot.png"))
    assert "shot.png · PNG 280×280 · " in screen_text(desk.app) and "tokens⟧" in desk.chat.prompt.text
    prompt = await send(desk, "What is this?")
    assert words(prompt) == "What is this?" and attachments(prompt) == ["shot.png"]
    (request,) = desk.provider.requests
    (sent,) = [part for part in request.turns[-1].parts if isinstance(part, AttachmentPart)]
    assert sent.data == image(width=280, height=280)


@pytest.mark.parametrize(
    "form", ["'{}/my notes.txt' {}/shot.png", "{}/my\\ notes.txt file://{}/shot.png", "{}/my notes.txt\n{}/shot.png"]
)
async def test_several_dropped_files_keep_their_order(desk: Desk, folder: Path, form: str) -> None:
    await paste(desk, form.replace("{}", str(folder)))
    await desk.until(has_sign(desk, "shot.png"))
    assert attachments(await send(desk, "Compare.")) == ["my notes.txt", "shot.png"]


async def test_undo_gives_the_dropped_text_back(desk: Desk, folder: Path) -> None:
    await desk.type("see ")
    await paste(desk, f"{folder}/shot.png")
    await desk.until(has_sign(desk, "shot.png"))
    await desk.press("ctrl+z")
    assert desk.chat.prompt.text == f"see {folder}/shot.png"
    await desk.press("ctrl+z")
    assert desk.chat.prompt.text == "see "
    await desk.press("alt+z", "alt+z")
    assert attachments(await send(desk, "")) == ["shot.png"]


async def test_a_file_that_cannot_be_attached_stays_text_and_reports_why(desk: Desk, folder: Path) -> None:
    (folder / "x.zip").write_bytes(b"PK\x03\x04" + bytes(50))
    await paste(desk, f"{folder}/x.zip")
    await desk.until(lambda: "ZIP archive" in notified(desk))
    assert "x.zip is a ZIP archive or Office document. Convert it to PNG" in notified(desk)
    assert desk.chat.prompt.text == f"{folder}/x.zip"
    assert words(await send(desk, "")) == f"{folder}/x.zip"


async def test_one_step_of_the_cursor_and_one_delete_for_a_sign(desk: Desk, folder: Path) -> None:
    await desk.type("a")
    await paste(desk, f"{folder}/shot.png")
    await desk.until(has_sign(desk, "shot.png"))
    await desk.press("left", "left")
    assert desk.chat.prompt.cursor_location == (0, 1)
    await desk.press("delete", "delete")
    assert desk.chat.prompt.text == "a"
    assert attachments(await send(desk, "")) == []


async def test_at_completes_files_and_tab_attaches_one(desk: Desk, folder: Path) -> None:
    await desk.type("Explain @mai")
    await desk.until(lambda: "src/main.py" in screen_text(desk.app))
    await desk.press("tab")
    await desk.until(has_sign(desk, "main.py"))
    prompt = await send(desk, "please")
    assert words(prompt) == "Explain main.py please" and attachments(prompt) == ["main.py"]


async def test_at_goes_through_folders_and_names_with_spaces(desk: Desk, folder: Path) -> None:
    await desk.type("@")
    await desk.until(lambda: "src/" in screen_text(desk.app) and "my notes.txt" in screen_text(desk.app))
    assert ".env" not in screen_text(desk.app)
    await desk.type("sr")
    await desk.until(lambda: desk.chat.completion.found and desk.chat.completion.found[0].value == "src/")
    await desk.press("tab")
    assert desk.chat.prompt.text == "@src/"
    await desk.until(lambda: desk.chat.completion.found and desk.chat.completion.found[0].value == "src/main.py")
    await desk.press("tab")
    await desk.until(has_sign(desk, "main.py"))
    await desk.type("@my")
    await desk.until(lambda: desk.chat.completion.found and desk.chat.completion.found[0].value == "my notes.txt")
    await desk.press("tab")
    await desk.until(has_sign(desk, "my notes.txt"))
    assert "@" not in desk.chat.prompt.text


async def test_enter_sends_an_at_that_names_no_file_and_attaches_one_that_does(desk: Desk, folder: Path) -> None:
    await desk.type("@shot.png")
    await desk.until(lambda: desk.chat.completion.found)
    await desk.press("enter")
    await desk.until(has_sign(desk, "shot.png"))
    await desk.press("ctrl+c")
    await desk.type("@sho")
    await desk.until(lambda: desk.chat.completion.found)
    await desk.press("enter")
    await desk.until(lambda: desk.conversation.path)
    await desk.idle()
    assert words(desk.conversation.path[0]) == "@sho" and attachments(desk.conversation.path[0]) == []


async def test_escape_closes_the_files_and_an_address_opens_none(desk: Desk, folder: Path) -> None:
    await desk.type("@sho")
    await desk.until(lambda: desk.chat.suggestions.display)
    await desk.press("escape")
    assert not desk.chat.suggestions.display and desk.chat.prompt.text == "@sho"
    await desk.press("ctrl+c")
    await desk.type("me@shot")
    assert desk.chat.prompt.file_token is None and not desk.chat.suggestions.display


async def test_a_command_behind_a_sign_runs_and_keeps_the_file(desk: Desk, folder: Path) -> None:
    await desk.type("/attach shot.png")
    await desk.press("enter")
    await desk.until(has_sign(desk, "shot.png"))
    await desk.type("/attach src/main.py")
    await desk.press("enter")
    await desk.until(has_sign(desk, "main.py"))
    assert not desk.conversation.turns and has_sign(desk, "shot.png")() and "/attach" not in desk.chat.prompt.text
    await desk.ask("what is this?")
    assert attachments(desk.conversation.turns[0]) == ["shot.png", "main.py"]
    assert words(desk.conversation.turns[0]) == "what is this?"


async def test_attach_takes_a_path_a_pattern_and_an_address(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "fetch", lambda url: Fetched("paper.pdf", pdf(3)))
    ways = {"my notes.txt": "my notes.txt", "src/*.py": "main.py", "https://x.example/p": "paper.pdf"}
    for argument, name in ways.items():
        draft = desk.chat.prompt.text
        await desk.chat.actions.attach.attach_named(argument)
        await desk.until(has_sign(desk, name))
        assert desk.chat.prompt.text.startswith(draft)
    assert "paper.pdf · PDF 3 pages" in desk.chat.prompt.text
    assert attachments(await send(desk, "Sum up.")) == [*ways.values()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("pipe", "is a named pipe. Write the content to a file"),
        ("loop", "leads back to itself."),
        ("src", "is a folder. Attach the files in it."),
        ("/dev/zero", "is a device."),
        ("huge.png", "2,000,000,000 bytes; at most 33,554,432"),
        ("empty", "is empty."),
        ("*.missing", "No file matches *.missing. Check the path."),
        ("http://example.com/x", "Only https addresses are fetched."),
        ("https://localhost/x", "The address leads into this machine's own network."),
    ],
)
async def test_what_cannot_be_attached_reports_why_and_what_to_do(
    desk: Desk, folder: Path, name: str, reason: str
) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "loop").symlink_to("loop")
    (folder / "empty").touch()
    with (folder / "huge.png").open("wb") as file:
        file.write(image())
        file.truncate(2_000_000_000)
    await desk.type(f"/attach {name}")
    await desk.press("enter")
    await desk.until(lambda: reason in notified(desk))
    await desk.until(lambda: not desk.chat.prompt.reading)
    assert desk.chat.prompt.text == f"/attach {name}"


async def test_the_attach_command_completes_files(desk: Desk, folder: Path) -> None:
    await desk.type("/attach sh")
    await desk.until(lambda: "./shot.png" in screen_text(desk.app))
    await desk.press("tab", "enter")
    await desk.until(has_sign(desk, "shot.png"))
    await desk.press("ctrl+c")
    await desk.type("/attach nowhere.txt")
    await desk.press("enter")
    await desk.until(lambda: "No file" in notified(desk))
    assert "Check the path." in notified(desk)


@pytest.mark.parametrize("keys", ["enter", "escape", "down enter"])
async def test_a_secret_is_asked_about_with_no_as_default(desk: Desk, folder: Path, keys: str) -> None:
    await paste(desk, f"{folder}/.env")
    await desk.until(lambda: isinstance(desk.app.screen, Picker))
    await desk.until(lambda: ".env usually holds secrets. Attach it?" in screen_text(desk.app))
    await desk.press(*keys.split())
    await desk.until(lambda: not desk.chat.prompt.reading)
    assert (" .env · " in desk.chat.prompt.text) is (keys == "down enter")


async def test_the_prompt_waits_for_a_file_that_is_still_read(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(url: str) -> Fetched:
        asyncio.run_coroutine_threadsafe(may_end.wait(), loop).result(10)
        return Fetched("a.txt", b"text")

    monkeypatch.setattr(fetching, "fetch", slow)
    await desk.chat.actions.attach.attach_named("https://x.example/a.txt")
    await desk.type("and this?")
    await desk.press("enter")
    assert "Still reading" in notified(desk) and not desk.conversation.path
    may_end.set()
    await desk.until(has_sign(desk, "a.txt"))
    assert attachments(await send(desk, "")) == ["a.txt"]


async def test_a_queued_prompt_keeps_its_files(folder: Path) -> None:
    held = (TextDelta("Hel"), asyncio.Event())
    async with desk_with(provider=DemoProvider.playing(held)) as desk:
        await desk.type("first")
        await desk.press("enter")
        await desk.until(lambda: desk.chat.live_reply)
        await paste(desk, f"{folder}/shot.png")
        await desk.until(has_sign(desk, "shot.png"))
        await desk.type("second")
        await desk.press("enter")
        await desk.until(lambda: desk.chat.queue.prompts)
        assert "⟦shot.png⟧" in screen_text(desk.app) and "sha256" not in screen_text(desk.app)
        stored = await desk.store.state(f"queue:{desk.conversation.id}")
        assert stored[0]["files"][0]["sha256"]
        await desk.press("escape")
        await desk.press("enter")
        await desk.until(lambda: len(desk.conversation.path) == 4)
        await desk.press("escape")
        await desk.idle()
        assert attachments(desk.conversation.path[2]) == ["shot.png"]
        await desk.press("up")
        assert " shot.png · " in desk.chat.prompt.text, "the history has the file"


async def test_an_edit_keeps_drops_and_adds_files(desk: Desk, folder: Path) -> None:
    await paste(desk, f"{folder}/shot.png {folder}/src/main.py")
    await desk.until(has_sign(desk, "main.py"))
    await send(desk, "one")
    await desk.press("f9")
    await desk.until(lambda: desk.chat.actions.prompts.editing)
    assert [name in desk.chat.prompt.text for name in ("one", "shot.png", "main.py")] == [True] * 3
    await desk.press("backspace")
    assert "main.py" not in desk.chat.prompt.text
    await desk.chat.actions.attach.attach_named("my notes.txt")
    await desk.until(has_sign(desk, "my notes.txt"))
    await desk.press("enter")
    await desk.until(lambda: desk.chat.actions.prompts.editing is None)
    await desk.idle()
    assert attachments(desk.conversation.path[0]) == ["shot.png", "my notes.txt"]
    assert words(desk.conversation.path[0]) == "one"
    first = next(turn for turn in desk.conversation.turns if turn.parent_id is None)
    assert attachments(first) == ["shot.png", "main.py"]


@asynccontextmanager
async def app_with_data_in(folder: Path) -> AsyncIterator[Desk]:
    """The app with a database on disk."""
    store = await Store.open(folder / "conversations.db")
    try:
        async with desk_with(store=store) as desk:
            yield desk
    finally:
        await store.aclose()


async def test_a_draft_with_a_file_is_there_again_after_quitting(folder: Path) -> None:
    data = folder / "data"
    data.mkdir(mode=0o700)
    async with app_with_data_in(data) as desk:
        await paste(desk, f"{folder}/shot.png")
        await desk.until(has_sign(desk, "shot.png"))
    (folder / "shot.png").unlink()
    async with app_with_data_in(data) as desk:
        await desk.until(has_sign(desk, "shot.png"))
        assert "PNG 280×280" in desk.chat.prompt.text
        assert attachments(await send(desk, "Still there?")) == ["shot.png"]
        (request,) = desk.provider.requests
        (sent,) = [part for part in request.turns[-1].parts if isinstance(part, AttachmentPart)]
        assert sent.data == image(width=280, height=280)


async def test_the_editor_shows_signs_and_takes_them_back(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await paste(desk, f"{folder}/shot.png")
    await desk.until(has_sign(desk, "shot.png"))
    prompt = desk.chat.prompt
    assert "sha256" not in prompt.editable_text
    prompt.draft = prompt.editable_text.strip() + " edited"
    await desk.settle()
    prompt_turn = await send(desk, "")
    assert words(prompt_turn) == "edited" and attachments(prompt_turn) == ["shot.png"]


async def test_the_estimate_counts_the_files(desk: Desk, folder: Path) -> None:
    (folder / "long.txt").write_text("word " * 20_000)
    await paste(desk, f"{folder}/long.txt")
    await desk.until(has_sign(desk, "long.txt"))
    await desk.until(lambda: "k in" in screen_text(desk.app).splitlines()[-1])


async def clipboard_of(desk: Desk, *answers: ClipboardAnswered | ClipboardSupported) -> None:
    await desk.settle()
    for answer in answers:
        desk.app.post_message(answer)
    await desk.settle()


def b64(data: bytes) -> str:
    return b64encode(data).decode()


async def test_the_terminal_is_asked_for_the_image_where_no_tool_can_be(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_CONNECTION", "x")
    data = image()
    await desk.press("ctrl+v")
    await clipboard_of(desk, ClipboardSupported(True))
    listed = ClipboardAnswered("DATA", b64(b"."), b64(b"text/plain image/png"))
    await clipboard_of(desk, ClipboardAnswered("OK", "", ""), listed, ClipboardAnswered("DONE", "", ""))
    pieces = [ClipboardAnswered("DATA", b64(b"image/png"), b64(data[at : at + 60])) for at in range(0, len(data), 60)]
    await clipboard_of(desk, ClipboardAnswered("OK", "", ""), *pieces, ClipboardAnswered("DONE", "", ""))
    await desk.until(has_sign(desk, "clipboard.png"))
    assert attachments(await send(desk, "What is it?")) == ["clipboard.png"]


async def test_a_terminal_that_cannot_send_its_clipboard_reports_what_to_do(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "x")
    await desk.press("ctrl+v")
    await clipboard_of(desk, ClipboardSupported(False))
    await desk.until(lambda: "Over SSH" in notified(desk))
    assert "/attach" in notified(desk) and not desk.chat.prompt.reading


async def test_a_terminal_that_refuses_its_clipboard_reports_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "x")
    await desk.press("alt+v")
    await clipboard_of(desk, ClipboardSupported(True))
    await clipboard_of(desk, ClipboardAnswered("EPERM", "", ""))
    await desk.until(lambda: "did not allow" in notified(desk))

"""The user's own commands in the app: from a file to a request, and a question before those of a project."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.service.conftest import HELLO
from tests.ui.conftest import Desk, desk_with
from tests.ui.screen import screen_text
from tui_chat.core.event import Stopped
from tui_chat.providers.demo.provider import Step

DEEP = (HELLO, HELLO, HELLO)


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the app works in."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@asynccontextmanager
async def desk_in(tmp_path: Path, *scripts: Sequence[Step]) -> AsyncIterator[Desk]:
    """A desk whose settings file stands in `tmp_path`."""
    async with desk_with(*(scripts or DEEP)) as desk:
        settings = desk.chat.context.settings._replace(file=tmp_path / "config.toml")
        desk.chat.context = replace(desk.chat.context, settings=settings)
        await desk.chat.actions.templates.load()
        yield desk


def words(desk: Desk) -> str:
    """The screen without its line breaks."""
    return " ".join(screen_text(desk.app).split())


async def enter(desk: Desk, text: str) -> None:
    await desk.type(text)
    await desk.press("enter")


async def test_a_template_is_completed_and_sent_with_its_model_for_that_prompt(tmp_path: Path, work: Path) -> None:
    write(
        tmp_path / "commands" / "explain.md",
        "---\ndescription: Explain a thing\nargument-hint: THING\nmodel: demo/other\n---\nExplain $1 to me.\n",
    )
    async with desk_in(tmp_path) as desk:
        await desk.ask("hi")
        await desk.type("/expl")
        await desk.until(lambda: "/explain THING" in screen_text(desk.app))
        assert "Explain a thing" in screen_text(desk.app)
        await enter(desk, "ain 'the moon'")
        await desk.until(lambda: len(desk.provider.requests) == 2)
        await desk.idle()
        assert desk.provider.requests[1].turns[-1].text == "Explain the moon to me."
        assert desk.provider.requests[1].model == "other" and desk.conversation.model == "demo/tour"
        assert (await desk.store.prompts())[0] == "/explain 'the moon'"


async def test_a_template_is_in_the_palette(tmp_path: Path, work: Path) -> None:
    write(tmp_path / "commands" / "standup.md", "---\ndescription: Write my standup\n---\nWrite my standup.\n")
    async with desk_in(tmp_path) as desk:
        await desk.press("ctrl+p")
        await desk.type("my standup")
        await desk.press("enter")
        await desk.until(lambda: desk.provider.requests)
        assert desk.provider.requests[0].turns[-1].text == "Write my standup."


async def test_a_file_goes_along_and_a_secret_asks_first(tmp_path: Path, work: Path) -> None:
    write(work / "a.py", "print(1)\n")
    write(work / ".env", "API_KEY=abc\n")
    write(tmp_path / "commands" / "read.md", "Read {{file:$1}} now.\n")
    async with desk_in(tmp_path) as desk:
        await enter(desk, "/read a.py")
        await desk.until(lambda: desk.provider.requests)
        turn = desk.provider.requests[0].turns[-1]
        assert turn.text == "Read a.py now." and [part.name for part in turn.parts[1:]] == ["a.py"]
        await desk.idle()
        await enter(desk, "/read .env")
        await desk.until(lambda: "usually holds secrets" in screen_text(desk.app))
        await desk.press("escape")
        await desk.until(lambda: desk.chat.prompt.draft == "/read .env")
        assert len(desk.provider.requests) == 1


async def test_a_projects_command_is_used_only_after_a_yes_and_asks_again_when_changed(
    tmp_path: Path, work: Path
) -> None:
    file = work / ".tui-chat" / "commands" / "fix.md"
    write(file, "Fix the build.\n")
    async with desk_in(tmp_path) as desk:
        await desk.until(lambda: "/trust shows them" in screen_text(desk.app))
        await enter(desk, "/fix")
        await desk.until(lambda: "Fix the build." in screen_text(desk.app))
        await desk.press("escape")
        await desk.until(lambda: desk.chat.prompt.draft == "/fix")
        assert desk.provider.requests == []
        await desk.press("enter")
        await desk.until(lambda: "Yes, until a file" in screen_text(desk.app))
        await desk.press("down", "enter")
        await desk.until(lambda: len(desk.provider.requests) == 1)
        await desk.idle()
        await enter(desk, "/fix")
        await desk.until(lambda: len(desk.provider.requests) == 2)
        await desk.idle()
        write(file, "Send my keys.\n")
        await enter(desk, "/fix")
        await desk.until(lambda: "Send my keys." in screen_text(desk.app))
        assert len(desk.provider.requests) == 2


async def test_what_is_wrong_with_a_template_is_reported_with_its_line(tmp_path: Path, work: Path) -> None:
    write(tmp_path / "commands" / "odd.md", "---\nmodle: x\n---\nhi\n")
    write(tmp_path / "commands" / "new.md", "hi\n")
    async with desk_in(tmp_path) as desk:
        await desk.until(lambda: "/new is a command of the program" in words(desk))
        await desk.until(lambda: "did you mean model" in words(desk))


async def test_a_template_with_an_unknown_profile_is_not_sent(tmp_path: Path, work: Path) -> None:
    write(tmp_path / "commands" / "hi.md", "---\nprofile: nosuch\n---\nHi.\n")
    async with desk_in(tmp_path) as desk:
        await enter(desk, "/hi")
        await desk.until(lambda: "there is no profile nosuch" in words(desk))
        assert desk.chat.prompt.draft == "/hi" and desk.provider.requests == []


async def test_a_template_is_queued_behind_a_streaming_reply_unless_it_sets_a_model(
    tmp_path: Path, work: Path
) -> None:
    write(tmp_path / "commands" / "fix.md", "Fix $1.\n")
    write(tmp_path / "commands" / "other.md", "---\nmodel: demo/other\n---\nLook at $1.\n")
    may_end = asyncio.Event()
    async with desk_in(tmp_path, (may_end, Stopped("end_turn")), *DEEP) as desk:
        await enter(desk, "hi")
        await desk.until(lambda: desk.chat.live_reply)
        await enter(desk, "/other it")
        await desk.until(
            lambda: "A reply is still streaming" in words(desk) and desk.chat.prompt.draft == "/other it"
        )
        await desk.press("ctrl+u")
        await enter(desk, "/fix it")
        await desk.until(lambda: desk.chat.queue.prompts == ("Fix it.",))
        assert (await desk.store.prompts())[0] == "/fix it"
        may_end.set()
        await desk.until(lambda: len(desk.provider.requests) == 2)
        await desk.idle()
        assert desk.provider.requests[1].turns[-1].text == "Fix it." and not desk.chat.queue.prompts


async def test_templates_are_listed_by_a_command_that_other_words_lead_to(tmp_path: Path, work: Path) -> None:
    async with desk_in(tmp_path) as desk:
        await enter(desk, "/templates")
        await desk.until(lambda: "There are no templates yet" in words(desk) and "/NAME.md" in words(desk))
        write(tmp_path / "commands" / "explain.md", "---\ndescription: Explain a thing\n---\nExplain $1 to me.\n")
        await enter(desk, "/snippets")
        await desk.until(lambda: "Did you mean /templates?" in words(desk))
        await desk.press("ctrl+c")
        await enter(desk, "/templates")
        await desk.until(lambda: "Prompt templates" in words(desk) and "Explain a thing" in words(desk))
        await desk.press("enter")
        await desk.until(lambda: desk.chat.prompt.text == "/explain ")

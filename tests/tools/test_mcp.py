"""MCP servers: listed, called, dying, silent, hostile; and nothing of them outlives the program."""

import asyncio
import base64
import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.attachments.samples import image
from tests.support.environment import ROOT
from tests.support.tools import until
from tests.tools.test_command import is_alive
from tui_chat.core.form import Form, FormAnswer
from tui_chat.core.part import ToolCallPart, ToolStatus
from tui_chat.core.tool import Tool, ToolOutcome, ToolServer
from tui_chat.tools import mcp_tools
from tui_chat.tools.mcp_config import McpConfig, ServerUnusable, wire_name
from tui_chat.tools.mcp_tools import McpTools, servers_in

PROGRAM = str(ROOT / "tests" / "support" / "mcp_program.py")


class Known:
    """What is stored of the servers."""

    def __init__(self) -> None:
        self.stored: Any = None
        self.consents: set[str] = set()

    async def load(self) -> Any:
        return self.stored

    async def save(self, value: Any) -> None:
        self.stored = json.loads(json.dumps(value))

    async def has_consent(self, server: ToolServer) -> bool:
        return server.fingerprint in self.consents


class Box:
    """The tools of one server under test."""

    def __init__(self, folder: Path, known: Known) -> None:
        self.folder = folder
        self.known = known
        self.calls = folder / "calls"
        self.tools: McpTools

    def config(self, mode: str = "good", **values: Any) -> McpConfig:
        env = {"CALLS": str(self.calls), "PIDS": str(self.folder / "pids"), "WORD": "${HOME:-x}-set"}
        env["PICTURE"] = base64.b64encode(image()).decode()
        command = (sys.executable, PROGRAM, mode)
        return McpConfig("box", command, env=env, **{"timeout_s": 20.0, "start_timeout_s": 20.0, **values})

    async def call(self, name: str, **arguments: Any) -> ToolOutcome:
        (tool,) = [tool for tool in await self.tools.offered(["box"]) if tool.name == f"box__{name}"]
        return await self.tools.run(tool, ToolCallPart("c1", tool.name, json.dumps(arguments)), lambda tail: None)

    @property
    def called(self) -> list[str]:
        return self.calls.read_text().split() if self.calls.exists() else []


Open = Callable[..., Any]


@pytest.fixture
async def open_box(tmp_path: Path) -> AsyncIterator[Open]:
    known, opened = Known(), list[McpTools]()

    @asynccontextmanager
    async def make(mode: str = "good", *, consent: bool = True, **values: Any) -> AsyncIterator[Box]:
        box = Box(tmp_path, known)
        config = box.config(mode, **values)
        if consent:
            known.consents.add(config.server.fingerprint)
        box.tools = McpTools(
            [config],
            tmp_path / "log",
            login_dir=tmp_path / "login",
            has_consent=known.has_consent,
            load_known=known.load,
            save_known=known.save,
        )
        opened.append(box.tools)
        yield box
        await box.tools.aclose()

    yield make


def names(tools: tuple[Tool, ...]) -> list[str]:
    return [tool.name for tool in tools]


async def test_tools_are_listed_under_valid_names_without_hidden_characters(open_box: Open) -> None:
    async with open_box() as box:
        tools = await box.tools.offered(["box"])
        assert names(tools) == sorted(names(tools)) and len(tools) == 8
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool.name) for tool in tools)
        (die,) = [tool for tool in tools if tool.name == "box__die"]
        assert die.description == "End now."
        assert (box.folder / "log" / "mcp-box.log").read_text() == "this goes to the log\n"


async def test_a_call_brings_back_the_text_and_names_what_is_no_text(
    open_box: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_API_KEY", "sk-canary")
    async with open_box() as box:
        outcome = await box.call("echo", word="hi")
        assert outcome.status is ToolStatus.DONE and '"given": {"word": "hi"}' in outcome.text
        assert "canary" not in outcome.text and "-set" in outcome.text
        assert "[image, image/png, 6 bytes: not passed on]" in outcome.text
        assert (await box.call("fail")) == ToolOutcome("it went wrong", ToolStatus.FAILED)


async def test_an_image_in_a_result_is_a_file_and_what_is_none_is_not(open_box: Open) -> None:
    async with open_box() as box:
        outcome = await box.call("picture")
        (found,) = outcome.files
        assert (found.name, found.media_type, found.data) == ("picture-1", "image/png", image())
        assert "picture-1, image/png" in outcome.text
        assert (await box.call("echo")).files == ()


class Asking:
    """A report by which a tool can ask; the test answers."""

    def __init__(self, answer: FormAnswer) -> None:
        self.forms: list[Form] = []
        self._answer = answer

    def __call__(self, tail: str) -> None: ...

    async def ask(self, form: Form) -> FormAnswer:
        self.forms.append(form)
        await asyncio.sleep(0.3)
        return self._answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (FormAnswer("accept", {"name": "Ann", "sure": False}), {"name": "Ann", "sure": False}),
        (FormAnswer("decline"), "decline"),
        (FormAnswer("cancel"), "cancel"),
    ],
)
async def test_a_form_is_asked_and_its_answer_goes_to_the_server(
    open_box: Open, answer: FormAnswer, expected: object
) -> None:
    async with open_box(timeout_s=10.0) as box:
        (tool,) = [tool for tool in await box.tools.offered(["box"]) if tool.name == "box__ask"]
        asking = Asking(answer)
        outcome = await box.tools.run(tool, ToolCallPart("c1", tool.name, "{}"), asking)
        (form,) = asking.forms
        assert form.server == "box" and [field.name for field in form.fields] == ["name", "age", "colour", "sure"]
        result = json.loads(outcome.text)
        assert expected in (result["action"], result.get("content"))


async def test_a_form_is_declined_where_no_one_can_fill_it_in(open_box: Open) -> None:
    async with open_box() as box:
        assert json.loads((await box.call("ask")).text)["action"] == "decline"


async def test_nothing_starts_without_consent(open_box: Open) -> None:
    async with open_box(consent=False) as box:
        assert await box.tools.offered(["box"]) == ()
        assert not (box.folder / "log").exists()


async def test_a_changed_command_needs_another_consent(open_box: Open) -> None:
    async with open_box() as box:
        await box.tools.offered(["box"])
    async with open_box("many", consent=False) as box:
        assert await box.tools.offered(["box"]) == ()


@pytest.mark.parametrize("values", [{"env": {"CALLS": "x", "MORE": "y"}}, {"cwd": "/"}, {"command": ("other",)}])
def test_another_folder_command_or_variable_is_another_server(values: dict[str, Any]) -> None:
    before = McpConfig("box", ("one", "two"), env={"CALLS": "x"})
    assert replace(before, **values).server.fingerprint != before.server.fingerprint
    assert replace(before, env={"CALLS": "another value"}).server.fingerprint == before.server.fingerprint


async def test_a_silent_server_is_waited_for_once_and_not_by_every_message(
    open_box: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mcp_tools, "FIRST_LISTING_S", 0.3)
    async with open_box("silent", start_timeout_s=1.0) as box:
        await box.tools.offered(["box"])
        started = asyncio.get_running_loop().time()
        assert await box.tools.offered(["box"]) == ()
        assert asyncio.get_running_loop().time() - started < 0.25


async def test_a_server_that_dies_in_a_call_has_an_unknown_outcome_and_starts_again(open_box: Open) -> None:
    async with open_box() as box:
        outcome = await box.call("die")
        assert outcome.status is ToolStatus.UNKNOWN and "Look before doing it again" in outcome.text
        assert (await box.call("echo")).status is ToolStatus.DONE
        assert box.called == ["die", "echo"]


@pytest.mark.slow
async def test_a_call_that_takes_too_long_is_timed_out(open_box: Open) -> None:
    async with open_box(timeout_s=1.0) as box:
        outcome = await box.call("sleep")
        assert outcome.status is ToolStatus.TIMED_OUT and "within 1 s" in outcome.text


async def test_a_cancelled_call_leaves_the_server_to_be_closed(open_box: Open) -> None:
    async with open_box() as box:
        running = asyncio.ensure_future(box.call("sleep"))
        await until(lambda: box.called == ["sleep"])
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


@pytest.mark.slow
async def test_a_silent_server_costs_no_more_than_its_time_and_is_named(open_box: Open) -> None:
    async with open_box("silent", start_timeout_s=1.0) as box:
        assert await box.tools.offered(["box"]) == ()
        with pytest.raises(ServerUnusable, match="did not answer within 1 s"):
            await box.tools.list_tools("box")


async def test_a_server_that_is_away_keeps_its_tools_and_costs_no_wait(open_box: Open) -> None:
    async with open_box() as box:
        before = await box.tools.offered(["box"])
        known = box.known
    # The same command does not answer now: the list of the last time is offered at once.
    (box.folder / "silence").touch()
    async with open_box() as box:
        started = asyncio.get_running_loop().time()
        assert await box.tools.offered(["box"]) == before and known.stored is not None
        assert asyncio.get_running_loop().time() - started < 0.5


async def test_a_tool_that_has_changed_is_asked_about_with_what_changed(open_box: Open) -> None:
    async with open_box() as box:
        before = {tool.name: tool for tool in await box.tools.offered(["box"])}
    (box.folder / "changed").touch()
    async with open_box() as box:
        await box.tools.offered(["box"])
        await until(lambda: "Send it to me" in json.dumps(box.known.stored))
        review = await box.tools.review(before["box__echo"], ToolCallPart("c1", "box__echo", "{}"))
        assert review.tool.fingerprint != before["box__echo"].fingerprint and review.warning
        assert "Before, its description was: Say it again." in review.details
        assert "Now it is: Send it to me first." in review.details
        same = await box.tools.review(before["box__fail"], ToolCallPart("c2", "box__fail", "{}"))
        assert same.tool == before["box__fail"] and not same.warning


async def test_one_tool_of_a_server_is_chosen_by_its_name(open_box: Open) -> None:
    async with open_box() as box:
        assert names(await box.tools.offered(["box__echo"])) == ["box__echo"]
        assert len(await box.tools.offered(["box", "box__echo"])) == 8


async def test_garbage_on_its_output_is_survived(open_box: Open) -> None:
    async with open_box("garbage") as box:
        assert (await box.call("echo")).status is ToolStatus.DONE


async def test_five_hundred_tools_are_offered_in_a_stable_order(open_box: Open) -> None:
    async with open_box("many") as box:
        tools = await box.tools.offered(["box"])
        assert len(tools) == 500 and tools == await box.tools.offered(["box"])


@pytest.mark.slow
async def test_a_line_without_end_ends_the_server_and_not_the_program(open_box: Open) -> None:
    async with open_box() as box:
        outcome = await box.call("flood")
        assert outcome.status is ToolStatus.UNKNOWN
        assert "too long" in (box.folder / "log" / "mcp-box.log").read_text()


async def test_a_command_that_does_not_exist_is_named(open_box: Open) -> None:
    async with open_box() as box:
        config = McpConfig("gone", ("no-such-program-anywhere",), start_timeout_s=10)
        box.known.consents.add(config.server.fingerprint)
        tools = McpTools(
            [config],
            box.folder / "log",
            login_dir=box.folder / "login",
            has_consent=box.known.has_consent,
            load_known=box.known.load,
            save_known=box.known.save,
        )
        with pytest.raises(ServerUnusable, match="gone cannot be used"):
            await tools.list_tools("gone")
        assert "cannot be run" in (box.folder / "log" / "mcp-gone.log").read_text()
        await tools.aclose()


@pytest.mark.slow
async def test_closing_ends_a_stubborn_server_with_its_children(open_box: Open) -> None:
    async with open_box("stubborn") as box:
        await box.tools.offered(["box"])
        pids = [int(word) for word in (box.folder / "pids").read_text().split()]
        assert all(map(is_alive, pids))
    await until(lambda: not any(map(is_alive, pids)))


@pytest.mark.slow
async def test_kill_9_of_the_program_ends_its_servers(open_box: Open, tmp_path: Path) -> None:
    async with open_box("stubborn", consent=False) as box:
        config = box.config("stubborn")
    program = (
        "import asyncio\nfrom pathlib import Path\nfrom tui_chat.tools.mcp_config import McpConfig\n"
        "from tui_chat.tools.mcp_server import McpServer\n"
        f"config = McpConfig('box', {config.command!r}, env={dict(config.env)!r})\n"
        "async def main():\n"
        f"    await McpServer(config, Path({str(tmp_path)!r})).definitions()\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    pids_file = tmp_path / "pids"
    await until(lambda: pids_file.exists() and len(pids_file.read_text().split()) == 2)
    pids = [int(word) for word in pids_file.read_text().split()]
    process.kill()
    await process.wait()
    async with asyncio.timeout(5):
        await until(lambda: not any(map(is_alive, pids)))


async def test_nothing_starts_after_closing(open_box: Open) -> None:
    async with open_box() as box:
        await box.tools.aclose()
        with pytest.raises(ServerUnusable, match="was stopped"):
            await box.tools.list_tools("box")
        assert not (box.folder / "log").exists()


def test_names_never_collide_and_stay_the_same() -> None:
    odd = [("a", "b.c"), ("a", "b_c"), ("a", "b c"), ("a.b", "c"), ("a", "x" * 100), ("a", "x" * 101), ("é", "ü")]
    made = [wire_name(*pair) for pair in odd]
    assert len(set(made)) == len(odd) and made == [wire_name(*pair) for pair in odd]
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in made)
    assert wire_name("git", "commit") == "git__commit"


def test_variables_must_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOT_SET", raising=False)
    config = McpConfig("x", ("y",), env={"A": "${NOT_SET}"})
    with pytest.raises(ServerUnusable, match="NOT_SET"):
        config.expanded(config.env)


@pytest.mark.parametrize("url", ["http://example.org/mcp", "ftp://x", "file:///etc/passwd"])
def test_an_address_must_be_https_or_on_this_machine(url: str) -> None:
    with pytest.raises(ServerUnusable):
        McpConfig("x", url=url).check()
    McpConfig("x", url="http://127.0.0.1:5/mcp").check()


def test_a_command_without_a_version_is_warned_of() -> None:
    assert "whatever version" in McpConfig("x", ("npx", "-y", "@scope/server")).server.warning
    assert McpConfig("x", ("npx", "-y", "@scope/server@1.2.3")).server.warning == ""
    assert McpConfig("x", ("uvx", "mcp-server-git==1.0")).server.warning == ""


def test_files_of_other_programs_are_read() -> None:
    text = json.dumps(
        {
            "mcpServers": {
                "git": {"command": "uvx", "args": ["mcp-server-git"], "env": {"A": "b"}},
                "web": {"url": "https://example.org/mcp", "headers": {"X": "y"}},
            }
        }
    )
    assert servers_in(text) == {
        "git": {"command": ("uvx", "mcp-server-git"), "env": {"A": "b"}},
        "web": {"url": "https://example.org/mcp", "headers": {"X": "y"}},
    }
    with pytest.raises(ValueError, match="mcpServers"):
        servers_in("{}")

"""The Agent Client Protocol, driven by the official SDK's client over the pipes of a process."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import acp
import pytest
from acp.schema import (
    AgentMessageChunk,
    AllowedOutcome,
    ClientCapabilities,
    EmbeddedResourceContentBlock,
    ImageContentBlock,
    RequestPermissionResponse,
    TextContentBlock,
    TextResourceContents,
    ToolCallProgress,
    ToolCallStart,
)

from tests.gateway.served import command, environment
from tests.gateway.test_page import PNG
from tests.support.environment import ROOT
from tui_chat.core.conversation import Options
from tui_chat.core.part import AttachmentPart
from tui_chat.storage.store import Store


class Editor(acp.Client):
    """Notes what the agent sends."""

    def __init__(self, option: str = "") -> None:
        """`option` is the answer to each question about a tool; `never` is none."""
        self.option = option
        self.updates: list[Any] = []
        self.asked: list[Any] = []
        self.is_asked = asyncio.Event()
        self.on_update: Callable[[str], Awaitable[None]] | None = None

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        self.updates.append(update)
        if self.on_update is not None:
            await self.on_update(session_id)

    async def request_permission(self, session_id: str, tool_call: Any, options: Any, **_: Any) -> Any:
        assert "once" in [option.option_id for option in options]
        self.asked.append(tool_call)
        self.is_asked.set()
        if self.option == "never":
            await asyncio.Event().wait()
        return RequestPermissionResponse(outcome=AllowedOutcome(outcome="selected", option_id=self.option))

    @property
    def text(self) -> str:
        return "".join(one.content.text for one in self.updates if isinstance(one, AgentMessageChunk))


def text(words: str) -> TextContentBlock:
    return TextContentBlock(type="text", text=words)


def agent(folder: Path, editor: Editor, pace: str = "0") -> Any:
    return acp.spawn_agent_process(
        editor, *command(folder, "acp", "--demo"), env=environment(folder, TUI_CHAT_DEMO_PACE=pace), cwd=str(ROOT)
    )


async def test_an_editor_chats_lists_loads_and_forks(tmp_path: Path) -> None:
    editor = Editor()
    async with agent(tmp_path, editor) as (connection, _):
        about = await connection.initialize(protocol_version=1, client_capabilities=ClientCapabilities())
        assert about.protocol_version == 1 and about.agent_capabilities.load_session is True
        session = await connection.new_session(cwd=str(tmp_path), mcp_servers=[])
        assert session.config_options[0].current_value == "demo/tour"
        prompt = [TextContentBlock(type="text", text="code please")]
        answer = await connection.prompt(session_id=session.session_id, prompt=prompt)
        assert answer.stop_reason == "end_turn" and answer.usage.output_tokens > 0
        first = editor.text
        assert "rate limiter" in first
        listed = await connection.list_sessions()
        assert [(one.session_id, one.title) for one in listed.sessions] == [(session.session_id, "code please")]
        editor.updates.clear()
        await connection.load_session(cwd=str(tmp_path), session_id=session.session_id, mcp_servers=[])
        async with asyncio.timeout(20):  # the client library hands on updates in tasks of their own
            while editor.text != first:
                await asyncio.sleep(0.01)
        forked = await connection.fork_session(cwd=str(tmp_path), session_id=session.session_id)
        assert forked.session_id != session.session_id
    shown = library(tmp_path)
    assert {one["id"] for one in shown} == {session.session_id, forked.session_id}


async def test_cancel_ends_the_turn_and_keeps_what_arrived(tmp_path: Path) -> None:
    editor = Editor()
    async with agent(tmp_path, editor, pace="1") as (connection, _):
        await connection.initialize(protocol_version=1, client_capabilities=ClientCapabilities())
        session = await connection.new_session(cwd=str(tmp_path), mcp_servers=[])

        async def cancel(session_id: str) -> None:
            if editor.text:
                await connection.cancel(session_id=session_id)

        editor.on_update = cancel
        prompt = [TextContentBlock(type="text", text="slow")]
        answer = await connection.prompt(session_id=session.session_id, prompt=prompt)
        assert answer.stop_reason == "cancelled"
    (one,) = library(tmp_path)
    done = subprocess.run(
        command(tmp_path, "show", "--json", one["id"]), cwd=ROOT, env=environment(tmp_path), capture_output=True
    )
    reply = json.loads(done.stdout)["turns"][1]
    assert reply["status"] == "cancelled" and reply["parts"][0]["text"]


@pytest.mark.parametrize(("option", "status"), [("once", "completed"), ("deny", "failed")])
async def test_the_editor_is_asked_before_a_tool_runs(option: str, status: str, tmp_path: Path) -> None:
    editor = Editor(option)
    async with agent(tmp_path, editor) as (connection, _):
        await connection.initialize(protocol_version=1, client_capabilities=ClientCapabilities())
        session = await connection.new_session(cwd=str(tmp_path), mcp_servers=[])
        await connection.prompt(session_id=session.session_id, prompt=[text("hello")])
        store = await Store.open(tmp_path / "data" / "conversations.db")
        await store.set_options(session.session_id, Options(tools=("run",)))
        await store.aclose()
        answer = await connection.prompt(session_id=session.session_id, prompt=[text("tools")])
        assert answer.stop_reason == "end_turn"
    (asked,) = editor.asked
    assert asked.kind == "execute" and "echo Hello from your shell" in asked.raw_input["command"]
    (started,) = [one for one in editor.updates if isinstance(one, ToolCallStart)]
    changes = [one for one in editor.updates if isinstance(one, ToolCallProgress)]
    assert {started.tool_call_id} == {one.tool_call_id for one in changes} == {asked.tool_call_id}
    assert changes[-1].status == status
    assert ("in_progress" in [one.status for one in changes]) == (option == "once")
    assert ("Hello from your shell" in changes[-1].content[0].content.text) == (option == "once")


async def test_cancel_ends_a_turn_that_waits_for_an_answer(tmp_path: Path) -> None:
    editor = Editor("never")
    async with agent(tmp_path, editor) as (connection, _):
        await connection.initialize(protocol_version=1, client_capabilities=ClientCapabilities())
        session = await connection.new_session(cwd=str(tmp_path), mcp_servers=[])
        await connection.prompt(session_id=session.session_id, prompt=[text("hello")])
        store = await Store.open(tmp_path / "data" / "conversations.db")
        await store.set_options(session.session_id, Options(tools=("run",)))
        await store.aclose()
        prompting = asyncio.create_task(connection.prompt(session_id=session.session_id, prompt=[text("tools")]))
        await asyncio.wait_for(editor.is_asked.wait(), 20)
        await connection.cancel(session_id=session.session_id)
        assert (await prompting).stop_reason == "cancelled"


async def test_images_and_files_of_the_editor_are_attachments(tmp_path: Path) -> None:
    async with agent(tmp_path, Editor()) as (connection, _):
        await connection.initialize(protocol_version=1, client_capabilities=ClientCapabilities())
        session = await connection.new_session(cwd=str(tmp_path), mcp_servers=[])
        file = TextResourceContents(uri="file:///work/limiter.py", text="tokens = 3")
        prompt = [
            text("what is this?"),
            ImageContentBlock(type="image", data=PNG, mime_type="image/png"),
            EmbeddedResourceContentBlock(type="resource", resource=file),
        ]
        assert (await connection.prompt(session_id=session.session_id, prompt=prompt)).stop_reason == "end_turn"
    (only,) = library(tmp_path)
    store = await Store.open(tmp_path / "data" / "conversations.db")
    asked = (await store.conversation(only["id"])).turns[0]
    await store.aclose()
    files = [part for part in asked.parts if isinstance(part, AttachmentPart)]
    assert [(part.name, part.media_type) for part in files] == [
        ("image.png", "image/png"),
        ("limiter.py", "text/x-python"),
    ]


async def test_errors_of_the_model_and_unknown_sessions_are_errors(tmp_path: Path) -> None:
    editor = Editor()
    async with agent(tmp_path, editor) as (connection, _):
        await connection.initialize(protocol_version=1, client_capabilities=ClientCapabilities())
        session = await connection.new_session(cwd=str(tmp_path), mcp_servers=[])
        prompt = [TextContentBlock(type="text", text="error 401")]
        with pytest.raises(acp.RequestError, match="rejected the API key"):
            await connection.prompt(session_id=session.session_id, prompt=prompt)
        with pytest.raises(acp.RequestError, match="not found"):
            await connection.prompt(session_id="nothing", prompt=prompt)


def test_lines_that_are_no_requests_are_answered_and_do_not_end_it(tmp_path: Path) -> None:
    lines = [
        "{",
        "[]",
        '{"jsonrpc":"2.0","id":1,"method":"nothing"}',
        '{"jsonrpc":"2.0","id":2,"method":"initialize"}',
    ]
    done = subprocess.run(
        command(tmp_path, "acp", "--demo"),
        cwd=ROOT,
        env=environment(tmp_path),
        input="\n".join(lines) + "\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["error"]["code"] for one in answers if "error" in one] == [-32700, -32600, -32601]
    assert [one["result"]["agentInfo"]["name"] for one in answers if "result" in one] == ["tui-chat"]
    assert done.returncode == 0 and not done.stderr


def library(folder: Path) -> list[dict[str, Any]]:
    words = command(folder, "list", "--json")
    done = subprocess.run(words, cwd=ROOT, env=environment(folder), capture_output=True, text=True)
    return list(json.loads(done.stdout))

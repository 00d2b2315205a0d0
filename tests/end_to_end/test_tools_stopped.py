"""kill -9 and Ctrl+C at any moment of a command: it never runs twice, what is stored is true, the next request valid.

`TUI_CHAT_TEST_KILLS=100` tries so many moments on each wire, by each way.
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.tools import assert_valid_on_every_wire
from tests.support.wire_server import Answer, Step, Wire
from tui_chat.core.part import ToolResultPart
from tui_chat.core.rounds import rounds_of
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.storage.store import Store

KILLS = int(os.environ.get("TUI_CHAT_TEST_KILLS", "2"))
MODELS = {"anthropic": "anthropic/claude-sonnet-5-5", "openai": "openai/gpt-6-astra"}


def _event(value: dict[str, object]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode()


def _message(*blocks: dict[str, Any], stop: str) -> Iterator[Step]:
    usage = {"input_tokens": 5, "output_tokens": 7}
    yield _event({"type": "message_start", "message": {"id": "m", "type": "message", "usage": usage, "content": []}})
    for index, block in enumerate(blocks):
        yield _event({"type": "content_block_start", "index": index, "content_block": block})
        yield 0.05
        yield _event({"type": "content_block_stop", "index": index})
    yield _event({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": usage})
    yield _event({"type": "message_stop"})


def _chunks(*deltas: dict[str, Any], stop: str) -> Iterator[Step]:
    for delta in deltas:
        yield f"data: {json.dumps({'choices': [{'index': 0, 'delta': delta}]})}\n\n".encode()
        yield 0.05
    yield f"data: {json.dumps({'choices': [{'index': 0, 'delta': {}, 'finish_reason': stop}]})}\n\n".encode()
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    yield f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n".encode()
    yield b"data: [DONE]\n\n"


def _answers(wire: str) -> tuple[Answer, Answer]:
    """A request that calls a command, and the one after it."""
    given = {"command": "echo ran >> ran; sleep 0.4; echo done >> done"}
    if wire == "anthropic":
        call = {"type": "tool_use", "id": "toolu_1", "name": "run_command", "input": given}
        first = _message({"type": "text", "text": "Now."}, call, stop="tool_use")
        return Answer(first), Answer(_message({"type": "text", "text": "All done."}, stop="end_turn"))
    function = {"name": "run_command", "arguments": json.dumps(given)}
    call = {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}
    return Answer(_chunks({"content": "Now."}, call, stop="tool_calls")), Answer(
        _chunks({"content": "All done."}, stop="stop")
    )


async def _ask(home: Path, folder: Path, wire: str, url: str) -> asyncio.subprocess.Process:
    names = {"anthropic": ("ANTHROPIC", url), "openai": ("OPENAI", f"{url}/v1")}
    prefix, address = names[wire]
    environment = clean_environment(home, **{f"{prefix}_API_KEY": "key-for-a-test", f"{prefix}_BASE_URL": address})
    flags = ("--tools", "run", "--allow", "run_command", "-m", MODELS[wire])
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui_chat", "ask", "go", *flags),
        cwd=folder,
        env=environment | {"PYTHONPATH": str(ROOT)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _stored(home: Path) -> tuple[Turn, ...]:
    store = await Store.open(next(home.rglob("conversations.db")))
    try:
        (only,) = await store.summaries()
        return (await store.conversation(only.id)).path
    finally:
        await store.aclose()


@pytest.mark.slow
@pytest.mark.parametrize("wire", MODELS)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("run", range(KILLS))
async def test_a_stopped_program_reports_truly_how_its_command_ended(
    run: int, how: signal.Signals, wire: str, tmp_path: Path
) -> None:
    folder = tmp_path / "work"  # a sandboxed command can write only below it
    folder.mkdir()
    async with Wire(*_answers(wire)) as server:
        process = await _ask(tmp_path, folder, wire, server.url)
        async with asyncio.timeout(60):
            while not server.requests:
                await asyncio.sleep(0.005)
        await asyncio.sleep(random.uniform(0, 1.2))
        with suppress(ProcessLookupError):  # it may have come to its end before
            process.send_signal(how)
        await process.communicate()
        stored, again = await _stored(tmp_path), await _stored(tmp_path)
    assert stored == again
    prompt, reply = stored
    has_run, is_done = (folder / "ran").exists(), (folder / "done").exists()
    statuses = [part.status.value for part in reply.parts if isinstance(part, ToolResultPart)]
    assert len(statuses) <= 1 and not reply.is_live
    assert not has_run or (folder / "ran").read_text() == "ran\n"
    if has_run:
        assert statuses in (["unknown" if how is signal.SIGKILL else "cancelled"], ["done"])
    if statuses == ["done"]:
        assert is_done
    if statuses == ["not_run"]:
        assert not has_run
    if rounds := rounds_of(reply):
        usage = rounds[0].usage
        assert usage is not None and (usage.output_tokens == 7 or (usage.estimated and how is signal.SIGINT))
    if how is signal.SIGINT:
        assert reply.status in (TurnStatus.CANCELLED, TurnStatus.COMPLETE)
    assert_valid_on_every_wire((prompt, reply, replace(prompt, id="next", parent_id=reply.id)))

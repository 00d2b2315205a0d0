"""kill -9 at any moment of a command: it never runs twice, and what is stored of it is true."""

import asyncio
import json
import os
import random
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.wire_server import Answer, Step, Wire

KILLS = int(os.environ.get("TUI_CHAT_TEST_KILLS", "5"))


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


def _calling(folder: Path) -> Iterator[Step]:
    command = f"echo ran >> {folder}/ran; sleep 0.4; echo done >> {folder}/done"
    call = {"type": "tool_use", "id": "toolu_1", "name": "run_command", "input": {"command": command}}
    return _message({"type": "text", "text": "Now."}, call, stop="tool_use")


async def _run(home: Path, *words: str, url: str = "") -> asyncio.subprocess.Process:
    environment = clean_environment(home, ANTHROPIC_API_KEY="key-for-a-test", ANTHROPIC_BASE_URL=url)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui_chat", *words),
        cwd=ROOT,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )


async def _stored(home: Path) -> dict[str, Any]:
    listed, _ = await (await _run(home, "list", "--json")).communicate()
    (only,) = json.loads(listed)
    shown, _ = await (await _run(home, "show", "--json", only["id"])).communicate()
    reply: dict[str, Any] = json.loads(shown)["turns"][1]
    return reply


@pytest.mark.slow
@pytest.mark.parametrize("run", range(KILLS))
async def test_a_killed_program_tells_the_truth_about_its_command(run: int, tmp_path: Path) -> None:
    end = {"type": "text", "text": "All done."}
    async with Wire(Answer(_calling(tmp_path)), Answer(_message(end, stop="end_turn"))) as wire:
        flags = ("--tools", "run", "--allow", "run_command", "-m", "anthropic/claude-sonnet-5-5")
        process = await _run(tmp_path, "ask", "go", *flags, url=wire.url)
        async with asyncio.timeout(30):
            while not wire.requests:
                await asyncio.sleep(0.005)
        await asyncio.sleep(random.uniform(0, 1.2))
        with suppress(ProcessLookupError):  # it may have come to its end before
            process.kill()
        await process.communicate()
        reply = await _stored(tmp_path)
        again = await _stored(tmp_path)
    has_run, is_done = (tmp_path / "ran").exists(), (tmp_path / "done").exists()
    statuses = [part.get("status", "done") for part in reply["parts"] if part["type"] == "tool_result"]
    assert len(statuses) <= 1 and again == reply
    assert not has_run or (tmp_path / "ran").read_text() == "ran\n"
    if has_run:
        assert statuses in (["unknown"], ["done"])
    if statuses == ["done"]:
        assert is_done
    if statuses == ["not_run"]:
        assert not has_run
    if any(part["type"] == "round" for part in reply["parts"]):
        first = next(part for part in reply["parts"] if part["type"] == "round")
        assert first["usage"]["output_tokens"] == 7

"""kill -9 at any moment: the prompt is there, nearly all that was served is too, and the next start reports it."""

import asyncio
import json
import os
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.wire_server import Answer, Step, Wire

KILLS = int(os.environ.get("TUI_CHAT_TEST_KILLS", "5"))
CHECKPOINT_S = 0.25
HICCUP_S = 0.35
"""A busy machine may keep a process waiting for this long."""
WORDS = [f"word{number} " for number in range(600)]


class Slow:
    """A reply of one word every few milliseconds that knows when each word was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, int]] = []

    def steps(self) -> Iterator[Step]:
        usage = {"input_tokens": 5, "output_tokens": 1}
        yield _event(
            {"type": "message_start", "message": {"id": "m", "type": "message", "usage": usage, "content": []}}
        )
        yield _event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
        length = 0
        for word in WORDS:
            yield 0.004
            length += len(word)
            self.sent.append((time.monotonic(), length))
            delta = {"type": "text_delta", "text": word}
            yield _event({"type": "content_block_delta", "index": 0, "delta": delta})

    def served_before(self, moment_s: float) -> int:
        return max((length for at_s, length in self.sent if at_s <= moment_s), default=0)


def _event(value: dict[str, object]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode()


async def _killed_while_streaming(home: Path, slow: Slow) -> float:
    async with Wire(Answer(slow.steps())) as wire:
        environment = clean_environment(home, ANTHROPIC_API_KEY="key-for-a-test", ANTHROPIC_BASE_URL=wire.url)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tui_chat", "ask", "keep this prompt", "-m", "anthropic/claude-sonnet-5-5"),
            cwd=ROOT,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(30):
            while not slow.sent:
                await asyncio.sleep(0.001)
        await asyncio.sleep(random.uniform(0, 1.5))
        killed_s = time.monotonic()
        process.kill()
        await process.wait()
        return killed_s


@pytest.mark.parametrize("run", range(KILLS))
async def test_a_killed_program_has_kept_the_prompt_and_the_partial(run: int, tmp_path: Path) -> None:
    slow = Slow()
    killed_s = await _killed_while_streaming(tmp_path, slow)
    database = next(tmp_path.rglob("conversations.db"))
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    shown = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui_chat", "show", "--json", await _only_id(tmp_path)),
        cwd=ROOT,
        env=clean_environment(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await shown.communicate()
    prompt, reply = json.loads(output)["turns"]
    assert prompt["parts"][0]["text"] == "keep this prompt"
    assert reply["status"] == "interrupted"
    kept = "".join(part["text"] for part in reply["parts"])
    assert "".join(WORDS).startswith(kept)
    assert len(kept) >= slow.served_before(killed_s - CHECKPOINT_S - HICCUP_S)


async def _only_id(home: Path) -> str:
    listed = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tui_chat", "list", "--json"),
        cwd=ROOT,
        env=clean_environment(home),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await listed.communicate()
    (only,) = json.loads(output)
    found: str = only["id"]
    return found

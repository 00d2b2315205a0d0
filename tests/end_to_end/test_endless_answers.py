"""Answers that froze the program or filled the memory: `ask` and the app end soon, and report what it was."""

import asyncio
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest

from tests.benchmarks.processes import memory_mb
from tests.cli.conftest import COMMAND
from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal
from tests.support.wire_server import Answer, Wire

PATIENCE_S = 12.0
"""What the program may take with its start, on a machine that does other things; on a quiet one it is a second."""
MOST_MB = 150
"""That it may hold more at its worst than when it waits for a prompt."""
IDLE_MB = 110
PAGES = {"titles": "<title>" * 300_000, "scripts": "<script <style " * 28_000}


def never_ending(line: bytes) -> Iterator[bytes]:
    """A stream of such lines, without the blank one that would end an event."""
    return repeat(line * (65_536 // len(line)))


def answer(name: str) -> Answer:
    if name in PAGES:
        return Answer.html(PAGES[name], status=500)
    return Answer(never_ending(b"data: AAAA\n" if name == "event" else b"data:\n"), framing="close")


SENTENCES = {
    "titles": "The provider is overloaded (500)",
    "scripts": "The provider is overloaded (500)",
    "event": "an event of the stream has more than 100000 lines",
    "lines": "an event of the stream has more than 100000 lines",
}
CASES = pytest.mark.parametrize(
    ("name", "model"),
    [(name, model) for model in ("work/m", "claude/m") for name in SENTENCES],
)


def uncapitalized(text: str) -> str:
    """Return a screen with the sentences in an error block as `ask` prints them within a line."""
    return text.replace("An event", "an event")


def settings(home: Path, url: str) -> Path:
    file = home / "settings.toml"
    file.write_text(
        f'[chat]\nretries = 0\n[providers.work]\nkind = "openai"\nbase_url = "{url}/v1"\nauth = "none"\n'
        f'[providers.claude]\nkind = "anthropic"\nbase_url = "{url}"\nauth = "none"\n'
    )
    return file


@CASES
@pytest.mark.timeout(60)
async def test_ask_ends_soon_and_reports_what_came(name: str, model: str, tmp_path: Path) -> None:
    async with Wire(answer(name)) as wire:
        process = await asyncio.create_subprocess_exec(
            *(*COMMAND, "--config", str(settings(tmp_path, wire.url)), "ask", "-m", model, "hello"),
            cwd=ROOT,
            env=clean_environment(tmp_path),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        ended = asyncio.ensure_future(process.communicate())
        most_mb, started_s = 0.0, time.monotonic()
        try:
            while not ended.done() and time.monotonic() - started_s < 4 * PATIENCE_S:
                await asyncio.wait({ended}, timeout=0.1)
                if process.returncode is None and wire.requests:
                    most_mb = max(most_mb, memory_mb([process.pid]))
                    if time.monotonic() - wire.requests[0].at_s > PATIENCE_S:
                        break
            assert ended.done(), "it was still busy"
        finally:
            if process.returncode is None:
                process.kill()
            _, complaint = await ended
    assert process.returncode == 4
    assert SENTENCES[name] in complaint.decode()
    assert most_mb < IDLE_MB + MOST_MB


@CASES
@pytest.mark.timeout(90)
async def test_the_app_takes_keys_meanwhile_and_reports_what_came(name: str, model: str, tmp_path: Path) -> None:
    async with Wire(answer(name)) as wire:
        command = (*COMMAND, "--config", str(settings(tmp_path, wire.url)), "-m", model)

        def drive() -> tuple[float, float]:
            with Terminal(command, environment=clean_environment(tmp_path)) as terminal:
                terminal.until("Ask anything")
                before_mb = memory_mb([terminal.process.pid])
                terminal.type("hello\r")
                terminal.until(lambda _: bool(wire.requests))
                asked_s = time.monotonic()
                terminal.type("typed meanwhile")
                terminal.until("typed meanwhile", patience_s=PATIENCE_S)
                terminal.until(lambda text: SENTENCES[name] in uncapitalized(text), patience_s=PATIENCE_S)
                took_s, after_mb = time.monotonic() - asked_s, memory_mb([terminal.process.pid])
                terminal.type("\x15\x11")
                assert terminal.wait() == 0
                return took_s, after_mb - before_mb

        took_s, more_mb = await asyncio.to_thread(drive)
    assert took_s < PATIENCE_S
    assert more_mb < MOST_MB

"""Stopped by the shell's job control and brought back: the terminal is the shell's meanwhile, and nothing is lost."""

import asyncio
import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.benchmarks.processes import tree
from tests.faults.test_program import only_conversation, served
from tests.providers.anthropic.encoder import sse
from tests.support.environment import clean_environment
from tests.support.pty_terminal import Terminal, is_restored
from tests.support.wire_server import Answer, Step, Wire
from tui_chat.core.turn import TurnStatus

SHELL_READY, PALETTE, LEFT = "shell>", "\x10", b"\x1b[?1049l"
WORDS = tuple(f"word{number} " for number in range(80))


def reply() -> Iterator[Step]:
    usage = {"input_tokens": 7, "output_tokens": 1}
    yield sse({"type": "message_start", "message": {"id": "m", "type": "message", "usage": usage}})
    yield sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    for word in WORDS:
        yield 0.03
        yield sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}})
    yield sse({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 90}})
    yield sse({"type": "message_stop"})


def by_key(terminal: Terminal) -> None:
    terminal.type("\t")
    time.sleep(0.2)  # nothing shows where the keys go now
    terminal.type("?")
    terminal.until("Keys and commands")
    terminal.type("\x1b")
    terminal.until(lambda text: "Keys and commands" not in text)
    terminal.type("\x1a")


def by_name(terminal: Terminal) -> None:
    terminal.type("/suspend\r")


def from_outside(terminal: Terminal) -> None:
    os.kill(tree(terminal.process.pid)[-1], signal.SIGTSTP)


@pytest.mark.parametrize("stop", [by_key, by_name, from_outside], ids=lambda stop: stop.__name__)
def test_the_shell_has_the_terminal_and_the_reply_goes_on_afterwards(
    stop: Callable[[Terminal], None], tmp_path: Path
) -> None:
    nothing = Answer.json({"data": [], "has_more": False})
    wire = Wire(Answer(tuple(reply())), routes={"/v1/models": nothing, "/v1/messages/count_tokens": nothing})
    (tmp_path / ".inputrc").write_text("set enable-bracketed-paste off\n")
    with served(wire):
        environment = clean_environment(
            tmp_path, ANTHROPIC_API_KEY="key-for-a-test", ANTHROPIC_BASE_URL=wire.url, PS1=f"{SHELL_READY} "
        )
        with Terminal(("sh", "-i"), environment=environment) as terminal:
            terminal.until(SHELL_READY)
            terminal.type(shlex.join((sys.executable, "-m", "tui_chat", "-m", "anthropic/claude-sonnet-5-5")) + "\r")
            terminal.until("Ask anything")
            terminal.type("keep this prompt\r")
            terminal.until("word9")
            stop(terminal)
            terminal.until("Stopped")
            assert is_restored(terminal.output)
            terminal.type("stty -a; echo back in the $(echo shell)\r")
            shown = terminal.until("back in the shell")
            assert " icanon" in shown and " echo " in shown and "word9" not in shown
            terminal.type("fg\r")
            terminal.until(lambda text: "keep this prompt" in text and "Ask anything" in text)
            terminal.until(lambda text: WORDS[-1].strip() in text)
            terminal.type(PALETTE)
            terminal.until("Command palette")
            terminal.output = LEFT.replace(b"l", b"h")
            terminal.type("\x11")
            terminal.until(lambda _: SHELL_READY.encode() in terminal.output.partition(LEFT)[2])
            terminal.type("echo it ended with $?\r")
            terminal.until("it ended with 0", patience_s=10)
            assert is_restored(terminal.output)
    assert b"Traceback" not in terminal.output
    kept = asyncio.run(only_conversation(next(tmp_path.rglob("conversations.db"))))
    assert kept.path[-1].text == "".join(WORDS) and kept.path[-1].status is TurnStatus.COMPLETE

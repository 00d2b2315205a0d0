"""`chat --linear` as it is called: through a pipe and in a dumb terminal, to its end by any signal."""

import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Shell
from tests.support.environment import ROOT
from tests.support.pty_terminal import Terminal

LINEAR = ("chat", "--linear", "--demo")


def in_terminal(shell: Shell, *words: str, **more: str) -> Terminal:
    environment = shell.environment(TERM="dumb", **more)
    return Terminal((*COMMAND, *words), environment=environment, size=(100, 60))


@pytest.mark.slow
def test_a_pipe_is_a_conversation(shell: Shell) -> None:
    done = shell(*LINEAR, stdin="hello\\\nthere\n/title Two lines\nno end of line")
    assert (done.code, done.err) == (0, "") and "\x1b" not in done.out
    assert done.out.count("demo/tour:\n") == 2 and "Title: Two lines." in done.out
    turns = shell.only_conversation()["turns"]
    assert [turn["parts"][0]["text"] for turn in turns][::2] == ["hello\nthere", "no end of line"]


def test_a_dumb_terminal_gets_linear_mode_and_no_escape_sequence(shell: Shell) -> None:
    with in_terminal(shell, "--demo") as terminal:
        terminal.until("linear mode")
        terminal.until("You:")
        terminal.type("hello\r")
        terminal.until(lambda text: text.count("You:") == 2)
        terminal.type("\x04")
        assert terminal.wait() == 0
        assert b"\x1b" not in terminal.output and "# Welcome to tui-chat" in terminal.text


@pytest.mark.slow
def test_pasted_lines_are_one_prompt(shell: Shell) -> None:
    with in_terminal(shell, *LINEAR) as terminal:
        terminal.until("You:")
        terminal.type("one\rtwo\rthree\r")
        terminal.until("(demo/tour")
        terminal.type("/quit\r")
        assert terminal.wait() == 0
    assert shell.only_conversation()["turns"][0]["parts"][0]["text"] == "one\ntwo\nthree"


@pytest.mark.slow
def test_the_interrupt_key_stops_the_reply_and_keeps_it_and_then_quits(shell: Shell) -> None:
    with in_terminal(shell, *LINEAR, TUI_CHAT_DEMO_PACE="1") as terminal:
        terminal.until("You:")
        terminal.type("slow\r")
        terminal.until("The write path")
        terminal.type("\x03")
        terminal.until("Stopped. Continue (/continue) or regenerate (/retry).")
        terminal.until(lambda text: text.count("You:") == 2)
        terminal.type("\x03")
        assert terminal.wait() == 0
    reply = shell.only_conversation()["turns"][1]
    assert reply["status"] == "cancelled" and "The write path" in reply["parts"][0]["text"]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_the_partial_reply(number: signal.Signals, shell: Shell) -> None:
    command = [*COMMAND, *LINEAR]
    environment = shell.environment(TUI_CHAT_DEMO_PACE="1")
    program = subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert program.stdin is not None and program.stdout is not None
    program.stdin.write(b"slow\nnever sent\n")
    program.stdin.flush()
    while b"write path" not in program.stdout.readline():
        pass
    program.send_signal(number)
    program.communicate(timeout=30)
    assert program.returncode == 128 + number
    prompt, reply = shell.only_conversation()["turns"]
    assert prompt["parts"][0]["text"] == "slow" and reply["status"] == "interrupted"
    assert "The write path" in reply["parts"][0]["text"]


@pytest.mark.slow
def test_a_line_that_was_not_sent_is_there_at_the_next_start_after_a_signal(shell: Shell) -> None:
    with in_terminal(shell, *LINEAR) as terminal:
        terminal.until("You:")
        terminal.type("half a thought")
        terminal.until("half a thought")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait() == 143
    with in_terminal(shell, *LINEAR) as terminal:
        terminal.until("half a thought")
        terminal.type("\r")
        terminal.until("(demo/tour")
    assert shell.only_conversation()["turns"][0]["parts"][0]["text"] == "half a thought"


@pytest.mark.slow
def test_a_killed_program_loses_nothing_that_had_arrived(shell: Shell) -> None:
    with in_terminal(shell, *LINEAR, TUI_CHAT_DEMO_PACE="1") as terminal:
        terminal.until("You:")
        terminal.type("slow\r")
        terminal.until("The write path")
        terminal.until(lambda _: "write" in saved_so_far(shell.home))
        terminal.process.kill()
        terminal.wait()
    shell(*LINEAR, "-c", stdin="")
    prompt, reply = shell.only_conversation()["turns"]
    assert prompt["parts"][0]["text"] == "slow"
    assert reply["status"] == "interrupted" and "write" in reply["parts"][0]["text"]


def saved_so_far(home: Path) -> str:
    """What is stored of a reply in flight."""
    (file,) = home.rglob("conversations.db")
    with closing(sqlite3.connect(file)) as db:
        return "".join(deltas for (deltas,) in db.execute("SELECT deltas FROM checkpoint ORDER BY n"))


@pytest.mark.slow
def test_a_closed_pipe_ends_it(shell: Shell) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*COMMAND, *LINEAR], cwd=ROOT, env=shell.environment(), input=b"hello\n", stdout=write, timeout=60
    )
    os.close(write)
    assert done.returncode == 141


@pytest.mark.slow
def test_linear_mode_loads_no_textual(shell: Shell, tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['tui-chat', 'chat', '--linear', '--demo']\n"
        "from tui_chat.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted(name for name in sys.modules if name.partition('.')[0] == 'textual'))"
    )
    done = subprocess.run(
        [COMMAND[0], "-c", code],
        cwd=ROOT,
        env=shell.environment(),
        input=f"/tools read run\ntools\ny\n/attach README.md\nhello\n/export {tmp_path}/x.md\n",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout[-300:] + done.stderr

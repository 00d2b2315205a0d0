"""The whole program in a terminal: typed into, ended in every way, started again."""

import signal
import sqlite3
import subprocess
import sys
import termios
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.emulator import Screen
from tests.support.environment import ROOT, clean_environment, only_conversation
from tests.support.pty_terminal import Terminal, is_restored

COMMAND = (sys.executable, "-m", "tui_chat", "--demo")


def _has_draft(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        found = connection.execute("SELECT draft FROM conversation").fetchall()
    return found == [("half a thought",)]


def _checkpoints(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (found,) = connection.execute("SELECT count(*) FROM checkpoint").fetchone()
    return int(found)


def streaming(terminal: Terminal) -> None:
    terminal.until("Ask anything")
    terminal.type("slow\r")
    terminal.until(lambda text: "streaming" in text.rstrip().splitlines()[-1])
    terminal.until(lambda text: " 2s" in text.rstrip().splitlines()[-1])


@pytest.mark.parametrize(
    ("end", "code", "status"),
    [
        (lambda terminal: terminal.type("\x11"), 0, "interrupted"),
        (lambda terminal: terminal.signal(signal.SIGTERM), 143, "interrupted"),
        (lambda terminal: terminal.signal(signal.SIGHUP), 129, "interrupted"),
    ],
    ids=["ctrl+q", "SIGTERM", "SIGHUP"],
)
def test_an_end_in_mid_reply_keeps_the_partial_and_restores_the_terminal(
    end: Any, code: int, status: str, tmp_path: Path
) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path)) as terminal:
        streaming(terminal)
        end(terminal)
        assert terminal.wait(patience_s=10) == code
        assert is_restored(terminal.output)
        assert "Traceback" not in terminal.text
    prompt, reply = only_conversation(tmp_path)["turns"]
    assert prompt["parts"][0]["text"] == "slow"
    assert reply["status"] == status and reply["parts"][0]["text"]


def test_a_closed_terminal_ends_it_and_keeps_the_partial(tmp_path: Path) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path)) as terminal:
        streaming(terminal)
        terminal.hang_up()
        terminal.process.wait(timeout=10)
    assert only_conversation(tmp_path)["turns"][1]["parts"][0]["text"]


def test_a_closed_terminal_ends_an_idle_program_too(tmp_path: Path) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path)) as terminal:
        terminal.until("Ask anything")
        # What a terminal's end sends to its foreground: both signals, and then the terminal is gone.
        terminal.signal(signal.SIGCONT)
        terminal.hang_up()
        terminal.signal(signal.SIGCONT)
        terminal.process.wait(timeout=10)


def test_a_terminal_that_takes_nothing_does_not_keep_the_program_from_ending(tmp_path: Path) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path)) as terminal:
        terminal.until("Ask anything")
        terminal.type("long 3000\r")
        terminal.until("streaming")
        database = next(tmp_path.rglob("conversations.db"))
        seen, end_s = _checkpoints(database), time.monotonic() + 15
        while _checkpoints(database) < seen + 12:
            assert time.monotonic() < end_s, "it stopped saving when no one read its terminal"
            time.sleep(0.05)
        terminal.signal(signal.SIGTERM)
        terminal.process.wait(timeout=15)
    assert only_conversation(tmp_path)["turns"][1]["status"] == "interrupted"


def test_stopped_by_force_and_continued_it_draws_itself_again_and_reads_each_key_once(tmp_path: Path) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path)) as terminal:
        terminal.until("Ask anything")
        for number in (signal.SIGSTOP, signal.SIGCONT):
            terminal.signal(number)
        terminal.screen = Screen(100, 30)
        terminal.until(lambda text: "Ask anything" in text and "demo/tour" in text)
        terminal.type("each key once")
        terminal.until("each key once")
        terminal.type("!")
        terminal.until("each key once!")
        terminal.type("\x15\x11")
        assert terminal.wait(patience_s=10) == 0
        assert is_restored(terminal.output)


def test_after_a_forced_stop_the_terminal_never_edits_lines_itself(tmp_path: Path) -> None:
    # It would echo what is typed in that moment, erase it at Ctrl+U, and take Ctrl+Q for itself.
    with Terminal(COMMAND, environment=clean_environment(tmp_path)) as terminal:
        terminal.until("Ask anything")
        terminal.output = b""
        for number in (signal.SIGSTOP, signal.SIGCONT):
            terminal.signal(number)
        end_s = time.monotonic() + 1
        while time.monotonic() < end_s:  # nothing is read meanwhile: the moment is short
            assert not termios.tcgetattr(terminal._master)[3] & (termios.ICANON | termios.ECHO)
        terminal.until(lambda _: b"\x1b[?1049h" in terminal.output)
        terminal.type("\x11")
        assert terminal.wait() == 0
        assert termios.tcgetattr(terminal._master)[3] & termios.ICANON


@pytest.mark.parametrize("wait_s", [0.0, 0.005, 0.02, 0.05])
def test_keys_typed_right_after_a_forced_stop_are_not_lost(wait_s: float, tmp_path: Path) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path)) as terminal:
        terminal.until("Ask anything")
        for turn in range(5):
            for number in (signal.SIGSTOP, signal.SIGCONT):
                terminal.signal(number)
            time.sleep(wait_s)  # the moment of the attack, not a condition to wait for
            terminal.type(f"typed{turn}!")
            terminal.until(f"typed{turn}!")
        terminal.until("typed0!typed1!typed2!typed3!typed4!")


def test_after_a_kill_the_next_start_shows_what_there_was_and_what_to_do(tmp_path: Path) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path)) as terminal:
        streaming(terminal)
        terminal.type("half a thought")
        terminal.until("half a thought")
        database = next(tmp_path.rglob("conversations.db"))
        terminal.until(lambda _: _has_draft(database))
        terminal.process.kill()
    with Terminal((*COMMAND, "-c"), environment=clean_environment(tmp_path)) as terminal:
        terminal.until(lambda text: "Interrupted" in text and "F2" in text)
        terminal.until("half a thought")


def test_escape_stops_and_the_kitty_protocol_and_plain_bytes_both_reach_the_prompt(tmp_path: Path) -> None:
    with Terminal(COMMAND, environment=clean_environment(tmp_path)) as terminal:
        streaming(terminal)
        terminal.type("\x1b")
        terminal.until("Stopped.")
        terminal.type("one\ntwo\x1b[13;2uthree\x1b[13;3ufour")
        terminal.until("four")
        for line in ("one", "two", "three", "four"):
            assert any(row.strip(" ▌") == line for row in terminal.text.splitlines())


def test_open_opens_at_the_match_and_reports_when_nothing_matches(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, TUI_CHAT_DEMO_PACE="0")
    for prompt in ("code", "table", "unicode"):
        subprocess.run(
            [*COMMAND[:-1], "ask", "-m", "demo/tour", prompt], cwd=ROOT, env=environment, capture_output=True
        )
    with Terminal((*COMMAND[:-1], "open", "--demo", "rate", "limiter"), environment=environment) as terminal:
        terminal.until(lambda text: "rate limiter" in text and "1 of" in text)
        terminal.type("\x11")
        assert terminal.wait(patience_s=10) == 0
    with Terminal((*COMMAND[:-1], "open", "nobody ever said this"), environment=environment) as terminal:
        assert terminal.wait(patience_s=10) != 0
        assert "no title or message matches" in terminal.text and "Traceback" not in terminal.text


@pytest.mark.parametrize("obstacle", ["a directory", "a link", "a foreign file", "no folder can be made"])
def test_where_the_database_cannot_be_opened_one_can_chat_and_sees_that_nothing_is_saved(
    obstacle: str, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    database = folder / "conversations.db"
    if obstacle == "a directory":
        database.mkdir()
    elif obstacle == "a link":
        database.symlink_to(tmp_path / "elsewhere.db")
    elif obstacle == "a foreign file":
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE theirs (x)")
            connection.execute("PRAGMA application_id = 12345")
    else:
        (tmp_path / "file").write_text("in the way")
        folder = tmp_path / "file" / "data"
    before = database.read_bytes() if database.is_file() else b""
    environment = clean_environment(tmp_path, TUI_CHAT_DEMO_PACE="0")
    with Terminal((*COMMAND, "--data-dir", str(folder)), environment=environment) as terminal:
        terminal.until(lambda text: "New messages are lost when you quit" in text and "NOT SAVED" in text)
        terminal.type("hello\r")
        terminal.until(lambda text: "real model" in text and "NOT SAVED" in text)
        terminal.type("\x11")
        assert terminal.wait(patience_s=10) == 0
        assert "Traceback" not in terminal.text
    assert (database.read_bytes() if database.is_file() else b"") == before
    asked = subprocess.run(
        [*COMMAND[:-1], "--data-dir", str(folder), "ask", "-m", "demo/tour", "hello"],
        cwd=ROOT, env=environment, capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert asked.returncode == 5 and not asked.stdout and b"Traceback" not in asked.stderr


def test_a_database_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    database = tmp_path / "conversations.db"
    subprocess.run(
        [*COMMAND[:-1], "--data-dir", str(tmp_path), "ask", "-m", "demo/tour", "hello"],
        cwd=ROOT, env=clean_environment(tmp_path, TUI_CHAT_DEMO_PACE="0"), stdin=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = database.read_bytes()
    with Terminal((*COMMAND, "--data-dir", str(tmp_path)), environment=clean_environment(tmp_path)) as terminal:
        assert terminal.wait(patience_s=10) == 5
        assert "newer tui-chat" in terminal.text
    assert database.read_bytes() == before


def test_without_a_terminal_it_reports_what_to_use(tmp_path: Path) -> None:
    done = subprocess.run(
        COMMAND, cwd=ROOT, env=clean_environment(tmp_path), stdin=subprocess.DEVNULL, capture_output=True
    )
    assert done.returncode == 2 and b"tui-chat ask" in done.stderr

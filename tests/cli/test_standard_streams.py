"""Streams that are closed, full or left by their reader: a sentence, its exit code, and nothing half lost."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Done, Shell
from tests.support.environment import ROOT

CLOSED, FULL = ">&-", ">/dev/full"
needs_full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
pytestmark = pytest.mark.slow


def called(shell: Shell, line: str, streams: str) -> Done:
    """Call the program from sh with its streams as they are written there."""
    command = f"{' '.join(COMMAND)} {line} {streams}"
    done = subprocess.run(
        ["sh", "-c", command], cwd=ROOT, env=shell.environment(), capture_output=True, text=True, timeout=60
    )
    return Done(done.returncode, done.stdout, done.stderr)


@needs_full_device
@pytest.mark.parametrize("streams", [CLOSED, FULL])
@pytest.mark.parametrize(
    "line",
    ["list", "list --json", "show ID", "export --all", "stats", "models", "--help", "--version", "config show"],
)
def test_stdout_that_takes_nothing_is_no_fault_of_ours(line: str, streams: str, shell: Shell) -> None:
    shell("ask", "--demo", "code")
    done = called(shell, line.replace("ID", shell.only_conversation()["id"]), streams)
    assert done.code == 2
    assert done.err.startswith("tui-chat: The output cannot be written.\n  standard output: ")
    assert "Internal error" not in done.err and "Traceback" not in done.err and "Exception" not in done.err


@needs_full_device
@pytest.mark.parametrize("streams", [CLOSED, FULL, f"{CLOSED} 2>&-", f"{FULL} 2>&1", f"{CLOSED} 2>&- <&-"])
@pytest.mark.parametrize("flag", ["", "--jsonl"])
def test_ask_saves_the_whole_reply_where_stdout_takes_nothing(streams: str, flag: str, shell: Shell) -> None:
    expected = shell("ask", "--demo", "--no-save", "table").out
    done = called(shell, f"ask --demo {flag} table", f"{'' if '<' in streams else '</dev/null'} {streams}")
    assert (done.code, done.out) == (2, "")
    prompt, reply = shell.only_conversation()["turns"]
    assert prompt["parts"][0]["text"] == "table"
    assert reply["status"] == "complete" and reply["parts"][0]["text"].strip() == expected.strip()


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full"])
def test_what_cannot_be_written_to_stderr_is_not_printed_elsewhere(streams: str, shell: Shell) -> None:
    for line, code in (("show nothing-like-it", 2), ("list --bogus", 2), ("list", 0)):
        done = called(shell, line, streams)
        assert done.code == code and not done.err
        assert "tui-chat: " not in done.out and "Error" not in done.out


def test_the_app_without_stdin_reports_that_it_needs_a_terminal(shell: Shell) -> None:
    done = called(shell, "", "<&-")
    assert done.code == 2 and "needs a terminal" in done.err


def test_a_command_whose_reader_left_ends_with_141(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*COMMAND, "list"], cwd=ROOT, env=shell.environment(), stdout=writer, stderr=subprocess.PIPE, timeout=60
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_no_file_takes_the_place_of_a_closed_stream(shell: Shell) -> None:
    """What is printed to a number that a database has would be written into the database."""
    shell("ask", "--demo", "code")
    for _ in range(3):
        called(shell, "ask --demo table", ">&- 2>&- <&-")
    assert called(shell, "doctor", "").code in (0, 3)
    assert shell("list").out.count("\n") == 4

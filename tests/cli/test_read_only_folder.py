"""Commands where the data folder is on a file system that cannot be written to."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Done, Shell
from tests.support.environment import ROOT
from tui_chat.cli.exit_codes import STORAGE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs root and unshare"),
]


def read_only(shell: Shell, folder: Path, *words: str) -> Done:
    """Call the program in a mount namespace in which the folder is read-only."""
    place = shlex.quote(str(folder))
    script = (
        f"mount --bind {place} {place} && mount -o remount,ro,bind {place} && exec {shlex.join([*COMMAND, *words])}"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        cwd=ROOT,
        env=shell.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "mount:" in done.stderr or "unshare:" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()}")
    return Done(done.returncode, done.stdout, done.stderr)


def test_a_list_is_printed_without_a_word_about_saving_and_ask_answers_but_reports_it(shell: Shell) -> None:
    shell("ask", "--demo", "hello there")
    (path,) = shell.home.rglob("conversations.db")
    listed = read_only(shell, path.parent, "list")
    assert listed.code == 0 and "hello there" in listed.out and not listed.err
    asked = read_only(shell, path.parent, "ask", "--demo", "hi")
    assert "demo model" in asked.out
    assert asked.code == STORAGE and "new messages are not saved" in asked.err
    assert len(shell("list").out.splitlines()) == 1

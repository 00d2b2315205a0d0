"""The app in a terminal while sync is set up in another one, and while its sync process is killed."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.support.pty_terminal import Terminal
from tests.sync.computers import Computer, canonical
from tui_chat.storage.private_files import DATABASE
from tui_chat.sync.process import is_running

pytestmark = [pytest.mark.real, pytest.mark.slow]
START = [sys.executable, "-m", "tui_chat"]


def sync_processes(app: Terminal) -> list[int]:
    """Return the sync processes that the app has started."""
    found = []
    for task in Path(f"/proc/{app.process.pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if b"--follow" in Path(f"/proc/{child}/cmdline").read_bytes():
                found.append(int(child))
    return found


def send(app: Terminal, text: str) -> None:
    """Type a prompt and send it."""
    app.type(text)
    app.until(text)
    app.read(0.2)  # Enter that comes with the text is a new line, as in a paste
    app.type("\r")


@pytest.mark.skipif(sys.platform != "linux", reason="looks for the process in /proc")
def test_app_notices_a_setup_elsewhere_and_starts_a_killed_process_again(tmp_path: Path, database: str) -> None:
    laptop, workstation = Computer(tmp_path / "laptop"), Computer(tmp_path / "workstation")
    with Terminal(START, environment=laptop.environment, size=(150, 30)) as app:
        app.until("Ctrl+O library")
        send(app, "hello")
        app.until(lambda _: len(laptop.export()) == 1)
        assert "sync" not in app.text
        laptop.run("sync", "init", database)
        app.until("  synced  ")
        app.until(lambda _: is_running(laptop.data / DATABASE))
        workstation.run("sync", "join", database, "--key", "-", stdin=laptop.run("sync", "key"))
        (first,) = sync_processes(app)
        os.kill(first, signal.SIGKILL)
        app.until("sync stopped, starts again at ")
        app.until(lambda _: bool(sync_processes(app)) and is_running(laptop.data / DATABASE))
        app.until("  synced  ")
        send(app, "and again")
        app.until(lambda _: "and again" in str(canonical(laptop)))
        app.until(lambda _: laptop.run("sync", "status", "--json").find('"to_send": 0') > 0)
        workstation.run("sync")
        assert canonical(workstation) == canonical(laptop) and "and again" in str(canonical(workstation))
        laptop.run("sync", "leave")
        app.until(lambda text: "sync" not in text)
        app.until(lambda _: not is_running(laptop.data / DATABASE))

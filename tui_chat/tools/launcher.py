"""Run one command and leave none of its processes behind. A program of its own that needs the standard library only.

Its stdin is a lifeline: when that closes, because the caller closed it or died, the command is ended with everything
it started, also what left its process group. With `--follow-parent` the command gets stdin itself, such as an MCP
server; then it is ended when the caller dies or sends SIGTERM, or when it prints a line that is too long. With
`--confine FOLDER` it can write only below that folder and in a temporary one.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

GRACE_S = 1.0
"""From the polite signal to the one that cannot be ignored."""
_PR_SET_CHILD_SUBREAPER = 36
_LONGEST_CLEANING_S = 3.0


MAX_LINE_BYTES = 20_000_000
"""Of a server's output; a longer line would only fill the memory of the caller."""
_FOLLOW = "--follow-parent"
_CONFINE = "--confine"
_must_end = threading.Event()


def main(command: list[str]) -> int:
    """Run the command; return its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: _must_end.set())
    _adopt_orphans()
    if command[:1] == [_CONFINE]:
        with tempfile.TemporaryDirectory(prefix="tui-chat-", ignore_cleanup_errors=True) as temporary:
            os.environ["TMPDIR"] = temporary
            confine = [
                sys.executable,
                "-I",
                str(Path(__file__).with_name("landlock.py")),
                command[1],
                temporary,
                "--",
            ]
            return _run([*confine, *command[2:]])
    return _run(command)


def _run(command: list[str]) -> int:
    follows = command[:1] == [_FOLLOW]
    parent = os.getppid()
    try:
        if follows:
            command = command[1:]
            child = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
            threading.Thread(target=_pass_on, args=[child], daemon=True).start()
        else:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        output = sys.stderr if follows else sys.stdout
        output.write(f"{command[0]} cannot be run: {error.strerror}\n")
        return 127
    is_cut = _wait_with(child, parent) if follows else _wait(child)
    if is_cut:
        _signal_all(child, signal.SIGTERM)
        _wait_for_end(child, GRACE_S)
    _kill_all(child)
    code = child.wait()
    return 128 - code if code < 0 else code


def _pass_on(child: "subprocess.Popen[bytes]") -> None:
    """Pass the output on as it is; a line without end ends the command."""
    assert child.stdout is not None
    length = 0
    while data := os.read(child.stdout.fileno(), 65_536):
        end = data.rfind(b"\n")
        length = length + len(data) if end < 0 else len(data) - end - 1
        if length > MAX_LINE_BYTES:
            sys.stderr.write("the server printed a line that is too long\n")
            break
        with contextlib.suppress(OSError):
            view = memoryview(data)
            while view:
                view = view[os.write(1, view) :]
            continue
        break
    _must_end.set()


def _wait_with(child: "subprocess.Popen[bytes]", parent: int) -> bool:
    """Wait for the end of the command; return whether the caller ended first, or wants an end."""
    while child.poll() is None:
        if os.getppid() != parent or _must_end.wait(0.1):
            return True
    return False


def _wait(child: "subprocess.Popen[bytes]") -> bool:
    """Wait for the end of the command; return whether the lifeline was cut first."""
    while child.poll() is None:
        if _must_end.is_set():
            return True
        with contextlib.suppress(OSError, ValueError):
            readable, _, _ = select.select([0], [], [], 0.05)
            if readable and not os.read(0, 4096):
                return True
    return False


def _wait_for_end(child: "subprocess.Popen[bytes]", limit_s: float) -> None:
    until_s = time.monotonic() + limit_s
    while time.monotonic() < until_s and (child.poll() is None or _descendants(os.getpid())):
        _reap(child)
        time.sleep(0.02)


def _kill_all(child: "subprocess.Popen[bytes]") -> None:
    """Kill until nothing is left: a process may start another while it is being killed."""
    until_s = time.monotonic() + _LONGEST_CLEANING_S
    while time.monotonic() < until_s:
        _signal_all(child, signal.SIGKILL)
        child.poll()
        _reap(child)
        if child.returncode is not None and not _descendants(os.getpid()):
            return
        time.sleep(0.01)


def _signal_all(child: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(OSError):
        if child.pid > 1 and child.pid != os.getpgrp():
            os.killpg(child.pid, number)
    for pid in _descendants(os.getpid()):
        with contextlib.suppress(OSError):
            os.kill(pid, number)


def _reap(child: "subprocess.Popen[bytes]") -> None:
    """Collect adopted processes that have ended; the command itself is left to `Popen`."""
    for pid in _descendants(os.getpid()):
        if pid != child.pid:
            with contextlib.suppress(OSError):
                os.waitpid(pid, os.WNOHANG)


def _descendants(pid: int) -> list[int]:
    """Return all processes below one that are not dead; none where there is no /proc."""
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        for child in _children(parent):
            found.append(child)
            waiting.append(child)
    return found


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except (OSError, ValueError):
        return []


def _adopt_orphans() -> None:
    """Become the parent of processes whose own parent has ended, so that they can be found."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

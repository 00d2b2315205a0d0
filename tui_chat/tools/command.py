"""Run shell commands through the launcher: own process group, no input, bounded output, nothing left behind."""

import asyncio
import os
import shutil
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal

from tui_chat.core.part import ToolStatus
from tui_chat.core.tool import ToolOutcome
from tui_chat.core.tool_text import plain_output
from tui_chat.tools import landlock

Sandbox = Literal["auto", "off"]
DEFAULT_LIMIT_S = 120
MAX_LIMIT_S = 600
_LAUNCHER = Path(__file__).with_name("launcher.py")
_KEPT_BYTES = 100_000
"""Of the start and of the end of an output."""
_TAIL_CHARACTERS = 2_000
_REPORT_INTERVAL_S = 0.1
_PIECE = 65_536
_LONGEST_END_S = 1.8
"""For a command that is stopped, within the time that the end of a reply has."""
SECRET_NAMES = ("KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL")
"""Parts of the names of variables that hold secrets."""
_QUIET = {
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "DEBIAN_FRONTEND": "noninteractive",
}


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of commands: without what is named like a secret, and without colours and pagers."""
    kept = {name: value for name, value in environ.items() if not any(word in name.upper() for word in SECRET_NAMES)}
    return kept | _QUIET


class CommandRunner:
    def __init__(self, root: Path, sandbox: Sandbox = "auto") -> None:
        self._root = root
        self._sandbox = sandbox
        self._has_bubblewrap: bool | None = None

    async def confinement(self) -> str:
        """Return what confines a command, in words for the user."""
        if await self._uses_bubblewrap():
            return f"sandbox: bubblewrap; it can write below {self._root} and in a private /tmp, and use the network"
        if self._uses_landlock:
            return (
                f"sandbox: Landlock; it can write below {self._root} and in a temporary folder, and use the network"
            )
        return "sandbox: none; it can do whatever you can"

    async def run(self, command: str, limit_s: float, report: Callable[[str], None]) -> ToolOutcome:
        """Run a command and return its output; a cancelled one has ended when this raises."""
        argv = [sys.executable, "-I", str(_LAUNCHER), *await self._prefix(), *_shell(command)]
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=self._root,
            env=clean_environment(os.environ),
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
        )
        output = _Output(report)
        is_late = False
        try:
            async with asyncio.timeout(limit_s):
                await _read(process, output)
                await process.wait()
        except TimeoutError:
            is_late = True
        finally:
            await _end(process)
        if is_late:
            return ToolOutcome(f"{output.text}\n[Stopped after {limit_s:g} s.]", ToolStatus.TIMED_OUT)
        code = process.returncode or 0
        note = "" if code == 0 else f"\n[Exit code {code}.]"
        return ToolOutcome(output.text + note, ToolStatus.DONE if code == 0 else ToolStatus.FAILED)

    async def _prefix(self) -> list[str]:
        if not await self._uses_bubblewrap():
            return ["--confine", str(self._root)] if self._uses_landlock else []
        root = str(self._root)
        return [*_BUBBLEWRAP, "--bind", root, root, "--chdir", root, "--"]

    @property
    def _uses_landlock(self) -> bool:
        """Whether the kernel can confine a command, for where there is no bubblewrap."""
        return self._sandbox == "auto" and landlock.version() > 0

    async def _uses_bubblewrap(self) -> bool:
        """Return whether bubblewrap is there and works: a setting alone proves nothing."""
        if self._has_bubblewrap is None:
            self._has_bubblewrap = self._sandbox == "auto" and await _bubblewrap_works()
        return self._has_bubblewrap


_BUBBLEWRAP = [
    *("bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"),
    *("--unshare-pid", "--unshare-ipc", "--die-with-parent", "--new-session"),
]


async def _bubblewrap_works() -> bool:
    if shutil.which("bwrap") is None:
        return False
    try:
        probe = await asyncio.create_subprocess_exec(
            *_BUBBLEWRAP, "--", "true", stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL
        )
        async with asyncio.timeout(5):
            return await probe.wait() == 0
    except (OSError, TimeoutError):
        return False


def _shell(command: str) -> list[str]:
    return ["cmd", "/c", command] if os.name == "nt" else ["/bin/sh", "-c", command]


async def _read(process: asyncio.subprocess.Process, output: "_Output") -> None:
    assert process.stdout is not None
    while data := await process.stdout.read(_PIECE):
        output.add(data)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Cut the lifeline and wait until the launcher has ended everything; also when this task is being cancelled."""
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is not None:
        return
    waiting = asyncio.ensure_future(_drained(process))
    until_s = time.monotonic() + _LONGEST_END_S
    while not waiting.done() and time.monotonic() < until_s:
        with suppress(asyncio.CancelledError):
            await asyncio.wait({waiting}, timeout=until_s - time.monotonic())
    # What is left is ended by the launcher, which lives until then.


async def _drained(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    while await process.stdout.read(_PIECE):
        pass
    await process.wait()


class _Output:
    """The start and the end of what a command prints, and its last lines from time to time."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._head = bytearray()
        self._tail = bytearray()
        self._left_out = 0
        self._reported_s = 0.0

    def add(self, data: bytes) -> None:
        room = _KEPT_BYTES - len(self._head)
        self._head += data[:room] if room > 0 else b""
        self._tail += data[max(room, 0) :]
        if len(self._tail) > 2 * _KEPT_BYTES:
            self._left_out += len(self._tail) - _KEPT_BYTES
            del self._tail[:-_KEPT_BYTES]
        now_s = time.monotonic()
        if now_s - self._reported_s >= _REPORT_INTERVAL_S:
            self._reported_s = now_s
            self._report(self.last_lines)

    @property
    def last_lines(self) -> str:
        """The end of the output, as plain text."""
        recent = bytes((self._tail or self._head)[-2 * _TAIL_CHARACTERS :])
        return plain_output(recent.decode("utf-8", "replace"))[-_TAIL_CHARACTERS:].rstrip("\n")

    @property
    def text(self) -> str:
        """The output; the middle of a very long one is left out."""
        note = f"\n[… {self._left_out:,} bytes left out here …]\n".encode() if self._left_out else b""
        return bytes(self._head + note + self._tail).decode("utf-8", "replace").rstrip("\n")

"""Reads an image from the clipboard with a system tool; each failure gives the reason and what to do instead."""

import asyncio
import os
import shutil
import signal
import sys
import time
from base64 import b64decode
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from tempfile import TemporaryDirectory, TemporaryFile
from threading import Timer

from tui_chat.core.clean import clean_line
from tui_chat.ui.terminal.ssh import is_over_ssh

IMAGE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
"""What models take, the best first."""
MOST_BYTES = 20_000_000
PATIENCE_S = 5.0
_SLOW_PATIENCE_S = 15.0
"""For PowerShell, which takes seconds to start."""
_INSTEAD = "Save the image and drop the file here, or use /attach."
_POWERSHELL = (
    "Add-Type -AssemblyName System.Windows.Forms,System.Drawing;"
    "$i=[Windows.Forms.Clipboard]::GetImage();"
    "if($i){$m=New-Object IO.MemoryStream;$i.Save($m,[Drawing.Imaging.ImageFormat]::Png);"
    "[Convert]::ToBase64String($m.ToArray())}"
)
_OSASCRIPT = (
    "set f to open for access POSIX file {path} with write permission",
    "write (the clipboard as «class PNGf») to f",
    "close access f",
)


class NoClipboardImage(Exception):
    """No image could be read; the message is a sentence with the reason, and the next step."""


class NoClipboardTool(NoClipboardImage):
    """No tool here can read the clipboard; the terminal may."""


async def read_image(environ: Mapping[str, str]) -> bytes:
    if is_over_ssh(environ):
        raise NoClipboardTool(
            f"Over SSH only the terminal knows the clipboard, and this one does not give it. {_INSTEAD}"
        )
    if environ.get("WSL_DISTRO_NAME") and (tool := shutil.which("powershell.exe")):
        return await _by_powershell(tool)
    if environ.get("WAYLAND_DISPLAY") and (tool := shutil.which("wl-paste")):
        return await _by_type([tool, "--list-types"], [tool, "--no-newline", "--type"])
    if environ.get("DISPLAY") and (tool := shutil.which("xclip")):
        base = [tool, "-selection", "clipboard", "-o", "-t"]
        return await _by_type([*base, "TARGETS"], base)
    if sys.platform == "darwin":
        return await _on_macos()
    raise NoClipboardTool(_what_to_install(environ))


def _what_to_install(environ: Mapping[str, str]) -> str:
    if environ.get("WAYLAND_DISPLAY"):
        return f"The clipboard needs wl-paste: install wl-clipboard. {_INSTEAD}"
    if environ.get("DISPLAY"):
        return f"The clipboard needs xclip: install it. {_INSTEAD}"
    if environ.get("WSL_DISTRO_NAME"):
        return f"The clipboard needs powershell.exe, which is not on the PATH. {_INSTEAD}"
    return f"There is no clipboard here: neither WAYLAND_DISPLAY nor DISPLAY is set. {_INSTEAD}"


async def _by_type(list_types: Sequence[str], read: Sequence[str]) -> bytes:
    """Ask which types the clipboard has, then for the best image."""
    types = (await _output(list_types)).decode("utf-8", "replace").split()
    wanted = next((kind for kind in IMAGE_TYPES if kind in types), None)
    if wanted is None:
        raise NoClipboardImage(_no_image(types))
    return _some(await _output([*read, wanted]))


def _no_image(types: Sequence[str]) -> str:
    """Return that there is no image, and what there is instead."""
    if other := next((kind for kind in types if kind.startswith("image/")), None):
        kind = clean_line(other)[:40]
        return f"The clipboard holds an image of type {kind}, which models do not take. Copy it as PNG."
    held = "text" if any("text" in kind.lower() or "STRING" in kind for kind in types) else ""
    return f"The clipboard holds {held or 'nothing'}, no image. Copy an image first. {_INSTEAD}"


async def _by_powershell(tool: str) -> bytes:
    command = [tool, "-NoProfile", "-NonInteractive", "-STA", "-Command", _POWERSHELL]
    encoded = await _output(command, patience_s=_SLOW_PATIENCE_S, most=MOST_BYTES * 4 // 3 + 1000)
    with suppress(ValueError):
        return _some(b64decode(b"".join(encoded.split()), validate=True))
    raise NoClipboardImage(f"PowerShell gave no image. {_INSTEAD}")


async def _on_macos() -> bytes:
    if tool := shutil.which("pngpaste"):
        return _some(await _output([tool, "-"]))
    with TemporaryDirectory(prefix="tui-chat-") as folder:
        path = Path(folder) / "clipboard.png"
        lines = [word for line in _OSASCRIPT for word in ("-e", line.format(path=f'"{path}"'))]
        await _output(["osascript", *lines])
        return _some(path.read_bytes() if path.exists() else b"")


def _some(data: bytes) -> bytes:
    if not data:
        raise NoClipboardImage(_no_image(()))
    return data


async def _output(command: Sequence[str], *, patience_s: float = PATIENCE_S, most: int = MOST_BYTES) -> bytes:
    return await asyncio.to_thread(_run, command, patience_s, most)


def _run(command: Sequence[str], patience_s: float, most: int) -> bytes:
    name = command[0].rpartition("/")[2]
    until_s = time.monotonic() + patience_s
    with TemporaryFile() as complaints:
        try:
            process = Popen(command, stdin=DEVNULL, stdout=PIPE, stderr=complaints, start_new_session=True)
        except OSError as error:
            raise NoClipboardImage(f"{name} could not be started: {error.strerror}. {_INSTEAD}") from error
        timer = Timer(patience_s, _kill, [process])
        with process:
            assert process.stdout is not None
            timer.start()
            try:
                data = process.stdout.read(most + 1)
                if len(data) <= most:
                    process.wait()
            finally:
                timer.cancel()
                _kill(process)
        complaints.seek(0)
        problem = complaints.read(1000)
    if len(data) > most:
        raise NoClipboardImage(f"The image in the clipboard is larger than {MOST_BYTES // 1_000_000} MB.")
    if process.returncode == 0:
        return data
    if time.monotonic() >= until_s:
        raise NoClipboardImage(f"{name} did not answer within {patience_s:.0f} s. {_INSTEAD}")
    raise NoClipboardImage(_why(name, problem))


def _kill(process: "Popen[bytes]") -> None:
    """End a tool with all that it started, which may hold its output open."""
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def _why(name: str, problem: bytes) -> str:
    message = clean_line(problem.decode("utf-8", "replace")).rstrip(".")[:200]
    if (
        not message
        or "not available" in message
        or "No selection" in message
        or "Nothing is copied" in message
        or "PNGf" in message
    ):
        return _no_image(())
    return f"{name} failed: {message}. {_INSTEAD}"

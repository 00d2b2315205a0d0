"""Copies to the clipboard with a system tool, if there is one, and with the terminal's OSC 52 sequence. Reports only
what is known to have happened."""

import asyncio
import base64
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping

from tui_chat.ui.terminal.ssh import is_over_ssh

_TOOLS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("wl-copy", (), "WAYLAND_DISPLAY"),
    ("xclip", ("-selection", "clipboard"), "DISPLAY"),
    ("xsel", ("--clipboard", "--input"), "DISPLAY"),
    ("pbcopy", (), ""),
    ("clip.exe", (), ""),
)
_PATIENCE_S = 2.0
LARGEST_FOR_TERMINAL = 74_994
"""Bytes that every terminal accepts in one sequence."""


def tool(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the command that copies its input, if it can work: not over SSH, and with its display."""
    if is_over_ssh(environ):
        return None
    for name, options, needs in _TOOLS:
        if (not needs or environ.get(needs)) and (found := shutil.which(name)):
            return (found, *options)
    return None


_HTML_TOOLS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("wl-copy", ("wl-copy", "--type", "text/html"), "WAYLAND_DISPLAY"),
    ("xclip", ("xclip", "-selection", "clipboard", "-t", "text/html"), "DISPLAY"),
    ("textutil", ("sh", "-c", "textutil -stdin -format html -convert rtf -stdout | pbcopy"), ""),
)


def html_tool(environ: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the command that copies HTML as formatted text, if there is one that can work."""
    if is_over_ssh(environ):
        return None
    for name, command, needs in _HTML_TOOLS:
        if (not needs or environ.get(needs)) and shutil.which(name):
            return command
    return None


def installed_tool() -> str | None:
    """Return the name of the first clipboard tool on the path, whether or not it can work here."""
    return next((name for name, _, _ in _TOOLS if shutil.which(name)), None)


def sequence(text: str, environ: Mapping[str, str]) -> str:
    """Return the sequence that makes a terminal copy the text, wrapped so that tmux and screen pass it on."""
    plain = f"\x1b]52;c;{base64.b64encode(text.encode('utf-8', 'replace')).decode()}\x07"
    if "TMUX" in environ:
        escaped = plain.replace("\x1b", "\x1b\x1b")
        return f"{plain}\x1bPtmux;{escaped}\x1b\\"
    return f"\x1bP{plain}\x1b\\" if environ.get("TERM", "").startswith("screen") else plain


async def run_tool(command: tuple[str, ...], text: str) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL)
        async with asyncio.timeout(_PATIENCE_S):
            await process.communicate(text.encode("utf-8", "replace"))
    except (OSError, TimeoutError):
        return False
    return process.returncode == 0


def sentence(what: str, lines: int, *, by_tool: bool, by_terminal: bool) -> str:
    size = f"{lines:,} {'line' if lines == 1 else 'lines'}"
    if by_tool:
        return f"Copied the {what} ({size})."
    if by_terminal:
        return f"Sent the {what} ({size}) to the terminal's clipboard; not every terminal supports it."
    return f"The {what} is too long for the terminal's clipboard, and no clipboard tool was found. `w` saves it."

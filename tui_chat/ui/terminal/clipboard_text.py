"""Reads text from the clipboard with a system tool; a failure gives the reason."""

import shutil
import subprocess
import sys
from collections.abc import Mapping

from tui_chat.ui.terminal.ssh import is_over_ssh

_PATIENCE_S = 5.0
_MOST_BYTES = 20_000_000


class NoClipboardText(Exception):
    """No text could be read; the message is a sentence."""


def read_text(environ: Mapping[str, str]) -> str:
    """Return the text in the clipboard of this machine; waits for the tool."""
    command = _command(environ)
    if command is None:
        raise NoClipboardText("No tool here reads the clipboard: install wl-clipboard or xclip.")
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        raise NoClipboardText(f"{command[0]} did not read the clipboard.") from None
    if done.returncode or not done.stdout.strip():
        raise NoClipboardText("There is no text in the clipboard.")
    return done.stdout[:_MOST_BYTES].decode("utf-8", "replace")


def _command(environ: Mapping[str, str]) -> list[str] | None:
    if is_over_ssh(environ):
        raise NoClipboardText("Over SSH the clipboard of your machine cannot be read.")
    if environ.get("WAYLAND_DISPLAY") and (tool := shutil.which("wl-paste")):
        return [tool, "--no-newline"]
    if environ.get("DISPLAY") and (tool := shutil.which("xclip")):
        return [tool, "-selection", "clipboard", "-o"]
    if environ.get("DISPLAY") and (tool := shutil.which("xsel")):
        return [tool, "--clipboard", "--output"]
    if sys.platform == "darwin" and (tool := shutil.which("pbpaste")):
        return [tool]
    if environ.get("WSL_DISTRO_NAME") and (tool := shutil.which("powershell.exe")):
        return [tool, "-NoProfile", "-Command", "Get-Clipboard -Raw"]
    return None

"""The user's own editor on a text, and back. Knows no widget; the app must have let go of the terminal."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path


class EditorFailed(Exception):
    """The editor gave nothing back; the message is a sentence."""


def edited(text: str, environ: Mapping[str, str]) -> str:
    """The text as the editor leaves it. Raises `EditorFailed` and changes nothing where that is not to be had."""
    command = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    handle, name = tempfile.mkstemp(prefix="tui-chat-", suffix=".md")
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        try:
            code = subprocess.run([*shlex.split(command), name], env=dict(environ)).returncode
        except (OSError, ValueError) as error:
            raise EditorFailed(f"The editor {command!r} could not be started: {error}.") from error
        if code != 0:
            how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
            raise EditorFailed(f"The editor {how}; the prompt is as it was.")
        try:
            return path.read_text(encoding="utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise EditorFailed("The editor left nothing that can be read; the prompt is as it was.") from error
    finally:
        path.unlink(missing_ok=True)

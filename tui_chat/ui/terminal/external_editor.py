"""Runs the user's editor on a text or a file. The terminal is restored, whatever the editor does."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

from textual.app import App, SuspendNotSupported

from tui_chat.core.editor import editor_command

_AS_FOUND = "\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[?1l\x1b>\x1b[?7h\x1b[?25h\x1b[0m"
"""Undoes what an editor may leave on: another screen, the mouse, bracketed paste, application keys, hidden cursor."""


class EditorFailed(Exception):
    """The editor failed; the message is a sentence."""


def command_of(environ: Mapping[str, str]) -> list[str]:
    """Return the command of the user's editor. Raises `EditorFailed` for one that cannot be parsed."""
    try:
        return editor_command(environ)
    except ValueError as error:
        sentence = str(error)
        raise EditorFailed(f"{sentence[:1].upper()}{sentence[1:]}.") from error


async def edited(app: App[Any], text: str, environ: Mapping[str, str]) -> str:
    """Return the edited text. Raise `EditorFailed` if there is none."""
    command = command_of(environ)
    with _file_of(text) as path:
        await run(app, [*command, str(path)], environ)
        return _left_in(path, text)


@contextmanager
def _file_of(text: str) -> Iterator[Path]:
    """Make a private temporary file."""
    handle, name = tempfile.mkstemp(prefix="tui-chat-", suffix=".md")
    path = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _left_in(path: Path, text: str) -> str:
    try:
        left = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise EditorFailed("The editor left no readable file; the prompt is unchanged.") from error
    return text if left == text else left.removesuffix("\n")


async def run(app: App[Any], command: Sequence[str], environ: Mapping[str, str]) -> None:
    """Give the terminal to a program until it ends; replies keep streaming."""
    if app.no_color:
        environ = {**environ, "NO_COLOR": "1"}
    failed = ""
    try:
        with _interrupts_ignored(), app.suspend(), _kept_terminal():
            # An exception here would keep the app from taking the terminal back.
            failed = await _failure_of(command, environ)
    except SuspendNotSupported as error:
        raise EditorFailed("No editor can run here: the app cannot be suspended.") from error
    if failed:
        raise EditorFailed(failed)


async def _failure_of(command: Sequence[str], environ: Mapping[str, str]) -> str:
    """Run a program to its end. Return what went wrong as a sentence."""
    try:
        process = await asyncio.create_subprocess_exec(*command, env=dict(environ))
    except OSError as error:
        return f"The editor {command[0]!r} could not be started: {error.strerror}."
    try:
        code = await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
    if code == 0:
        return ""
    how = f"was killed by signal {-code}" if code < 0 else f"exited with code {code}"
    return f"The editor {how}; nothing was changed."


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore the interrupt keys, which are signals as soon as the app releases the terminal."""

    def ignored(number: int, frame: FrameType | None) -> None:
        """Not `SIG_IGN`, which the editor would inherit."""

    keys = [signal.SIGINT] if sys.platform == "win32" else [signal.SIGINT, signal.SIGQUIT]
    before = {number: signal.signal(number, ignored) for number in keys}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _kept_terminal() -> Iterator[None]:
    """Restore the terminal's modes afterwards."""
    modes = _modes()
    try:
        yield
    finally:
        _let_output_flow(modes)
        if sys.__stdout__ is not None:
            with suppress(OSError, ValueError):
                sys.__stdout__.write(_AS_FOUND)
                sys.__stdout__.flush()
        _set_modes(modes)


def _modes() -> list[Any] | None:
    if sys.platform == "win32":
        return None
    import termios

    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None


def _set_modes(modes: list[Any] | None) -> None:
    if sys.platform == "win32" or modes is None:
        return
    import termios

    with suppress(termios.error):
        termios.tcsetattr(0, termios.TCSANOW, modes)


def _let_output_flow(modes: list[Any] | None) -> None:
    """Restart output that Ctrl+S has stopped, and take that key from the terminal while the app writes to it."""
    if sys.platform == "win32" or modes is None:
        return
    import termios

    input_modes, *rest = modes
    _set_modes([input_modes & ~termios.IXON, *rest])
    with suppress(termios.error):
        termios.tcflow(0, termios.TCOOFF)
        termios.tcflow(0, termios.TCOON)

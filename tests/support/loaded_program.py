"""Calls of the program that do not pay for its imports: each is forked from a process that has loaded them.

Most of a short command's time is importing, and the command-line tests call hundreds of short commands. A call is
still a process with its own arguments, environment and streams. A test of how Python itself starts uses `COMMAND`.
"""

import os
import sys
import time
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.environment import ROOT

_FORKING = get_context("forkserver")
_FORKING.set_forkserver_preload(
    [
        __name__,
        "genai_prices",
        "tui_chat.cli.app",
        "tui_chat.cli.commands.ask",
        "tui_chat.cli.conversation_table",
        "tui_chat.cli.main",
        "tui_chat.cli.reply_output",
        "tui_chat.cli.store_access",
        "tui_chat.providers.demo.provider",
        "tui_chat.providers.openai.provider",
        "tui_chat.service.import_export",
        "tui_chat.settings.load",
        "tui_chat.wiring",
    ]
)


def call_program(
    words: Sequence[str], environment: Mapping[str, str], stdin: bytes | None = None, cwd: Path = ROOT
) -> tuple[int, bytes, bytes]:
    """Call the program and return its exit code, stdout and stderr; without stdin it gets /dev/null."""
    with TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = _FORKING.Process(target=_run, args=(list(words), dict(environment), stdin, cwd, (out, err)))
        process.start()
        process.join(60)
        if (code := process.exitcode) is None:
            process.kill()
            raise TimeoutError(f"did not end: {words}")
        return code, out.read_bytes(), err.read_bytes()


def _run(
    words: list[str], environment: dict[str, str], stdin: bytes | None, cwd: Path, outputs: tuple[Path, Path]
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(cwd)
    os.dup2(os.open(os.devnull, os.O_RDONLY) if stdin is None else _pipe_with(stdin), 0)
    for number, path in enumerate(outputs, 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.stdin = _stream(0, "r", "surrogateescape")
    sys.stdout = _stream(1, "w", "surrogateescape")
    sys.stderr = _stream(2, "w", "backslashreplace")
    sys.argv = ["tui-chat", *words]
    from tui_chat.cli.main import main

    main()


def _stream(number: int, mode: str, errors: str) -> Any:
    encoding, _, chosen = os.environ.get("PYTHONIOENCODING", "utf-8").partition(":")
    return open(number, mode, encoding=encoding, errors=chosen or errors, closefd=False)


def _pipe_with(content: bytes) -> int:
    """Return the reading end of a pipe that holds this and has ended."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    assert os.write(writing, content) == len(content), "more than a pipe holds"
    os.close(writing)
    return reading

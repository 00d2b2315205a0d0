"""Rows written straight to a terminal leave it as a full repaint would."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyte
import pytest

from tests.ui.conversation_view.pane_in_pty import SIZES, STRETCHES

pytestmark = pytest.mark.slow

COLUMNS, ROWS = 90, 24
MARK = re.compile(rb"\x1b\]2;(drawn|painted|longest|queued) (\d+)\x07")


def resize(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def pieces(terminal: int) -> Iterator[bytes]:
    """What the program writes, cut behind each mark."""
    held = b""
    until = time.monotonic() + 150
    while time.monotonic() < until:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            held += os.read(terminal, 65536)
        except OSError:
            break
        while found := MARK.search(held):
            yield held[: found.end()]
            held = held[found.end() :]


@contextmanager
def playing(what: str) -> Iterator[tuple[int, int]]:
    """The terminal that the program plays in, and the program's process."""
    here, there = pty.openpty()
    resize(here, COLUMNS, ROWS)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ui.conversation_view.pane_in_pty", what],
        stdin=there,
        stdout=there,
        stderr=there,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "COLORTERM": "truecolor"},
        start_new_session=True,
    )
    os.close(there)
    try:
        yield here, process.pid
    finally:
        process.kill()
        process.wait()
        os.close(here)


def play(seed: int, sizes: list[tuple[int, int]]) -> list[tuple[list[object], list[object]]]:
    """The screen after each stretch, as it was drawn and as it was painted again."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    found: dict[int, dict[str, list[object]]] = {}
    with playing(str(seed)) as (terminal, process):
        for piece in pieces(terminal):
            stream.feed(piece)
            mark = MARK.search(piece)
            assert mark is not None
            kind, number = mark[1].decode(), int(mark[2])
            cells: list[object] = [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]
            found.setdefault(number, {})[kind] = [*cells, (screen.cursor.x, screen.cursor.y)]
            if kind == "painted" and sizes:
                columns, rows = sizes.pop(0)
                resize(terminal, columns, rows)
                screen.resize(rows, columns)
                os.killpg(process, signal.SIGWINCH)
    return [(both["drawn"], both["painted"]) for both in found.values()]


@pytest.mark.parametrize("seed", range(3))
def test_what_was_drawn_directly_is_what_a_full_repaint_shows(seed: int) -> None:
    stretches = play(seed, [*SIZES])
    assert len(stretches) == STRETCHES
    for drawn, painted in stretches:
        assert drawn == painted


def test_a_terminal_that_is_not_read_does_not_stop_the_loop_and_nothing_is_lost() -> None:
    with playing("stalled") as (terminal, _process):
        reading = pieces(terminal)
        next(reading)
        time.sleep(2.5)
        longest = MARK.search(next(reading))
        assert longest is not None
        assert int(longest[2]) < 500
        queued = MARK.search(next(reading))
        assert queued is not None
        assert int(queued[2]) <= 4, "a letter that is typed now waits for so many frames"
        assert b"words" in next(reading)


def test_nothing_is_written_while_idle() -> None:
    with playing("stalled") as (terminal, _process):
        *_, idle = pieces(terminal)
        assert idle == b"\x1b]2;drawn 2\x07"

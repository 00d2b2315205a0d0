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
from pathlib import Path

import pyte
import pytest

COLUMNS, ROWS = 90, 24
MARK = re.compile(rb"\x1b\]2;(drawn|painted) (\d+)\x07")


def resize(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def pieces(terminal: int) -> Iterator[bytes]:
    """What the program writes, cut behind each mark."""
    held = b""
    until = time.monotonic() + 60
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


def play(seed: int, sizes: list[tuple[int, int]]) -> list[tuple[list[object], list[object]]]:
    """The screen after each stretch, as it was drawn and as it was painted anew."""
    here, there = pty.openpty()
    resize(here, COLUMNS, ROWS)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.ui.widgets.pane_in_pty", str(seed)],
        stdin=there,
        stdout=there,
        stderr=there,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "COLORTERM": "truecolor"},
        start_new_session=True,
    )
    os.close(there)
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    found: dict[int, dict[str, list[object]]] = {}
    try:
        for piece in pieces(here):
            stream.feed(piece)
            mark = MARK.search(piece)
            assert mark is not None
            kind, number = mark[1].decode(), int(mark[2])
            cells: list[object] = [[screen.buffer[y][x] for x in range(screen.columns)] for y in range(screen.lines)]
            found.setdefault(number, {})[kind] = [*cells, (screen.cursor.x, screen.cursor.y)]
            if kind == "painted" and sizes:
                columns, rows = sizes.pop(0)
                resize(here, columns, rows)
                screen.resize(rows, columns)
                os.killpg(process.pid, signal.SIGWINCH)
    finally:
        process.kill()
        process.wait()
        os.close(here)
    return [(both["drawn"], both["painted"]) for both in found.values()]


@pytest.mark.parametrize("seed", range(3))
def test_what_was_drawn_directly_is_what_a_full_repaint_shows(seed: int) -> None:
    stretches = play(seed, [(100, 30), (61, 18), (120, 40), (80, 24)])
    assert len(stretches) == 12
    for drawn, painted in stretches:
        assert drawn == painted

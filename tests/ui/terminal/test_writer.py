"""A terminal that is slow, stalled or gone blocks nothing."""

import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tui_chat.ui.terminal.writer import LAST_WORDS_S, TerminalWriter

MUCH = "x" * 1_000_000


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    here, there = os.pipe()
    try:
        yield here, there
    finally:
        for end in (here, there):
            try:
                os.close(end)
            except OSError:
                continue


def read_all(fileno: int, size: int) -> bytes:
    data = b""
    while len(data) < size and select.select([fileno], [], [], 10)[0]:
        data += os.read(fileno, 65536)
    return data


def test_everything_arrives_in_order() -> None:
    with pipe() as (here, there):
        writer = TerminalWriter(there)
        writer.start()
        for part in ("one ", "zwei €", MUCH, "end"):
            writer.write(part)
        wanted = f"one zwei €{MUCH}end".encode()
        assert read_all(here, len(wanted)) == wanted
        writer.stop()
        assert not writer.is_alive()


def test_a_descriptor_that_does_not_block_gets_everything_too() -> None:
    with pipe() as (here, there):
        os.set_blocking(there, False)
        writer = TerminalWriter(there)
        writer.start()
        writer.write(MUCH)
        assert len(read_all(here, len(MUCH))) == len(MUCH)
        writer.stop()


def test_a_terminal_that_has_gone_is_forgotten() -> None:
    with pipe() as (here, there):
        os.close(here)
        writer = TerminalWriter(there)
        writer.start()
        for _ in range(1000):
            writer.write("still here?")
        writer.stop()
        assert not writer.is_alive()
        assert writer.waiting == 0


def test_a_stalled_terminal_holds_up_neither_a_write_nor_the_end() -> None:
    with pipe() as (here, there):
        writer = TerminalWriter(there)
        writer.start()
        done = threading.Event()

        def write() -> None:
            for _ in range(100):
                writer.write(MUCH)
            done.set()

        threading.Thread(target=write, daemon=True).start()
        assert done.wait(10)
        assert writer.waiting > 90
        began_s = time.monotonic()
        writer.stop()
        assert time.monotonic() - began_s < LAST_WORDS_S + 5
        os.close(here)
        writer.join(10)
        assert not writer.is_alive()

"""A terminal that is slow, stalled or gone blocks nothing."""

import os
import pty
import select
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

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


@contextmanager
def terminal() -> Iterator[tuple[int, int]]:
    here, there = pty.openpty()
    tty.setraw(there)
    try:
        yield here, there
    finally:
        for end in (here, there):
            os.close(end)


def test_a_terminal_that_takes_it_has_a_write_at_once_and_keeps_its_flags() -> None:
    with terminal() as (here, there):
        writer = TerminalWriter(there)
        writer.start()
        writer.write("one ")
        writer.write("two")
        assert writer.waiting == 0
        assert read_all(here, len(b"one two")) == b"one two"
        assert os.get_blocking(there)
        assert writer.stop()


def test_a_terminal_that_was_stalled_gets_everything_in_order() -> None:
    with terminal() as (here, there):
        writer = TerminalWriter(there)
        writer.start()
        parts = [MUCH, "zwei €", "three", MUCH, "end"]
        for part in parts:
            writer.write(part)
        assert writer.waiting >= len(parts) - 1
        wanted = "".join(parts).encode()
        assert read_all(here, len(wanted)) == wanted
        assert writer.stop()
        assert writer.waiting == 0


def test_a_signal_handler_may_write_during_a_write(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal() as (here, there):
        writer = TerminalWriter(there)
        writer.start()
        write = os.write
        handled: list[bool] = []

        def interrupted(fileno: int, data: bytes) -> int:
            if not handled:
                handled.append(True)
                writer.write("handler")
            return write(fileno, data)

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", interrupted)
            writer.write("first ")
        assert read_all(here, len(b"first handler")) == b"first handler"
        assert writer.stop()

"""Attaching in the whole program, in a terminal: drops, `@`, the clipboard of tools and of the terminal, and kill."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.attachments.samples import image
from tests.support.environment import ROOT, clean_environment, only_conversation
from tests.support.pty_terminal import Terminal

PICTURE = image(width=280, height=280)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a folder of work in it."""
    work = tmp_path / "work"
    (work / "src").mkdir(parents=True)
    (work / "my shot.png").write_bytes(PICTURE)
    (work / "src" / "main.py").write_text("x = 1\n")
    subprocess.run(["git", "init", "-q"], cwd=work, check=True)
    return tmp_path


@contextmanager
def app(home: Path, **more: str) -> Iterator[Terminal]:
    environment = clean_environment(home, TUI_CHAT_DEMO_PACE="0", **more)
    command = [sys.executable, "-m", "tui_chat", "--demo"]
    with Terminal(command, environment={**environment, "PYTHONPATH": str(ROOT)}, cwd=home / "work") as terminal:
        terminal.until("Ask anything")
        yield terminal


def paste(terminal: Terminal, text: str) -> None:
    terminal.type(f"\x1b[200~{text}\x1b[201~")


def leave(terminal: Terminal) -> None:
    terminal.type("\x11")
    assert terminal.wait() == 0


def stored_draft(home: Path) -> str:
    with closing(sqlite3.connect(f"file:{home}/.local/share/tui-chat/conversations.db?mode=ro", uri=True)) as db:
        return "".join(str(value) for (value,) in db.execute("SELECT value FROM state WHERE key = 'draft'"))


def sent(home: Path) -> list[tuple[str, str]]:
    """Names and types of the files that went with the first prompt."""
    parts: list[dict[str, Any]] = only_conversation(home)["turns"][0]["parts"]
    return [(part["name"], part["media_type"]) for part in parts if part["type"] == "attachment"]


def send(terminal: Terminal, words: str) -> None:
    terminal.type(f"{words}\r")
    terminal.until(lambda text: "total" in text and "⟦" not in text)


def test_a_dropped_and_a_completed_file_are_sent(home: Path) -> None:
    with app(home) as terminal:
        paste(terminal, str(home / "work" / "my shot.png").replace(" ", "\\ "))
        terminal.until("my shot.png · PNG 280×280")
        terminal.type("and @mai")
        terminal.until("src/main.py")
        terminal.type("\t")
        terminal.until("main.py · python · 6 B")
        send(terminal, "code")
        leave(terminal)
    assert sent(home) == [("my shot.png", "image/png"), ("main.py", "text/x-python")]


def test_an_image_is_attached_from_a_clipboard_tool(home: Path) -> None:
    tools = home / "tools"
    tools.mkdir()
    script = (
        f'#!/bin/sh\ncase "$*" in *TARGETS*) echo image/png;; *image/png*) cat "{home}/work/my shot.png";; esac\n'
    )
    (tools / "xclip").write_text(script)
    (tools / "xclip").chmod(0o755)
    with app(home, DISPLAY=":77", PATH=f"{tools}:{os.environ['PATH']}") as terminal:
        terminal.type("\x16")
        terminal.until("clipboard.png · PNG 280×280")
        send(terminal, "code")
        leave(terminal)
    assert sent(home) == [("clipboard.png", "image/png")]


def test_a_clipboard_without_an_image_reports_it(home: Path) -> None:
    tools = home / "tools"
    tools.mkdir()
    (tools / "wl-paste").write_text("#!/bin/sh\necho text/plain\n")
    (tools / "wl-paste").chmod(0o755)
    with app(home, WAYLAND_DISPLAY="wayland-7", PATH=f"{tools}:{os.environ['PATH']}") as terminal:
        terminal.type("\x16")
        terminal.until("The clipboard holds text, no image.")
        leave(terminal)


def answer(terminal: Terminal, metadata: str, payload: bytes = b"") -> None:
    terminal.type(f"\x1b]5522;type=read:{metadata};{b64encode(payload).decode()}\x1b\\")


def asked_for(terminal: Terminal, count: int) -> bytes:
    """Wait until the program asked the terminal so often for its clipboard; return the types of the last request."""

    def requests() -> list[bytes]:
        return re.findall(rb"\x1b\]5522;type=read;([A-Za-z0-9+/=]+)\x1b\\", terminal.output)

    terminal.until(lambda _: len(requests()) >= count)
    return b64decode(requests()[-1])


def test_over_ssh_the_terminal_sends_its_image(home: Path) -> None:
    large = image(width=1200, height=900) + os.urandom(300_000)  # a PNG may be followed by anything
    with app(home, SSH_CONNECTION="1.2.3.4 5 6.7.8.9 22") as terminal:
        terminal.type("\x1bv")
        terminal.until(lambda _: b"\x1b[?5522$p" in terminal.output)
        terminal.type("\x1b[?5522;2$y")
        assert asked_for(terminal, 1) == b"."
        answer(terminal, "status=OK")
        answer(terminal, f"status=DATA:mime={b64encode(b'.').decode()}", b"text/plain image/png")
        answer(terminal, "status=DONE")
        assert asked_for(terminal, 2) == b"image/png"
        answer(terminal, "status=OK")
        kind = b64encode(b"image/png").decode()
        for at in range(0, len(large), 4096):
            answer(terminal, f"status=DATA:mime={kind}", large[at : at + 4096])
            terminal.read(0)
        answer(terminal, "status=DONE")
        terminal.until("clipboard.png · PNG 1200×900")
        assert "⟦1" in terminal.text and "DATA" not in terminal.text, "nothing was typed"
        send(terminal, "code")
        leave(terminal)
    assert sent(home) == [("clipboard.png", "image/png")]
    database = home / ".local" / "share" / "tui-chat" / "conversations.db"
    with closing(sqlite3.connect(database)) as db:
        assert db.execute("SELECT bytes FROM blob").fetchall() == [(large,)]


def test_over_ssh_a_terminal_without_a_clipboard_is_named(home: Path) -> None:
    with app(home, SSH_CONNECTION="1.2.3.4 5 6.7.8.9 22") as terminal:
        terminal.type("\x1bv")
        terminal.until("Over SSH only the terminal knows the clipboard")
        leave(terminal)


def test_a_draft_with_a_file_survives_kill(home: Path) -> None:
    with app(home) as terminal:
        paste(terminal, f"'{home}/work/my shot.png'")
        terminal.until("my shot.png · PNG 280×280")
        terminal.type("look at it")
        terminal.until("look at it")
        terminal.until(lambda _: "look at it" in stored_draft(home))
        terminal.signal(signal.SIGKILL)
        terminal.process.wait()
    (home / "work" / "my shot.png").unlink()
    with app(home) as terminal:
        terminal.until("my shot.png · PNG 280×280")
        send(terminal, " now")
        leave(terminal)
    assert sent(home) == [("my shot.png", "image/png")]


@pytest.mark.real
@pytest.mark.skipif(not (shutil.which("Xvfb") and shutil.which("xclip")), reason="needs Debian's xvfb and xclip")
def test_an_image_is_attached_from_a_real_x11_clipboard(home: Path) -> None:
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as numbers:
        display = f":{numbers.readline().strip()}"
    try:
        copy = ["xclip", "-selection", "clipboard", "-t", "image/png", str(home / "work" / "my shot.png")]
        environment = {**os.environ, "DISPLAY": display}
        subprocess.run(copy, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with app(home, DISPLAY=display) as terminal:
            terminal.type("\x16")
            terminal.until("clipboard.png · PNG 280×280")
            send(terminal, "code")
            leave(terminal)
        assert sent(home) == [("clipboard.png", "image/png")]
        words = subprocess.run(["xclip", "-selection", "clipboard"], env=environment, input=b"words", check=True)
        assert words.returncode == 0
        with app(home, DISPLAY=display) as terminal:
            terminal.type("\x16")
            terminal.until("The clipboard holds text, no image.")
            leave(terminal)
    finally:
        server.terminate()
        server.wait()

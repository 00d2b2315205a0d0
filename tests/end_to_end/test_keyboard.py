"""The keyboard as terminals send it: plain bytes, the kitty protocol, tmux; and pastes and bursts as they arrive."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.environment import ROOT, clean_environment, only_conversation
from tests.support.pty_terminal import Terminal

COMMAND = (sys.executable, "-m", "tui_chat", "--demo")
PLAIN = {
    "enter": "\r",
    "newline": "\n",
    "cancel": "\x1b",
    "retry": "\x1br",
    "edit": "\x1b[20~",
    "previous": "\x1b[1;3D",
    "next": "\x1b[1;3C",
    "quit": "\x11",
}
KITTY = {
    **PLAIN,
    "newline": "\x1b[13;2u",
    "cancel": "\x1b[27u",
    "retry": "\x1b[114;3u",
    "quit": "\x1b[113;5u",
}
IN_TMUX = {
    "enter": "Enter",
    "newline": "M-Enter",
    "cancel": "Escape",
    "retry": "M-r",
    "edit": "F9",
    "previous": "M-Left",
    "next": "M-Right",
    "quit": "C-q",
}
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"


class Place(Protocol):
    """Where the program runs."""

    def press(self, key: str) -> None: ...
    def write(self, text: str) -> None: ...
    def until(self, seen: str | Callable[[str], bool]) -> str: ...
    def ended(self) -> bool: ...


class InTerminal:
    """Straight in a pseudo-terminal."""

    def __init__(self, terminal: Terminal, keys: Mapping[str, str]) -> None:
        self._terminal, self._keys = terminal, keys

    def press(self, key: str) -> None:
        self._terminal.type(self._keys[key])

    def write(self, text: str) -> None:
        self._terminal.type(text)

    def until(self, seen: str | Callable[[str], bool]) -> str:
        return self._terminal.until(seen)

    def ended(self) -> bool:
        return self._terminal.wait(patience_s=10) == 0


class InTmux:
    """In a tmux of its own, which knows nothing of the kitty protocol."""

    def __init__(self, socket: Path, environment: Mapping[str, str]) -> None:
        self._tmux = ("tmux", "-S", str(socket), "-f", "/dev/null")
        self._environment = dict(environment)
        self._ran("new-session", "-d", "-x", "100", "-y", "30", "-c", str(ROOT), *COMMAND)

    def _ran(self, *words: str) -> str:
        return subprocess.run(
            [*self._tmux, *words], env=self._environment, check=True, capture_output=True, text=True
        ).stdout

    def press(self, key: str) -> None:
        self._ran("send-keys", IN_TMUX[key])

    def write(self, text: str) -> None:
        self._ran("send-keys", "-l", text)

    def until(self, seen: str | Callable[[str], bool]) -> str:
        met = seen if callable(seen) else lambda text: seen in text
        end_s = time.monotonic() + 30
        while not met(text := self._ran("capture-pane", "-p")):
            assert time.monotonic() < end_s, f"{seen!r} did not come; the screen:\n{text}"
            time.sleep(0.05)
        return text

    def ended(self) -> bool:
        end_s = time.monotonic() + 10
        while (
            subprocess.run([*self._tmux, "list-sessions"], env=self._environment, capture_output=True).returncode == 0
        ):
            assert time.monotonic() < end_s, "it did not end"
            time.sleep(0.05)
        return True

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], env=self._environment, capture_output=True)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(params=["plain bytes", "kitty protocol", "tmux"])
def place(request: pytest.FixtureRequest, home: Path) -> Iterator[Place]:
    environment = {**clean_environment(home), "TUI_CHAT_DEMO_PACE": "0.05"}
    if request.param == "tmux":
        if shutil.which("tmux") is None:
            pytest.skip("there is no tmux here")
        environment = {**environment, "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        tmux = InTmux(home / "socket", environment)
        try:
            yield tmux
        finally:
            tmux.close()
    else:
        with Terminal(COMMAND, environment=environment) as terminal:
            yield InTerminal(terminal, PLAIN if request.param == "plain bytes" else KITTY)


def is_streaming(text: str) -> bool:
    return "streaming" in text.rstrip().splitlines()[-1]


def prompt_rows(text: str) -> list[str]:
    """Return what is in the prompt box: the last rows with a bar; on the home these are in the middle."""
    rows = [row.strip() for row in text.rstrip().splitlines()[:-1]]
    while rows and not rows[-1].startswith("▌"):
        rows.pop()
    own: list[str] = []
    while rows and rows[-1].startswith("▌"):
        # A scroll bar at the right edge is no part of the text.
        own.insert(0, rows.pop()[1:].rstrip("▁▂▃▄▅▆▇█ ").strip())
    return own


def test_every_way_of_a_prompt_works_as_the_terminal_sends_the_keys(place: Place, home: Path) -> None:
    place.until("Ask anything")
    place.write("slow")
    place.press("newline")
    place.write("and steady")
    place.until("and steady")
    place.press("enter")
    place.until(is_streaming)
    place.press("cancel")
    place.until("Stopped.")
    place.press("retry")
    place.until(lambda text: is_streaming(text) and "‹2/2›" in text)
    place.press("cancel")
    place.until("Stopped.")
    place.press("previous")
    place.until("‹1/2›")
    place.press("next")
    place.until("‹2/2›")
    place.press("edit")
    place.until("editing an earlier prompt")
    place.write(", please")
    place.press("enter")
    place.until(is_streaming)
    place.press("cancel")
    place.until("Stopped.")
    place.press("quit")
    assert place.ended()
    turns = only_conversation(home)["turns"]
    sent = [turn["parts"][0]["text"] for turn in turns if turn["role"] == "user"]
    assert sent == ["slow\nand steady", "slow\nand steady, please"]
    assert [turn["status"] for turn in turns if turn["role"] == "assistant"] == ["cancelled"] * 3


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    with Terminal(COMMAND, environment=clean_environment(home)) as made:
        made.until("Ask anything")
        yield made


def test_a_resize_in_the_middle_of_a_paste_does_not_change_the_paste(terminal: Terminal) -> None:
    terminal.type(f"{PASTE_BEGINS}first half, ")
    terminal.read(0.2)
    terminal.resize(72, 22)
    terminal.until("demo/tour")
    terminal.type(f"second half{PASTE_ENDS}")
    terminal.until("first half, second half")
    terminal.type(" typed")
    terminal.until("first half, second half typed")


def test_a_paste_split_anywhere_arrives_whole(terminal: Terminal) -> None:
    paste = f"{PASTE_BEGINS}é日本👩‍🚀 one\r\ntwo\rthree{PASTE_ENDS}".encode()
    for at in range(0, len(paste), 3):
        os.write(terminal._master, paste[at : at + 3])
        terminal.read(0.02)
    terminal.type("!")
    expected = ["é日本👩‍🚀one", "two", "three!"]
    terminal.until(lambda text: [row.replace(" ", "") for row in prompt_rows(text)] == expected)


def test_two_hundred_backspaces_at_once_and_then_some_are_taken(terminal: Terminal) -> None:
    terminal.type("x" * 150)
    terminal.until("x" * 40)
    terminal.type("\x7f" * 200)
    terminal.until(lambda text: "xx" not in text)
    terminal.type("still here")
    terminal.until("still here")


def test_a_long_text_typed_in_one_burst_behind_a_key_is_all_there(terminal: Terminal) -> None:
    terminal.type("\x0f\x1b[27u" + "wrod " * 1_000)
    terminal.type("\x7f" * 5 + "end")
    terminal.until(lambda text: "wrod end" in " ".join(prompt_rows(text)))


def test_a_slash_with_nothing_behind_it_is_reported(terminal: Terminal) -> None:
    terminal.type("/")
    terminal.until("/continue")
    terminal.type("\r")
    terminal.until("Type a command's name")
    terminal.type("\x7f" * 3 + "fine")
    terminal.until("fine")


def test_what_is_pasted_while_reading_goes_to_the_prompt(terminal: Terminal) -> None:
    terminal.type("hello there\r")
    terminal.until("Ask anything again")
    terminal.type("\t")
    terminal.until("READ")
    terminal.type(f"{PASTE_BEGINS}pasted words{PASTE_ENDS}")
    terminal.until(lambda text: "pasted words" in " ".join(prompt_rows(text)))
    terminal.type(" and typed")
    terminal.until("pasted words and typed")


def test_a_command_typed_in_one_burst_is_completed_and_run(terminal: Terminal) -> None:
    terminal.type("/titl\x7fl\tx\x7f\x15/hel\texpp\x7f\r")
    terminal.until(lambda text: "Keys and commands" in text and "/export" in text and "/theme" not in text)


def test_a_search_typed_in_one_burst_finds_with_every_letter(terminal: Terminal) -> None:
    terminal.type("hello there\r")
    terminal.until("Ask anything again")
    terminal.type("\x06xerrom\x01\x1b[3~\x05\x7fr\r")
    terminal.until(lambda text: any(f" of {count} " in text for count in range(2, 20)))
    terminal.type("\t/branches,\r")
    terminal.until("1 of 1")


def test_the_library_is_opened_searched_and_left_in_one_burst(terminal: Terminal) -> None:
    terminal.type("hello there\r")
    terminal.until("Ask anything again")
    terminal.type("\x0fhellx\x7fo\x1bOQ\x15\x0bA better name\r")
    terminal.until(lambda text: "A better name" in text)
    terminal.type("\x15better\rback in the prompt")
    terminal.until(lambda text: "back in the prompt" in " ".join(prompt_rows(text)))

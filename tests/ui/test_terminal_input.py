"""Keys from bytes: a lone Escape is quick, and what is cut in two on its way is still one key."""

import time

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.message import Message

from tui_chat.ui.message import BackgroundTold
from tui_chat.ui.terminal_input import SEQUENCE_S, Input

ESCAPE_S = 0.1


@pytest.fixture
def incoming() -> Input:
    """A terminal nobody has typed in yet; Textual's own wait has its default here."""
    return Input(XTermParser(), ESCAPE_S)


def waited_for(incoming: Input) -> list[Message]:
    """What comes of it when nothing follows."""
    end_s = time.monotonic() + 2
    while time.monotonic() < end_s:
        time.sleep(incoming.wait_s)
        if messages := incoming.due():
            return messages
    return []


def keys(messages: list[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, events.Key)]


def test_a_lone_escape_is_told_when_its_time_is_over_and_not_later(incoming: Input) -> None:
    began = time.monotonic()
    assert incoming.take(b"\x1b") == []
    assert keys(waited_for(incoming)) == ["escape"]
    assert ESCAPE_S <= time.monotonic() - began < ESCAPE_S + 0.05


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_an_arrow_cut_in_two_is_an_arrow(incoming: Input, cut: int) -> None:
    sequence = b"\x1b[1;5A"
    messages = incoming.take(sequence[:cut])
    if cut > 1:
        time.sleep(ESCAPE_S + 0.05)
        assert incoming.due() == []
    assert keys(messages + incoming.take(sequence[cut:])) == ["ctrl+up"]


@pytest.mark.parametrize("parts", [[b"\x1b\r"], [b"\x1b", b"\r"], [b"a\x1b\rb"], [b"a\x1b", b"\rb"]])
def test_alt_and_enter_is_one_key_without_the_kitty_protocol_too(incoming: Input, parts: list[bytes]) -> None:
    pressed = [key for part in parts for key in keys(incoming.take(part))]
    assert [key for key in pressed if len(key) > 1] == ["alt+enter"]


def test_alt_and_a_letter_is_one_key_whatever_follows(incoming: Input) -> None:
    assert keys(incoming.take(b"\x1bq\x1b[Ax\x1bu")) == ["alt+q", "up", "x", "alt+u"]
    assert keys(incoming.take(b"\x1bb\x1bf")) == ["ctrl+left", "ctrl+right"]


def test_escape_and_then_enter_are_two_keys(incoming: Input) -> None:
    assert incoming.take(b"\x1b") == []
    assert keys(waited_for(incoming)) + keys(incoming.take(b"\r")) == ["escape", "enter"]


@pytest.mark.parametrize("cut", range(1, 22))
def test_an_escape_that_is_pasted_presses_nothing(incoming: Input, cut: int) -> None:
    sequence = b"\x1b[200~a\x1b\rb\x1b[A\x1b\x1b[201~c"
    messages = incoming.take(sequence[:cut]) + incoming.take(sequence[cut:])
    assert keys(messages) == ["c"]
    (paste,) = [one for one in messages if isinstance(one, events.Paste)]
    assert paste.text == "a\rb[A"


def test_a_mouse_report_cut_in_two_types_nothing(incoming: Input) -> None:
    messages = incoming.take(b"\x1b[<35;1")
    time.sleep(ESCAPE_S + 0.05)
    messages += incoming.due()
    messages += incoming.take(b"0;10M")
    assert [type(message) for message in messages] == [events.MouseMove]


def test_a_sequence_that_never_ends_does_not_swallow_what_is_typed_later(incoming: Input) -> None:
    incoming.take(b"\x1b[12")
    began = time.monotonic()
    assert keys(waited_for(incoming)) != []
    assert time.monotonic() - began < SEQUENCE_S + 0.2
    assert keys(incoming.take(b"a")) == ["a"]


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_paste_cut_anywhere_is_one_paste(incoming: Input, cut: int) -> None:
    data = "\x1b[200~first\rsecond ü\x1b[201~".encode()
    messages = incoming.take(data[:cut])
    if cut > len(data) - len(b"\x1b[201~"):
        time.sleep(ESCAPE_S + 0.05)
        assert incoming.due() == []
    messages += incoming.take(data[cut:])
    (paste,) = messages
    assert isinstance(paste, events.Paste)
    assert paste.text == "first\rsecond ü"


def test_keys_after_a_paste_are_keys_again(incoming: Input) -> None:
    messages = incoming.take(b"\x1b[200~x\x1b[201~")
    messages += incoming.take(b"y\x1b")
    messages += waited_for(incoming)
    assert keys(messages) == ["y", "escape"]


@pytest.mark.parametrize(("answer", "is_light"), [("ffff/ffff/ffff", True), ("1e/1e/2e", False)])
@pytest.mark.parametrize("end", ["\x07", "\x1b\\"])
def test_the_terminals_background_is_told_and_not_typed(
    incoming: Input, answer: str, is_light: bool, end: str
) -> None:
    told = incoming.take(f"\x1b]11;rgb:{answer[:4]}".encode()) + incoming.take(f"{answer[4:]}{end}a".encode())
    assert [message.is_light for message in told if isinstance(message, BackgroundTold)] == [is_light]
    assert keys(told) == ["a"]


def test_a_burst_of_backspaces_is_every_one_of_them(incoming: Input) -> None:
    assert keys(incoming.take(b"\x7f" * 200)) == ["backspace"] * 200
    assert keys(incoming.take(b"\x08" * 200)) in (["backspace"] * 200, ["ctrl+h"] * 200)


def test_kitty_and_legacy_sequences_are_the_same_keys(incoming: Input) -> None:
    legacy = b"\r\n\x12\x1b[1;3D\x1b[1;3C\x11\x1bOP"
    kitty = b"\x1b[13u\x1b[106;5u\x1b[114;5u\x1b[1;3D\x1b[1;3C\x1b[113;5u\x1b[P"
    expected = ["enter", "ctrl+j", "ctrl+r", "alt+left", "alt+right", "ctrl+q", "f1"]
    assert keys(incoming.take(legacy)) == expected
    assert keys(incoming.take(kitty)) == expected
    assert keys(incoming.take(b"\x1b[27u\x1b[13;2u\x1b[13;3u")) == ["escape", "shift+enter", "alt+enter"]

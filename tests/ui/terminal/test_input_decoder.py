"""Keys from bytes: a lone Escape is quick, and what is cut in two on its way is still one key."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.message import Message

from tests.support.attacks import attack
from tui_chat.ui.terminal import input_decoder
from tui_chat.ui.terminal.input_decoder import SEQUENCE_S, InputDecoder
from tui_chat.ui.terminal.messages import (
    BackgroundReported,
    ClipboardAnswered,
    ClipboardSupported,
    GraphicsAnswered,
    PasteShortened,
    TerminalNamed,
)

ESCAPE_S = 0.1


@pytest.fixture
def incoming() -> InputDecoder:
    """A terminal without input yet; Textual's own wait has its default here."""
    return InputDecoder(XTermParser(), ESCAPE_S)


def waited_for(incoming: InputDecoder) -> list[Message]:
    """The keys when nothing follows."""
    end_s = time.monotonic() + 2
    while time.monotonic() < end_s:
        time.sleep(incoming.wait_s or 0)
        if messages := incoming.due():
            return messages
    return []


def keys(messages: list[Message]) -> list[str]:
    return [message.key for message in messages if isinstance(message, events.Key)]


def test_a_lone_escape_is_reported_when_its_time_is_over_and_not_later(incoming: InputDecoder) -> None:
    began = time.monotonic()
    assert incoming.take(b"\x1b") == []
    assert keys(waited_for(incoming)) == ["escape"]
    assert ESCAPE_S <= time.monotonic() - began < ESCAPE_S + 0.05


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_an_arrow_cut_in_two_is_an_arrow(incoming: InputDecoder, cut: int) -> None:
    sequence = b"\x1b[1;5A"
    messages = incoming.take(sequence[:cut])
    if cut > 1:
        time.sleep(ESCAPE_S + 0.05)
        assert incoming.due() == []
    assert keys(messages + incoming.take(sequence[cut:])) == ["ctrl+up"]


@pytest.mark.parametrize("parts", [[b"\x1b\r"], [b"\x1b", b"\r"], [b"a\x1b\rb"], [b"a\x1b", b"\rb"]])
def test_alt_and_enter_is_one_key_without_the_kitty_protocol_too(incoming: InputDecoder, parts: list[bytes]) -> None:
    pressed = [key for part in parts for key in keys(incoming.take(part))]
    assert [key for key in pressed if len(key) > 1] == ["alt+enter"]


def test_alt_and_a_letter_is_one_key_whatever_follows(incoming: InputDecoder) -> None:
    assert keys(incoming.take(b"\x1bq\x1b[Ax\x1bu")) == ["alt+q", "up", "x", "alt+u"]
    assert keys(incoming.take(b"\x1bb\x1bf")) == ["ctrl+left", "ctrl+right"]


def test_escape_and_then_enter_are_two_keys(incoming: InputDecoder) -> None:
    assert incoming.take(b"\x1b") == []
    assert keys(waited_for(incoming)) + keys(incoming.take(b"\r")) == ["escape", "enter"]


@pytest.mark.parametrize("cut", range(1, 22))
def test_an_escape_that_is_pasted_presses_nothing(incoming: InputDecoder, cut: int) -> None:
    sequence = b"\x1b[200~a\x1b\rb\x1b[A\x1b\x1b[201~c"
    messages = incoming.take(sequence[:cut]) + incoming.take(sequence[cut:])
    assert keys(messages) == ["c"]
    (paste,) = [one for one in messages if isinstance(one, events.Paste)]
    assert paste.text == "a\rb[A"


def test_a_mouse_report_cut_in_two_types_nothing(incoming: InputDecoder) -> None:
    messages = incoming.take(b"\x1b[<35;1")
    time.sleep(ESCAPE_S + 0.05)
    messages += incoming.due()
    messages += incoming.take(b"0;10M")
    assert [type(message) for message in messages] == [events.MouseMove]


def test_a_sequence_that_never_ends_does_not_swallow_what_is_typed_later(incoming: InputDecoder) -> None:
    incoming.take(b"\x1b[12")
    began = time.monotonic()
    assert keys(waited_for(incoming)) != []
    assert time.monotonic() - began < SEQUENCE_S + 0.2
    assert keys(incoming.take(b"a")) == ["a"]


@pytest.mark.parametrize("cut", range(1, 30))
def test_a_paste_cut_anywhere_is_one_paste(incoming: InputDecoder, cut: int) -> None:
    data = "\x1b[200~first\rsecond ü\x1b[201~".encode()
    messages = incoming.take(data[:cut])
    if cut > len(data) - len(b"\x1b[201~"):
        time.sleep(ESCAPE_S + 0.05)
        assert incoming.due() == []
    messages += incoming.take(data[cut:])
    (paste,) = messages
    assert isinstance(paste, events.Paste)
    assert paste.text == "first\rsecond ü"


def test_keys_after_a_paste_are_keys_again(incoming: InputDecoder) -> None:
    messages = incoming.take(b"\x1b[200~x\x1b[201~")
    messages += incoming.take(b"y\x1b")
    messages += waited_for(incoming)
    assert keys(messages) == ["y", "escape"]


@pytest.mark.parametrize(("answer", "is_light"), [("ffff/ffff/ffff", True), ("1e/1e/2e", False)])
@pytest.mark.parametrize("end", ["\x07", "\x1b\\"])
def test_the_terminals_background_is_reported_and_not_typed(
    incoming: InputDecoder, answer: str, is_light: bool, end: str
) -> None:
    events_taken = incoming.take(f"\x1b]11;rgb:{answer[:4]}".encode()) + incoming.take(f"{answer[4:]}{end}a".encode())
    assert [message.is_light for message in events_taken if isinstance(message, BackgroundReported)] == [is_light]
    assert keys(events_taken) == ["a"]


def test_a_burst_of_backspaces_is_every_one_of_them(incoming: InputDecoder) -> None:
    assert keys(incoming.take(b"\x7f" * 200)) == ["backspace"] * 200
    assert keys(incoming.take(b"\x08" * 200)) in (["backspace"] * 200, ["ctrl+h"] * 200)


def test_kitty_and_legacy_sequences_are_the_same_keys(incoming: InputDecoder) -> None:
    legacy = b"\r\n\x12\x1b[1;3D\x1b[1;3C\x11\x1bOP"
    kitty = b"\x1b[13u\x1b[106;5u\x1b[114;5u\x1b[1;3D\x1b[1;3C\x1b[113;5u\x1b[P"
    expected = ["enter", "ctrl+j", "ctrl+r", "alt+left", "alt+right", "ctrl+q", "f1"]
    assert keys(incoming.take(legacy)) == expected
    assert keys(incoming.take(kitty)) == expected
    assert keys(incoming.take(b"\x1b[27u\x1b[13;2u\x1b[13;3u")) == ["escape", "shift+enter", "alt+enter"]


# Attacks: whatever the bytes are, they are decoded, and what comes behind them arrives

MOUSE = b"\x1b[<0;5;5M"
WILD = (
    b"\x1b[999999999999u",
    b"\x1b[1114112u",
    b"\x1b[55296u",
    b"\x1b[97;1:3u",
    b"\x1b[97;;55296u",
    b"\x1b[1:2:3;99999999999999999999~",
    b"\x1b[<0;0;0M",
    b"\x1b[<999999999999;99999999999999;999999999999999M",
    b"\x1b[48;0;0;0;0t",
    b"\x1b[48;99999999;99999999;9;9t",
    b"\x1b[48;30:9:9;100;0;0t",
    b"\x1b[M\x7f\x7f\x7f",
    b"\x1b[?2048;999999999999$y",
    b"\x1b[?9999999999;1$y",
    b"\x1b[99999999999;99999999999R",
    b"\x1b[?62;22c",
    b"\x1b]11;rgb:/\x07",
    b"\x1b]11;rgb:" + b"f" * 300 + b"/0/0\x1b\\",
    b"\x1b]52;c;" + b"QUJD" * 300_000 + b"\x07",
    b"\x1bP1$r" + b"0" * 1_000_000 + b"\x1b\\",
    b"\x1b_Gi=31;OK\x1b\\",
    b"\x1b[" + b"9" * 100_000 + b"u",
    b"\x1b[" + b"1;" * 100_000 + b"u",
    b"\x1b[200~\x1b[201~",
    b"\x1b[201~",
)


def types(messages: list[Message]) -> list[type[Message]]:
    return [type(message) for message in messages]


@pytest.mark.parametrize("sequence", WILD, ids=lambda sequence: repr(sequence[:16]))
@pytest.mark.parametrize("size", [1, 7, 4096])
def test_a_sequence_with_wild_parameters_costs_nothing_but_itself(
    incoming: InputDecoder, sequence: bytes, size: int
) -> None:
    data = sequence + b"x" + MOUSE
    size = max(size, len(data) // 5000)
    found = [one for at in range(0, len(data), size) for one in incoming.take(data[at : at + size])]
    assert keys(found)[-1:] == ["x"] and types(found)[-1:] == [events.MouseDown]
    assert len(keys(found)) <= 2


def test_a_mouse_event_after_a_size_report_without_pixels_is_in_cells(incoming: InputDecoder) -> None:
    found = incoming.take(b"\x1b[?2048;2$y\x1b[48;30;100;0;0t" + MOUSE)
    (mouse,) = [one for one in found if isinstance(one, events.MouseDown)]
    assert (mouse.x, mouse.y) == (4, 4)


def test_a_mouse_event_after_a_size_report_with_pixels_is_in_pixels(incoming: InputDecoder) -> None:
    found = incoming.take(b"\x1b[?2048;2$y\x1b[48;30;100;600;1000t\x1b[<0;51;21M")
    (mouse,) = [one for one in found if isinstance(one, events.MouseDown)]
    assert (mouse.x, mouse.y) == (5, 1)


@pytest.mark.parametrize("report", [b"0;0", b"99999999;99999999", b"40;99999999", b"0;80"])
def test_an_absurd_size_report_gives_the_size_that_the_system_knows(report: bytes) -> None:
    incoming = InputDecoder(XTermParser(), ESCAPE_S, window_size=lambda: (80, 24))
    (resize,) = incoming.take(b"\x1b[48;" + report + b";99;99t")
    assert isinstance(resize, events.Resize) and tuple(resize.size) == (80, 24)


def test_a_sane_size_report_is_believed() -> None:
    incoming = InputDecoder(XTermParser(), ESCAPE_S, window_size=lambda: (80, 24))
    (resize,) = incoming.take(b"\x1b[48;500;1000;0;0t")
    assert isinstance(resize, events.Resize) and tuple(resize.size) == (1000, 500)


@pytest.mark.parametrize("sequence", [b"\x1b[111~", b"\x1b[111A", b"\x1b[113;5~", b"\x1b[233~"])
def test_a_function_key_that_does_not_exist_is_no_letter(incoming: InputDecoder, sequence: bytes) -> None:
    assert keys(incoming.take(sequence)) == []


def test_a_fault_of_the_parser_is_logged_without_what_was_typed(
    incoming: InputDecoder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        assert keys(incoming.take(b"\x1b[0;;7777777u\x1b[97;;115:101:99:114:101:116:9999999uok")) == ["o", "k"]
    assert len(caplog.records) == 2
    assert "7777777" not in caplog.text and "115" not in caplog.text


@pytest.mark.parametrize("opening", [b"\x1b]11;rgb:", b"\x1bP1$r", b"\x1b_G", b"\x1b["])
def test_a_string_that_never_ends_is_over_with_the_next_control_key(incoming: InputDecoder, opening: bytes) -> None:
    for _ in range(1000):
        assert keys(incoming.take(opening + b"1" * 1000)) == []
        opening = b""
    assert keys(incoming.take(b"\rx")) == ["enter", "x"]


@pytest.mark.parametrize("opening", [b"\x1b]11;rgb:", b"\x1bP1$r", b"\x1b["])
def test_a_string_that_never_ends_is_over_after_a_while(incoming: InputDecoder, opening: bytes) -> None:
    incoming.take(opening + b"1" * 1000)
    time.sleep(SEQUENCE_S + 0.05)
    assert incoming.due() == []
    assert keys(incoming.take(b"x")) == ["x"]


def test_a_paste_that_never_ends_does_not_hold_keys_for_ever(
    incoming: InputDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_decoder, "PASTE_S", 0.2)
    began = time.monotonic()
    found = incoming.take(b"\x1b[200~some words")
    while not found and time.monotonic() < began + 5:
        time.sleep(0.02)
        found = incoming.take(b"k") + incoming.due()
    (paste,) = found
    assert isinstance(paste, events.Paste) and paste.text.startswith("some wordsk")
    assert keys(incoming.take(b"xy\x1b[A\r")) == ["x", "y", "up", "enter"]


def test_a_paste_that_stalls_for_long_presses_no_keys_when_it_goes_on(
    incoming: InputDecoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(input_decoder, "PASTE_S", 0.05)
    line = b"a line of a text that the user pastes\r"
    incoming.take(b"\x1b[200~" + line * 9)
    first = waited_for(incoming)
    second = incoming.take(line * 9) + incoming.take(b"the end\x1b[201~k")
    pastes = [one.text for one in first + second if isinstance(one, events.Paste)]
    assert "".join(pastes) == (line * 18).decode() + "the end"
    assert keys(first + second) == ["k"]


def test_a_paste_grows_to_its_limit_only(incoming: InputDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_decoder, "LONGEST_PASTE", 10_000)
    incoming.take(b"\x1b[200~")
    for _ in range(100):
        assert incoming.take(b"word " * 800) == []
    paste, shortened, _ = incoming.take(b"\x1b[201~k")
    assert isinstance(paste, events.Paste) and paste.text == "word " * 2000
    assert isinstance(shortened, PasteShortened)


def test_a_paste_of_many_megabytes_is_decoded_quickly_and_in_order(incoming: InputDecoder) -> None:
    data = b"\x1b[200~" + b"fifty bytes of a line that the user pastes here..\r" * 400_000 + b"\x1b[201~k"
    began = time.monotonic()
    found = [one for at in range(0, len(data), 4096) for one in incoming.take(data[at : at + 4096])]
    assert types(found) == [events.Paste, events.Key]
    assert isinstance(found[0], events.Paste) and len(found[0].text) == 20_000_000
    assert time.monotonic() - began < 4


def test_every_function_key_that_textual_knows_is_the_same_key() -> None:
    for sequence in ANSI_SEQUENCES_KEYS:
        expected = keys([*XTermParser().feed(sequence)])
        is_alt_digit = sequence[1:].isdigit()
        # Textual reads F13 and some more as control characters.
        if sequence[1:] not in ("", "\x1b") and expected and expected[0].isprintable() and not is_alt_digit:
            assert keys(InputDecoder(XTermParser()).take(sequence.encode())) == expected, repr(sequence)


numbers = st.one_of(
    st.integers(-1, 300), st.sampled_from((0, 2**31, 2**63, 10**12, 10**30, 0xD800, 0x10FFFF, 0x110000))
)
parameters = st.lists(
    st.one_of(numbers.map(str), st.lists(numbers, max_size=3).map(lambda some: ":".join(map(str, some)))), max_size=6
).map(";".join)
csi = st.builds(
    lambda mark, inside, final: f"\x1b[{mark}{inside}{final}".encode(),
    st.sampled_from(("", "<", "?", "48;", "200", "[", "M", ">")),
    parameters,
    st.sampled_from([*"utMmRcy~ABCDHPSnIOZq@`", "$y", "$", "$p", " q", ""]),
)
strings = st.builds(
    lambda opening, body, end: opening + body + end,
    st.sampled_from((b"\x1b]11;", b"\x1b]", b"\x1bP1$r", b"\x1bP", b"\x1b_G", b"\x1b_", b"\x1bX", b"\x1b^")),
    st.one_of(st.binary(max_size=30), st.just(b"7" * 300)),
    st.sampled_from((b"\x07", b"\x1b\\", b"", b"\x1b", b"\x9c", b"\xc2\x9c")),
)
pieces = st.one_of(
    csi,
    strings,
    st.binary(max_size=8),
    st.text(max_size=5).map(lambda text: text.encode("utf-8", "replace")),
    st.sampled_from(
        (b"\x1b[200~", b"\x1b[201~", b"\x1b", b"\x1b\x1b", b"\x1bO", b"\x1bO1;2P", b"\x00", b"\x9b5u", MOUSE)
    ),
)
streams = st.lists(pieces, max_size=12).map(b"".join)
TO_GROUND = b"\x18\x1b[201~\x18"
"""Ends whatever is open: a string by a control character, a paste by its mark."""


def seen(messages: list[Message]) -> list[object]:
    """What the messages are, in a form that can be compared."""
    return [
        (message.key, message.character)
        if isinstance(message, events.Key)
        else message.text
        if isinstance(message, events.Paste)
        else type(message)
        for message in messages
    ]


@attack
@given(streams, st.lists(st.integers(0, 400), max_size=6))
def test_any_bytes_cut_anywhere_are_the_same_keys_and_never_raise(stream: bytes, cuts: list[int]) -> None:
    data = stream + TO_GROUND + b"word" + MOUSE
    whole = seen(InputDecoder(XTermParser(), 60).take(data))
    incoming, found, start = InputDecoder(XTermParser(), 60), [], 0
    for cut in [*sorted(cut for cut in cuts if cut < len(data)), len(data)]:
        found += incoming.take(data[start:cut]) if cut > start else []
        start = cut
    assert seen(found) == whole
    assert whole[-5:] == [("w", "w"), ("o", "o"), ("r", "r"), ("d", "d"), events.MouseDown]


@attack
@given(streams)
def test_what_any_bytes_leave_open_is_closed_by_waiting(stream: bytes) -> None:
    incoming = InputDecoder(XTermParser(), 0.0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(input_decoder, "SEQUENCE_S", 0.0)
        patch.setattr(input_decoder, "PASTE_S", 0.0)
        incoming.take(stream)
        incoming.due()
        assert seen(incoming.take(b"k"))[-1:] == [("k", "k")]


CLIPBOARD = b"\x1b]5522;type=read:status=DATA:mime=aW1hZ2UvcG5n;" + b"QUJD" * 1400 + b"\x1b\\"


@pytest.mark.parametrize("cut", [1, 3, 10, 60, 3000, len(CLIPBOARD) - 1])
def test_a_piece_of_the_clipboard_cut_anywhere_is_one_answer(incoming: InputDecoder, cut: int) -> None:
    found = [*incoming.take(b"a" + CLIPBOARD[:cut]), *incoming.take(CLIPBOARD[cut:] + b"b")]
    assert [type(message) for message in found] == [events.Key, ClipboardAnswered, events.Key]
    answer = found[1]
    assert isinstance(answer, ClipboardAnswered)
    assert (answer.status, answer.mime, answer.payload) == ("DATA", "aW1hZ2UvcG5n", "QUJD" * 1400)


def test_a_piece_of_the_clipboard_may_come_slowly(incoming: InputDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert incoming.take(CLIPBOARD[:3000]) == []
    now_s = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now_s + 5)
    assert incoming.due() == []
    (answer,) = incoming.take(CLIPBOARD[3000:])
    assert isinstance(answer, ClipboardAnswered)


def test_an_endless_piece_of_the_clipboard_types_nothing(incoming: InputDecoder) -> None:
    found = incoming.take(b"\x1b]5522;type=read:status=DATA;" + b"QUJD" * 100_000)
    found += incoming.take(b"QUJD" * 1000 + b"\x1b\\x")
    assert keys(found) == ["x"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"\x1b[?5522;2$y", ClipboardSupported(True)),
        (b"\x1b[?5522;0$y", ClipboardSupported(False)),
        (b"\x1b]5522;type=read:status=EPERM\x07", ClipboardAnswered("EPERM", "", "")),
        (b"\x1b]5522;type=write:status=DONE\x1b\\", None),
        (b"\x1b]5522;\x1b\\", None),
        (b"\x1bP>|kitty(0.40.1)\x1b\\", TerminalNamed("kitty(0.40.1)")),
        (b"\x1b_Gi=4207849;OK\x1b\\", GraphicsAnswered(True)),
        (b"\x1b_Gi=4207849;ENOTSUP:no\x1b\\", GraphicsAnswered(False)),
        (b"\x1b_Gi=7;OK\x1b\\", None),
    ],
)
def test_answers_about_clipboard_and_images_are_reported(
    incoming: InputDecoder, answer: bytes, message: Message | None
) -> None:
    found = incoming.take(answer + b"x")
    assert [vars_of(one) for one in found[:-1]] == ([vars_of(message)] if message is not None else [])
    assert keys(found[-1:]) == ["x"]


def vars_of(message: Message) -> tuple[type[Message], dict[str, object]]:
    own = type(message).__dataclass_fields__  # type: ignore[attr-defined]
    return type(message), {name: getattr(message, name) for name in own}

"""Images within the conversation, in a terminal that plays kitty: asked for, sent once, shown by placeholders."""

import re
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from tests.attachments.samples import image
from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal

PLACEHOLDER = "\U0010eeee"
ASKED_NAME, ASKED_GRAPHICS = b"\x1b[>q", b"a=q,t=d,f=24"
NAMED, OK = "\x1bP>|kitty(0.40.1)\x1b\\", "\x1b_Gi=4207849;OK\x1b\\"


class KittyTerminal(Terminal):
    """A terminal whose screen does not print graphics sequences."""

    def __init__(self, home: Path, **more: str) -> None:
        environment = clean_environment(home, TUI_CHAT_DEMO_PACE="0", COLORTERM="truecolor", **more)
        command = [sys.executable, "-m", "tui_chat", "--demo"]
        super().__init__(command, environment={**environment, "PYTHONPATH": str(ROOT)}, cwd=home)
        feed, held = self.screen.feed, b""

        def feed_text(data: bytes) -> None:
            nonlocal held
            held = re.sub(rb"\x1b_G.*?\x1b\\|\x1bPtmux;.*?[^\x1b]\x1b\\", b"", held + data, flags=re.DOTALL)
            starts = [at for mark in (b"\x1b_", b"\x1bP") if (at := held.find(mark)) >= 0]
            end = min(starts, default=len(held) - held.endswith(b"\x1b"))
            feed(held[:end])
            held = held[end:]

        self.screen.feed = feed_text  # type: ignore[method-assign]

    def asked(self, question: bytes) -> None:
        self.until(lambda _: question in self.output)

    @property
    def sent(self) -> bytes:
        """The images that were sent, one after the other."""
        pieces = re.findall(rb"\x1b_G(?:a=t,f=100,t=d,i=\d+,)?q=2,m=[01];([A-Za-z0-9+/=]*)\x1b\\", self.output)
        return b64decode(b"".join(pieces))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "shot.png").write_bytes(image(width=320, height=320))
    (tmp_path / "photo.jpg").write_bytes(image("JPEG", width=320, height=320))
    return tmp_path


def send(terminal: Terminal, path: Path) -> None:
    terminal.until("Ask anything")
    terminal.type(f"\x1b[200~{path}\x1b[201~")
    terminal.until(f"{path.name} · ")
    terminal.type("error 400\r")
    terminal.until(lambda text: "+ " + path.name in text and "⟦" not in text)


def shown(terminal: Terminal) -> int:
    """How many rows of the screen show an image."""
    return sum(PLACEHOLDER in line for line in terminal.screen.display)


def leave(terminal: Terminal) -> None:
    terminal.type("\x11")
    assert terminal.wait() == 0


def test_an_image_is_sent_once_and_shown_in_its_message(home: Path) -> None:
    with KittyTerminal(home) as terminal:
        send(terminal, home / "shot.png")
        terminal.asked(ASKED_NAME)
        terminal.asked(ASKED_GRAPHICS)
        assert b"a=t" not in terminal.output
        terminal.type(NAMED + OK)
        terminal.until(lambda _: shown(terminal) == 16)
        terminal.until(lambda _: re.search(rb"\x1b_Ga=p,U=1,i=\d+,c=32,r=16,q=2\x1b\\", terminal.output) is not None)
        assert terminal.sent == image(width=320, height=320)
        (color,) = set(
            re.findall(rb"\x1b\[(?:[\d;]*;)?38;2;(47;0;1)(?:;[\d;]*)?m" + PLACEHOLDER.encode(), terminal.output)
        )
        assert color == b"47;0;1", "the colour is the id of the image"
        terminal.resize(90, 12)
        leave(terminal)
    assert b"\x1b_Ga=d,d=I,i=3080193,q=2\x1b\\" in terminal.output
    assert terminal.sent == image(width=320, height=320)


@pytest.mark.parametrize(
    "answers", ["", OK, NAMED, "\x1bP>|WezTerm 2024\x1b\\" + OK, NAMED + OK.replace("OK", "ENOTSUP")]
)
def test_nothing_is_drawn_in_a_terminal_that_did_not_say_it_can(home: Path, answers: str) -> None:
    with KittyTerminal(home) as terminal:
        send(terminal, home / "shot.png")
        terminal.asked(ASKED_GRAPHICS)
        terminal.type(answers)
        terminal.type("still here")
        terminal.until("still here")
        leave(terminal)
    assert b"a=t" not in terminal.output and PLACEHOLDER.encode() not in terminal.output


def test_within_tmux_images_go_through_to_the_terminal(home: Path) -> None:
    with KittyTerminal(home, TMUX="/tmp/tmux-0/default,1,0", KITTY_WINDOW_ID="1") as terminal:
        send(terminal, home / "shot.png")
        terminal.until(lambda _: b"\x1bPtmux;\x1b\x1b_G" in terminal.output)
        terminal.type(OK)
        terminal.until(lambda _: shown(terminal) == 16)
        terminal.until(lambda _: b"a=p,U=1" in terminal.output)
        leave(terminal)
    for sequence in re.findall(rb"(?:\x1bPtmux;\x1b)?\x1b_G", terminal.output):
        assert sequence.startswith(b"\x1bPtmux;"), "nothing is sent to tmux itself"


def test_a_photo_is_converted(home: Path) -> None:
    with KittyTerminal(home) as terminal:
        send(terminal, home / "photo.jpg")
        terminal.asked(ASKED_GRAPHICS)
        terminal.type(NAMED + OK)
        terminal.until(lambda _: b"a=p,U=1" in terminal.output)
        assert terminal.sent.startswith(b"\x89PNG")
        leave(terminal)


@pytest.mark.parametrize(("setting", "has_row"), [("chip", True), ("off", False)])
def test_the_setting_keeps_the_terminal_from_being_asked(home: Path, setting: str, has_row: bool) -> None:
    settings = home / "settings.toml"
    settings.write_text(f'[ui]\nimages = "{setting}"\n')
    with KittyTerminal(home, TUI_CHAT_CONFIG=str(settings)) as terminal:
        terminal.until("Ask anything")
        terminal.type(f"\x1b[200~{home}/shot.png\x1b[201~")
        terminal.until("shot.png · ")
        terminal.type("error 400\r")
        terminal.until(lambda text: "The provider refused" in text)
        assert ("+ shot.png" in terminal.text) is has_row
        leave(terminal)
    assert ASKED_GRAPHICS not in terminal.output and ASKED_NAME not in terminal.output

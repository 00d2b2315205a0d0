"""What a model, a tool, a file or a person wrote never steers the terminal: not in the app, not on the command line.

Every output is taken from a real pseudo-terminal as the bytes that the program wrote.
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal
from tui_chat.core.conversation import Conversation
from tui_chat.core.part import TextPart, ThinkingPart, ToolCallPart, ToolResultPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.core.usage import Usage
from tui_chat.storage.store import Store

COMMAND = (sys.executable, "-m", "tui_chat")
CORPUS = {
    "title": "\x1b]0;mark01\x07",
    "icon": "\x1b]1;mark02\x1b\\",
    "colour": "\x1b]4;1;rgb:ff/00/00mark03\x1b\\",
    "folder": "\x1b]7;file:///mark04\x07",
    "link": "\x1b]8;;http://mark05\x1b\\x\x1b]8;;\x1b\\",
    "notice": "\x1b]9;mark06\x07",
    "ground": "\x1b]11;#mark07\x07",
    "clipboard": "\x1b]52;c;bWFyazA4\x07",
    "shell marks": "\x1b]133;A;mark09\x07",
    "iterm file": "\x1b]1337;File=inline=1:bWFyazEw\x07",
    "clear": "\x1b[2Jmark11",
    "home": "\x1b[Hmark12",
    "alternate screen off": "\x1b[?1049lmark13",
    "mouse off": "\x1b[?1000lmark14",
    "paste off": "\x1b[?2004lmark15",
    "cursor off": "\x1b[?25lmark16",
    "report": "\x1b[6nmark17",
    "attributes": "\x1b[>cmark18",
    "colours": "\x1b[31;1mmark19",
    "scroll region": "\x1b[1;2rmark20",
    "window": "\x1b[8;1;1tmark21",
    "kitty keys": "\x1b[>1umark22",
    "half a sequence": "mark23\x1b[",
    "lone escape": "mark24\x1b",
    "reset": "\x1bcmark25",
    "save cursor": "\x1b7mark26",
    "charset": "\x1b(0mark27",
    "keypad": "\x1b=mark28",
    "dcs": "\x1bPmark29\x1b\\",
    "sixel": "\x1bPq#0;2;0;0;0mark30\x1b\\",
    "tmux passthrough": "\x1bPtmux;\x1b\x1b]52;c;bWFyazMx\x07\x1b\\",
    "apc": "\x1b_Gmark32\x1b\\",
    "pm": "\x1b^mark33\x1b\\",
    "sos": "\x1bXmark34\x1b\\",
    "c1 csi": "\x9b2Jmark35",
    "c1 osc": "\x9d0;mark36\x9c",
    "c1 dcs": "\x90mark37\x9c",
    "c1 next line": "mark38\x85mark38",
    "bell": "mark39\x07mark39",
    "backspace": "mark40\x08\x08mark40",
    "shift out": "mark41\x0emark41\x0f",
    "vertical tab": "mark42\x0bmark42",
    "form feed": "mark43\x0cmark43",
    "return": "mark44\rmark44",
    "delete": "mark45\x7fmark45",
    "nul": "mark46\x00mark46",
    "override": "mark47\u202emark47",
    "isolate": "mark48\u2066mark48\u2069",
    "zero width": "mark49\u200bmark49",
    "tags": "mark50\U000e0041\U000e0042mark50",
    "line separator": "mark51\u2028mark51",
}
MARKUP = "[bold]mark60[/] [/INST] [@click=app.quit]mark61[/] [link=http://x]mark62[/link]"
HOSTILE = " ".join(CORPUS.values()) + " " + MARKUP
NOW = datetime.now(UTC) - timedelta(minutes=5)


_OUR_NEXT = {"lone escape": rb"(?!\[)", "half a sequence": rb"(?![0-9?A-Z])"}
"""A row may be cut behind such a text, and a sequence of our own comes next."""


def injected(output: bytes) -> dict[str, int]:
    """How often each sequence of the corpus arrived as it was."""
    patterns = {name: re.escape(text.encode()) + _OUR_NEXT.get(name, b"") for name, text in CORPUS.items()}
    return {name: count for name, pattern in patterns.items() if (count := len(re.findall(pattern, output)))}


def hostile() -> Conversation:
    usage = Usage(10, output_tokens=5)
    model = f"demo/{CORPUS['title']}{CORPUS['bell']}"
    call = ToolCallPart("call", HOSTILE, f'{{"say": "{CORPUS["clear"]}"}}')
    parts = (
        ThinkingPart(HOSTILE),
        TextPart(
            f"needle {HOSTILE}\n\n# {HOSTILE}\n\n```{CORPUS['clear']}\n{HOSTILE}\n```\n\n"
            f"| a |\n|---|\n| {HOSTILE} |\n"
        ),
        TextPart(f"[{CORPUS['title']}text](http://example.com/{CORPUS['clear']}) ![{HOSTILE}](http://x)"),
        call,
    )
    turns = (
        Turn("p1", None, Role.USER, (TextPart(f"needle {HOSTILE}"),), TurnStatus.COMPLETE, NOW),
        Turn("r1", "p1", Role.ASSISTANT, parts, TurnStatus.COMPLETE, NOW, model, usage=usage),
        Turn("t1", "r1", Role.USER, (ToolResultPart("call", HOSTILE),), TurnStatus.COMPLETE, NOW),
        Turn("r2", "t1", Role.ASSISTANT, (TextPart("done"),), TurnStatus.COMPLETE, NOW, model, usage=usage),
        Turn("r3", "t1", Role.ASSISTANT, (TextPart(HOSTILE),), TurnStatus.CANCELLED, NOW, model, usage=usage),
    )
    made = Conversation("feed0000-0000-4000-8000-000000000000", NOW, NOW, f"title {HOSTILE}", model=model)
    return replace(made, system=HOSTILE, turns=turns, head="r3")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose only conversation is hostile from end to end."""

    async def fill() -> None:
        store = await Store.open(tmp_path / "data" / "conversations.db")
        await store.save(hostile())
        await store.save(
            replace(hostile(), id="feed1111-0000-4000-8000-000000000000", turns=hostile().turns[:2], head="r1")
        )
        await store.add_prompt(HOSTILE)
        await store.delete("feed1111-0000-4000-8000-000000000000")
        await store.aclose()

    (tmp_path / "data").mkdir(mode=0o700)
    asyncio.run(fill())
    return tmp_path


def called(home: Path, *words: str) -> Terminal:
    return Terminal(
        (*COMMAND, "--data-dir", str(home / "data"), *words),
        environment=clean_environment(home, TUI_CHAT_DEMO_PACE="0"),
        size=(160, 50),
    )


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("list", "--archived"),
        ("list", "--json"),
        ("show", "feed0"),
        ("show", "--plain", "feed0"),
        ("show", "--json", "feed0"),
        ("search", "needle"),
        ("search", "--json", "needle"),
        ("usage",),
        ("usage", "--by", "model"),
        ("usage", "--by", "conversation"),
        ("stats",),
        ("doctor",),
        ("export", "feed0"),
        ("rename", "feed0", HOSTILE.replace("\x00", "")),
        ("fork", "feed0"),
        ("delete", "feed0"),
        ("restore", "feed1"),
        ("show", HOSTILE.replace("\x00", "")),
        ("open", "zebra " + HOSTILE.replace("\x00", "")),
        ("search", HOSTILE.replace("\x00", "")),
        ("import", HOSTILE.replace("\x00", "").replace("/", "")),
        ("ask", "--jsonl", "--demo", HOSTILE.replace("\x00", "")),
        ("ask", "-m", HOSTILE.replace("\x00", ""), "hello"),
        ("prices", "-m", HOSTILE.replace("\x00", "")),
        ("--conversation", HOSTILE.replace("\x00", "")),
    ],
    ids=lambda words: " ".join(words)[:24].partition("\x1b")[0],
)
def test_no_command_lets_anything_through(home: Path, words: Sequence[str]) -> None:
    with called(home, *words) as terminal:
        terminal.wait()
        assert injected(terminal.output) == {}
        assert b"Traceback" not in terminal.output


def settle(terminal: Terminal) -> None:
    """Until nothing more is written, as a person waits between two keys."""
    written = -1
    while written != len(terminal.output):
        written = len(terminal.output)
        terminal.read(0.4)


def looked_at(terminal: Terminal, keys: str, seen: Callable[[str], bool]) -> None:
    terminal.type(keys)
    terminal.until(seen)


def test_no_screen_of_the_app_lets_anything_through(home: Path) -> None:
    with called(home, "--demo", "--conversation", "feed0") as terminal:
        terminal.until("mark60")
        settle(terminal)
        terminal.type("\t")
        settle(terminal)
        looked_at(terminal, "g", lambda text: "needle" in text)
        for keys in ("\x14", "J", "K", "l", "L", "b", "y", "Y", "[", "]", "/", "needle\t", "n", "u"):
            terminal.type(keys)
            settle(terminal)
        for opens, shows in (
            ("t", "Conversation tree"),
            ("\x0f", "Conversations"),
            ("\x10", "Command palette"),
            ("\x0c", "Model"),
        ):
            looked_at(terminal, opens, lambda text, shows=shows: shows in text)  # type: ignore[misc]
            settle(terminal)
            looked_at(terminal, "\x1b", lambda text, shows=shows: shows not in text)  # type: ignore[misc]
        terminal.type("i")
        settle(terminal)
        looked_at(terminal, "\x1b[17~", lambda text: "Prompt history" in text)
        settle(terminal)
        looked_at(terminal, "\x1b", lambda text: "Prompt history" not in text)
        looked_at(terminal, "/usage\r", lambda text: "Usage by day" in text)
        looked_at(terminal, "c", lambda text: "by conversation" in text)
        settle(terminal)
        looked_at(terminal, "\x1b", lambda text: "by conversation" not in text)
        for asks in ("/system\r", "/title\r"):
            terminal.type(asks)
            settle(terminal)
        terminal.type("\x11")
        assert terminal.wait() == 0
        assert injected(terminal.output) == {}
        assert "Traceback" not in terminal.text
        assert b"[@click=app.quit]" in terminal.output, "markup is shown as it was written"


def test_into_a_pipe_everything_goes_untouched(home: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "--data-dir", str(home / "data"), "show", "--plain", "feed0"],
        cwd=ROOT, env=clean_environment(home), capture_output=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert set(injected(done.stdout)) == set(CORPUS)

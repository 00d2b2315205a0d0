"""The same mixtures for the whole program in a terminal, and signals too: it answers or has exited cleanly.

`TUI_CHAT_PROGRAM_FAULTS` is how many schedules are played, `TUI_CHAT_PROGRAM_FAULT` plays the one of that number.
"""

import asyncio
import json
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from random import Random

import pytest

from tests.end_to_end.test_program import is_restored
from tests.faults.plan import Plan, plan
from tests.support.environment import clean_environment
from tests.support.pty_terminal import Terminal
from tests.support.wire_server import Answer, Wire
from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, TurnStatus
from tui_chat.storage.store import Store

_ONE = os.environ.get("TUI_CHAT_PROGRAM_FAULT")
SEEDS = [int(_ONE)] if _ONE else list(range(int(os.environ.get("TUI_CHAT_PROGRAM_FAULTS", "3"))))
COMMAND = (sys.executable, "-m", "tui_chat", "-m", "anthropic/claude-sonnet-5-5")
PROMPT = "keep this prompt"
KEPT_WITHIN_S = 0.25 + 0.5
"""Between two saves, and what a busy machine may keep a process waiting."""


class Signal(StrEnum):
    """What the system sends."""

    NONE = "none"
    TERM = "term"
    HUP = "hup"
    INT = "int"
    KILL = "kill"
    STOP = "stop and continue"


class Harm(StrEnum):
    """What becomes of the database meanwhile."""

    NONE = "none"
    LOCKED = "locked"
    DELETED = "deleted"
    DELETED_FOLDER = "deleted with its folder's other files"


KEYS = {
    "nothing": "",
    "escape": "\x1b",
    "ctrl+c": "\x03",
    "again": "\x1bOQ",
    "more": "and more\r",
    "resize": "",
    "quit": "\x11",
}


@dataclass(frozen=True)
class Mixture:
    """One schedule for a program."""

    plan: Plan
    signal: Signal
    harm: Harm
    key: str
    at_s: float


def mixture(seed: int) -> Mixture:
    """The schedule of that number."""
    luck = Random(seed)
    return Mixture(
        replace(plan(seed), pace_s=0.02),
        luck.choice(list(Signal)),
        luck.choice(list(Harm)),
        luck.choice(list(KEYS)),
        luck.uniform(0, 1.5),
    )


@contextmanager
def served(wire: Wire) -> Iterator[None]:
    """The server on a thread of its own, since the terminal is read on this one."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(wire.start(), loop).result(10)
        try:
            yield
        finally:
            asyncio.run_coroutine_threadsafe(wire.stop(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def received_text(wire: Wire) -> str:
    """The text that was handed to the network in the last reply, as far as its events are whole."""
    asked = [seen for seen in wire.requests if seen.path.partition("?")[0] == "/v1/messages"]
    text = ""
    for line in bytes(asked[-1].sent).rpartition(b"\n\n")[0].split(b"\n") if asked else []:
        with suppress(ValueError):
            event = json.loads(line.removeprefix(b"data: "))
            if event["type"] == "content_block_delta":
                text += event["delta"]["text"]
    return text


def harm(database: Path, kind: Harm) -> None:
    match kind:
        case Harm.LOCKED:
            with closing(sqlite3.connect(database, isolation_level=None, timeout=5)) as other:
                other.execute("BEGIN IMMEDIATE")
                time.sleep(0.4)
                other.execute("ROLLBACK")
        case Harm.DELETED:
            database.unlink()
        case Harm.DELETED_FOLDER:
            for file in database.parent.glob("conversations.db*"):
                file.unlink(missing_ok=True)
        case Harm.NONE:
            pass


def press(terminal: Terminal, key: str) -> None:
    if key == "resize":
        terminal.resize(70, 20)
        terminal.signal(signal.SIGWINCH)
    elif KEYS[key]:
        terminal.type(KEYS[key])


def send(terminal: Terminal, kind: Signal) -> None:
    match kind:
        case Signal.NONE:
            return
        case Signal.STOP:
            terminal.signal(signal.SIGSTOP)
            time.sleep(0.3)
            terminal.signal(signal.SIGCONT)
        case _:
            terminal.signal(signal.Signals[f"SIG{kind.name}"])


@pytest.mark.parametrize("seed", SEEDS)
def test_the_program_answers_or_has_left_in_good_order(seed: int, tmp_path: Path) -> None:
    schedule = mixture(seed)
    print(schedule)
    nothing = Answer.json({"data": [], "has_more": False})
    wire = Wire(*schedule.plan.answers(), routes={"/v1/models": nothing, "/v1/messages/count_tokens": nothing})
    with served(wire):
        environment = clean_environment(tmp_path, ANTHROPIC_API_KEY="key-for-a-test", ANTHROPIC_BASE_URL=wire.url)
        with Terminal(COMMAND, environment=environment) as terminal:
            kept = play(terminal, wire, schedule, tmp_path)
            assert b"Traceback" not in terminal.output
    check_what_is_kept(tmp_path, schedule, kept)


def play(terminal: Terminal, wire: Wire, schedule: Mixture, home: Path) -> str:
    """Go through it and see the program end; returns what must have been kept of the reply."""
    terminal.until("Ask anything")
    terminal.type(PROMPT + "\r")
    terminal.until(lambda _: any(seen.path.partition("?")[0] == "/v1/messages" for seen in wire.requests))
    pass_time(terminal, schedule.at_s)
    harm(next(home.rglob("conversations.db")), schedule.harm)
    press(terminal, schedule.key)
    sure = received_text(wire)
    pass_time(terminal, KEPT_WITHIN_S)
    send(terminal, schedule.signal)
    ended = schedule.signal in (Signal.TERM, Signal.HUP, Signal.KILL) or schedule.key == "quit"
    if schedule.signal is Signal.KILL:
        terminal.process.wait(timeout=10)
    elif ended or leaves_within(terminal, 0.5):
        terminal.wait(patience_s=15)
        assert is_restored(terminal.output)
    else:
        # An Escape that came when the reply had ended has gone to reading; from a search one always comes back.
        terminal.type("\x06\ri\x15still here")
        terminal.until("still here")
        terminal.type("\x15\x11")
        assert terminal.wait(patience_s=15) == 0
        assert is_restored(terminal.output)
    return sure if schedule.key not in ("again", "more") else ""


def pass_time(terminal: Terminal, for_s: float) -> None:
    """Let the program run, and read what it draws."""
    end_s = time.monotonic() + for_s
    while (left_s := end_s - time.monotonic()) > 0 and terminal.process.poll() is None:
        if not terminal.read(min(left_s, 0.05)):
            time.sleep(min(left_s, 0.05))


def leaves_within(terminal: Terminal, for_s: float) -> bool:
    """Whether it ends of itself, as it may when it is interrupted."""
    pass_time(terminal, for_s)
    return terminal.process.poll() is not None


def check_what_is_kept(home: Path, schedule: Mixture, sure: str) -> None:
    """The prompt is there, every reply is the beginning of what was sent, and one of them is nearly whole."""
    if schedule.signal is Signal.KILL and schedule.harm in (Harm.DELETED, Harm.DELETED_FOLDER):
        return
    database = next(home.rglob("conversations.db"))
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    kept = asyncio.run(only_conversation(database))
    prompts = [turn.text for turn in kept.turns if turn.role is Role.USER]
    replies = [turn for turn in kept.turns if turn.role is Role.ASSISTANT]
    assert prompts[0] == PROMPT and replies
    for reply in replies:
        assert reply.status is not TurnStatus.STREAMING
        assert schedule.plan.text.startswith(reply.text) or reply.text == "fine"
    assert any(reply.text.startswith(sure) for reply in replies), (sure, replies)


async def only_conversation(database: Path) -> Conversation:
    """What the next start finds."""
    store = await Store.open(database)
    try:
        assert store.opening.damaged_moved_to is None
        (only,) = await store.summaries()
        return await store.conversation(only.id)
    finally:
        await store.aclose()

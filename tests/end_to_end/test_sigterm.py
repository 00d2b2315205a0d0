"""SIGTERM at random moments of hostile situations: the program ends within three seconds and keeps what arrived.

`TUI_CHAT_TEST_TERMS` is how many moments are tried; `-rP` prints what each took.
"""

import json
import os
import re
import select
import shlex
import signal
import sqlite3
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random

import pytest

from tests.benchmarks.opening import conversation, store
from tests.faults.test_program import served
from tests.support.environment import ROOT, clean_environment, only_conversation
from tests.support.pty_terminal import Terminal, is_restored
from tests.support.wire_server import Answer, End, Step, Wire

LIMIT_S = 3.0
SAVED_WITHIN_S = 0.25 + 0.35
"""Between two saves, and what a busy machine may keep a process waiting."""
WORDS = [f"word{number} " for number in range(3_000)]
FLOOD = [f"word{number} " for number in range(100_000)]
TERM = int(signal.SIGTERM)
PROMPT = "keep this prompt"
MODEL = ("-m", "anthropic/claude-sonnet-5-5")
NOTHING = Answer.json({"data": [], "has_more": False})


def sse(value: dict[str, object]) -> bytes:
    return f"event: {value['type']}\ndata: {json.dumps(value)}\n\n".encode()


def reply(words: list[str], pause_s: float) -> Iterator[Step]:
    usage = {"input_tokens": 5, "output_tokens": 1}
    yield sse({"type": "message_start", "message": {"id": "m", "type": "message", "usage": usage, "content": []}})
    yield sse({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}})
    for word in words:
        if pause_s:
            yield pause_s
        yield sse({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}})
    yield End.HANG


def slow() -> Answer:
    return Answer(tuple(reply(WORDS, 0.01)))


class Running:
    """A program under test, in a terminal or with its stdout in a file."""

    def __init__(self, home: Path, process: subprocess.Popen[bytes], terminal: Terminal | None, stdout: Path) -> None:
        self.home = home
        self.process = process
        self.terminal = terminal
        self.stdout = stdout
        self.modes = terminal and termios.tcgetattr(terminal._master)[:4]

    @property
    def shown(self) -> int:
        """The number of the last word that is shown; -1 without one."""
        text = self.terminal.text if self.terminal else self.stdout.read_text()
        return max((int(number) for number in re.findall(r"word(\d+) ", text)), default=-1)

    def let_run(self, for_s: float) -> None:
        end_s = time.monotonic() + for_s
        while (left_s := end_s - time.monotonic()) > 0:
            if self.terminal is None or not self.terminal.read(left_s):
                time.sleep(min(left_s, 0.01))

    def until_shown(self, number: int) -> None:
        end_s = time.monotonic() + 60
        while self.shown < number:
            assert time.monotonic() < end_s, self.terminal and self.terminal.text
            self.let_run(0.02)

    def block(self, luck: Random) -> int:
        """Block its event loop at some moment; returns the last word that was shown before."""
        self.until_shown(5)
        self.let_run(luck.uniform(0, 1))
        shown = self.shown
        self.process.send_signal(signal.SIGUSR1)
        self.let_run(0.2 + luck.uniform(0, 0.5))
        return shown

    def end(self, number: int = TERM, codes: tuple[int, ...] = (128 + TERM,), *, reads: bool = True) -> float:
        """Send the signal and wait; returns how many seconds it took."""
        ended: list[float] = []

        def wait() -> None:
            self.process.wait()
            ended.append(time.monotonic())

        waiting = threading.Thread(target=wait)
        waiting.start()
        start_s = time.monotonic()
        self.process.send_signal(number)
        while waiting.is_alive() and time.monotonic() < start_s + 15:
            if reads:
                self.let_run(0.02)
            else:
                waiting.join(0.02)
        if waiting.is_alive():
            self.process.kill()
            waiting.join()
            pytest.fail(f"still running after 15 s:\n{self.terminal.text if self.terminal else ''}")
        assert self.process.returncode in codes
        if self.terminal is not None:
            while select.select([self.terminal._master], [], [], 0.05)[0] and self.terminal.read(0.05):
                pass
            assert is_restored(self.terminal.output), self.terminal.output[-400:]
            assert termios.tcgetattr(self.terminal._master)[:4] == self.modes
            assert b"Traceback" not in self.terminal.output
        return ended[0] - start_s

    def keeps(self, shown: int = -1) -> None:
        """The database is sound, and holds the prompt and the reply at least up to that word."""
        sound(self.home)
        prompt, answer = only_conversation(self.home)["turns"]
        assert prompt["parts"][0]["text"] == PROMPT
        assert answer["status"] in ("interrupted", "cancelled")
        kept = "".join(part["text"] for part in answer["parts"])
        assert "".join(WORDS).startswith(kept)
        assert kept.count(" ") > shown


def sound(home: Path) -> None:
    with closing(sqlite3.connect(next(home.rglob("conversations.db")))) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@contextmanager
def running(
    home: Path,
    *answers: Answer,
    words: tuple[str, ...],
    block: str = "",
    send: bool = True,
    stdout: str = "stdout",
    **more: str,
) -> Iterator[Running]:
    """The app in a terminal, or `ask` where that is among the words; with a server that gives the answers."""
    wire = Wire(*answers, routes={"/v1/models": NOTHING, "/v1/messages/count_tokens": NOTHING})
    module = ["tests.support.blocking_program", block] if block else ["tui_chat"]
    command = [sys.executable, "-m", *module, *words]
    with served(wire):
        environment = clean_environment(
            home, ANTHROPIC_API_KEY="key-for-a-test", ANTHROPIC_BASE_URL=wire.url, PYTHONPATH=str(ROOT), **more
        )
        if words[0] != "ask":
            with Terminal(command, environment=environment) as terminal:
                one = Running(home, terminal.process, terminal, home)
                if send:
                    terminal.until("Ask anything")
                    terminal.type(f"{PROMPT}\r")
                yield one
            return
        output = home / stdout
        with output.open("wb") as file:
            process = subprocess.Popen(
                [*command, PROMPT],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.PIPE,
            )
        try:
            yield Running(home, process, None, output)
        finally:
            process.kill()
            _, complaint = process.communicate()
            assert b"Traceback" not in complaint


APP, ASK = MODEL, ("ask", *MODEL)


def blocked(kind: str, words: tuple[str, ...]) -> "Scene":
    """The event loop is blocked, and nothing that arrived was saved yet."""

    def play(home: Path, luck: Random) -> float:
        with running(home, slow(), words=words, block=kind, TUI_CHAT_UNSAVED="1") as one:
            shown = one.block(luck)
            spent_s = one.end()
        one.keeps(shown)
        return spent_s

    return play


def locked(words: tuple[str, ...]) -> "Scene":
    """Another process keeps the database locked."""

    def play(home: Path, luck: Random) -> float:
        with running(home, slow(), words=words) as one:
            one.until_shown(5)
            one.let_run(SAVED_WITHIN_S)
            shown = one.shown
            one.let_run(SAVED_WITHIN_S)
            with closing(sqlite3.connect(next(home.rglob("conversations.db")), isolation_level=None)) as other:
                other.execute("PRAGMA busy_timeout = 20000")
                other.execute("BEGIN IMMEDIATE")
                one.let_run(luck.uniform(0, 1))
                spent_s = one.end()
        one.keeps(shown)
        return spent_s

    return play


def unanswered(answer: Answer, words: tuple[str, ...]) -> "Scene":
    """The request has left, and nothing of use comes back."""

    def play(home: Path, luck: Random) -> float:
        with running(home, answer, words=words) as one:
            until_stored(home)
            one.let_run(luck.uniform(0, 2))
            spent_s = one.end()
        one.keeps()
        return spent_s

    return play


def until_stored(home: Path) -> None:
    end_s = time.monotonic() + 30
    while not (found := list(home.rglob("conversations.db"))) or not _turns(found[0]):
        assert time.monotonic() < end_s, "the prompt was not stored"
        time.sleep(0.02)


def _turns(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        try:
            return int(connection.execute("SELECT count(*) FROM turn").fetchone()[0])
        except sqlite3.OperationalError:
            return 0


def flooded(words: tuple[str, ...]) -> "Scene":
    """A hundred thousand events arrive as fast as they can be read."""

    def play(home: Path, luck: Random) -> float:
        flood = Answer((b"".join(step for step in reply(FLOOD, 0) if isinstance(step, bytes)), End.HANG))
        with running(home, flood, words=words) as one:
            one.until_shown(0)
            one.let_run(luck.uniform(0, 1))
            shown = one.shown
            one.let_run(SAVED_WITHIN_S)
            spent_s = one.end()
        sound(home)
        kept = "".join(part["text"] for part in only_conversation(home)["turns"][1]["parts"])
        assert "".join(FLOOD).startswith(kept) and kept.count(" ") > shown
        return spent_s

    return play


def with_key_command(home: Path, script: str) -> None:
    """Set up a provider whose key comes from a shell script."""
    config = home / ".config" / "tui-chat" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(
        f'[providers.slow]\nkind = "anthropic"\nbase_url = "http://127.0.0.1:9"\n'
        f'api_key_cmd = ["sh", "-c", "{script}"]\n'
    )


def key_command(words: tuple[str, ...]) -> "Scene":
    """The command for the key takes a minute."""

    def play(home: Path, luck: Random) -> float:
        with_key_command(home, "exec sleep 60")
        with running(home, slow(), words=(*words[:-1], "slow/claude-sonnet-5-5")) as one:
            until_stored(home)
            one.let_run(luck.uniform(0, 2))
            spent_s = one.end()
        one.keeps()
        return spent_s

    return play


def starting(home: Path, luck: Random) -> float:
    """Before anything is shown, or just then."""
    with running(home, slow(), words=APP, send=False) as one:
        if luck.random() < 0.7:
            until_taken(one)
            one.let_run(luck.uniform(0, 0.5))
        else:
            one.let_run(luck.uniform(0, 1.2))
        # Before the program's own code runs, the signal has its usual effect.
        return one.end(codes=(143, -TERM))


def until_taken(one: Running) -> None:
    """Wait until the program has switched the terminal to its own screen."""
    terminal = one.terminal
    assert terminal is not None
    terminal.until(lambda _: b"\x1b[?1049h" in terminal.output)


def opening(home: Path, luck: Random) -> float:
    """A conversation of ten thousand turns is read and laid out."""
    data = home / ".local" / "share" / "tui-chat"
    data.mkdir(parents=True, mode=0o700)
    store(data, [conversation(10_000, "long")])
    with running(home, slow(), words=("-c",), send=False) as one:
        until_taken(one)
        one.let_run(luck.uniform(0, 1.5))
        spent_s = one.end()
    sound(home)
    assert _turns(data / "conversations.db") == 10_000
    return spent_s


def editing(home: Path, luck: Random) -> float:
    """An editor that ignores the signal has the terminal."""
    editor = 'sh -c \'trap "" TERM; printf "\\033[?1049h in the editor"; sleep 60\' editor'
    with running(home, slow(), words=APP, EDITOR=editor) as one:
        assert one.terminal is not None
        one.until_shown(5)
        one.terminal.type("\x07")
        one.terminal.until("in the editor")
        one.let_run(luck.uniform(0, 1))
        spent_s = one.end()
    one.keeps(5)
    return spent_s


def in_a_dialog(home: Path, luck: Random) -> float:
    """A dialog lies over the conversation."""
    with running(home, slow(), words=APP) as one:
        assert one.terminal is not None
        one.until_shown(5)
        one.terminal.type("\x10")
        one.terminal.until("Command palette")
        one.let_run(luck.uniform(0, 1))
        spent_s = one.end()
    one.keeps(5)
    return spent_s


def stalled_terminal(home: Path, luck: Random) -> float:
    """The terminal takes no output, as after Ctrl+S."""
    flood = Answer((b"".join(step for step in reply(WORDS, 0) if isinstance(step, bytes)), *reply(WORDS, 0.005)))
    with running(home, flood, words=APP) as one:
        one.until_shown(0)
        time.sleep(2 + luck.uniform(0, 1))
        spent_s = one.end(reads=False)
    sound(home)
    assert only_conversation(home)["turns"][1]["status"] == "interrupted"
    return spent_s


def stalled_and_blocked(home: Path, luck: Random) -> float:
    """The terminal takes no output, and the event loop is blocked as well."""
    with running(home, slow(), words=APP, block="regex", TUI_CHAT_UNSAVED="1") as one:
        one.until_shown(5)
        shown = one.shown
        time.sleep(2 + luck.uniform(0, 1))
        one.process.send_signal(signal.SIGUSR1)
        time.sleep(0.3)
        spent_s = one.end(reads=False)
    one.keeps(shown)
    return spent_s


def unread_pipe(home: Path, luck: Random) -> float:
    """Nothing reads what `ask` prints."""
    flood = Answer((b"".join(step for step in reply(FLOOD, 0) if isinstance(step, bytes)), End.HANG))
    os.mkfifo(home / "pipe")
    reader = os.open(home / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        with running(home, flood, words=ASK, stdout="pipe") as one:
            until_stored(home)
            one.let_run(1 + luck.uniform(0, 1))
            spent_s = one.end()
    finally:
        os.close(reader)
    sound(home)
    return spent_s


def exporting(home: Path, luck: Random) -> float:
    """A large library is exported: the file is there whole, or not at all."""
    given = command_in(large_library(home), "export", "--all", "-f", "json", "-o", str(home / "all.json"))
    spent_s = ended(given, home, luck)
    if (home / "all.json").exists():
        assert all(json.loads(line) for line in (home / "all.json").read_text().splitlines())
    return spent_s


def importing(home: Path, luck: Random) -> float:
    """A large file is imported: the database is sound, and importing again completes it."""
    library = large_library(home)
    subprocess.run(
        command_in(library, "export", "--all", "-f", "json", "-o", str(home / "all.json")),
        env=clean_environment(home),
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (home / "other").mkdir(mode=0o700)
    given = command_in(home / "other", "import", str(home / "all.json"))
    spent_s = ended(given, home, luck)
    subprocess.run(given, env=clean_environment(home), cwd=ROOT, check=True, capture_output=True)
    assert _turns(home / "other" / "conversations.db") == _turns(library / "conversations.db")
    return spent_s


def large_library(home: Path) -> Path:
    data = home / "library"
    data.mkdir(mode=0o700)
    store(data, [conversation(1_500, f"number{number}") for number in range(4)])
    return data


def command_in(data: Path, name: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "tui_chat", "--data-dir", str(data), name, *words]


def ended(given: list[str], home: Path, luck: Random) -> float:
    """Start it and send the signal at some moment; a command without a screen is ended by the system."""
    process = subprocess.Popen(given, cwd=ROOT, env=clean_environment(home), stdout=subprocess.DEVNULL)
    time.sleep(luck.uniform(0.1, 1.2))
    start_s = time.monotonic()
    process.terminate()
    process.wait(timeout=15)
    assert process.returncode in (0, -TERM)
    for database in home.rglob("conversations.db"):
        with closing(sqlite3.connect(database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return time.monotonic() - start_s


Scene = Callable[[Path, Random], float]
NEVER = Answer((), wait_s=60.0)
DRIPPING_HEADERS = Answer(
    (b"HTTP/1.1 200 OK\r\n", *(step for _ in range(600) for step in (0.1, b"X-More: more\r\n"))), silent=True
)
OVERLOADED = Answer.json(
    {"error": {"type": "overloaded_error", "message": "later"}}, status=529, headers={"retry-after": "30"}
)
SCENES: dict[str, Scene] = {
    **{f"app, blocked: {kind}": blocked(kind, APP) for kind in ("python", "regex", "call")},
    "app, database locked": locked(APP),
    "app, no answer": unanswered(NEVER, APP),
    "app, headers without end": unanswered(DRIPPING_HEADERS, APP),
    "app, waiting to retry": unanswered(OVERLOADED, APP),
    "app, flood": flooded(APP),
    "app, key command": key_command(APP),
    "app, starting": starting,
    "app, opening": opening,
    "app, editor": editing,
    "app, dialog": in_a_dialog,
    "app, terminal stalled": stalled_terminal,
    "app, terminal stalled and blocked": stalled_and_blocked,
    **{f"ask, blocked: {kind}": blocked(kind, ASK) for kind in ("python", "regex", "call")},
    "ask, database locked": locked(ASK),
    "ask, no answer": unanswered(NEVER, ASK),
    "ask, waiting to retry": unanswered(OVERLOADED, ASK),
    "ask, flood": flooded(ASK),
    "ask, key command": key_command(ASK),
    "ask, pipe is not read": unread_pipe,
    "export": exporting,
    "import": importing,
}
MOMENTS = int(os.environ.get("TUI_CHAT_TEST_TERMS", str(len(SCENES))))


@pytest.mark.parametrize("moment", range(MOMENTS), ids=lambda moment: f"{[*SCENES][moment % len(SCENES)]} {moment}")
def test_sigterm_ends_the_program_within_three_seconds_and_keeps_the_partial(moment: int, tmp_path: Path) -> None:
    name = [*SCENES][moment % len(SCENES)]
    spent_s = SCENES[name](tmp_path, Random(moment))
    print(f"sigterm: {spent_s:.2f} s, {name}")
    assert spent_s <= LIMIT_S


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT], ids=lambda number: number.name)
@pytest.mark.parametrize("words", [APP, ASK], ids=["app", "ask"])
def test_other_signals_end_a_blocked_program_too(
    words: tuple[str, ...], number: signal.Signals, tmp_path: Path
) -> None:
    with running(tmp_path, slow(), words=words, block="regex", TUI_CHAT_UNSAVED="1") as one:
        shown = one.block(Random(7))
        assert one.end(number, (128 + number,)) <= LIMIT_S
    one.keeps(shown)


@pytest.mark.parametrize("words", [APP, ASK], ids=["app", "ask"])
def test_a_second_sigterm_ends_a_blocked_program_at_once(words: tuple[str, ...], tmp_path: Path) -> None:
    with running(tmp_path, slow(), words=words, block="python", TUI_CHAT_UNSAVED="1") as one:
        shown = one.block(Random(8))
        one.process.send_signal(signal.SIGTERM)
        one.let_run(0.7)
        assert one.process.poll() is None
        assert one.end() < 0.7
    one.keeps(shown)


def test_sigterm_sent_twice_in_a_row_still_ends_the_reply_in_good_order(tmp_path: Path) -> None:
    with running(tmp_path, slow(), words=APP) as one:
        one.until_shown(5)
        one.process.send_signal(signal.SIGTERM)
        time.sleep(0.01)
        one.process.send_signal(signal.SIGTERM)
        one.end()
    assert status(tmp_path) == "interrupted"
    one.keeps(5)


def test_a_slow_disk_is_waited_for_when_the_program_ends_in_good_order(tmp_path: Path) -> None:
    with running(tmp_path, slow(), words=APP) as one:
        one.until_shown(20)
        database = next(tmp_path.rglob("conversations.db"))
        with closing(sqlite3.connect(database, isolation_level=None, check_same_thread=False)) as other:
            other.execute("PRAGMA busy_timeout = 20000")
            other.execute("BEGIN IMMEDIATE")
            shown = one.shown
            unlocking = threading.Timer(1.6, other.execute, ("COMMIT",))
            unlocking.start()
            assert 1.5 < one.end() <= LIMIT_S
            unlocking.join()
    assert status(tmp_path) == "interrupted"
    one.keeps(shown)


def status(home: Path) -> str:
    """The status of the reply as it is stored, also after its program has died."""
    with closing(sqlite3.connect(next(home.rglob("conversations.db")))) as database:
        return str(database.execute("SELECT status FROM turn ORDER BY seq DESC LIMIT 1").fetchone()[0])


def test_ctrl_q_does_not_wait_for_a_key_command_and_ends_it(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    with_key_command(tmp_path, f"echo $$ > {mark}; exec sleep 60")
    with running(tmp_path, slow(), words=("-m", "slow/claude-sonnet-5-5")) as one:
        assert one.terminal is not None
        until_stored(tmp_path)
        one.terminal.until(lambda _: mark.exists() and mark.read_text().endswith("\n"))
        start_s = time.monotonic()
        one.terminal.type("\x11")
        assert one.terminal.wait(patience_s=10) == 0
        assert time.monotonic() - start_s <= LIMIT_S
        assert is_restored(one.terminal.output)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)
    one.keeps()


def test_kill_ends_a_program_that_was_suspended_by_the_shell(tmp_path: Path) -> None:
    (tmp_path / ".inputrc").write_text("set enable-bracketed-paste off\n")
    wire = Wire(slow(), routes={"/v1/models": NOTHING, "/v1/messages/count_tokens": NOTHING})
    with served(wire):
        environment = clean_environment(
            tmp_path, ANTHROPIC_API_KEY="key-for-a-test", ANTHROPIC_BASE_URL=wire.url, PS1="shell> "
        )
        with Terminal(("bash", "--norc", "-i"), environment=environment) as terminal:
            terminal.until("shell>")
            terminal.type(shlex.join((sys.executable, "-m", "tui_chat", *MODEL)) + "\r")
            terminal.until("Ask anything")
            terminal.type(f"{PROMPT}\r")
            terminal.until("word9")
            terminal.type("\t\x1a")
            terminal.until("Stopped")
            terminal.output = b""
            terminal.type("kill %1; wait; echo it ended with $?\r")
            terminal.until(lambda text: re.search(r"ended with \d", text) is not None, patience_s=10)
            terminal.type("jobs; echo no jobs\r")
            terminal.until("\nno jobs")
            assert "Stopped" not in terminal.text.rpartition("jobs;")[2]
            assert b"\x1b[?1049h" not in terminal.output and is_restored(terminal.output)
    sound(tmp_path)
    prompt, answer = only_conversation(tmp_path)["turns"]
    assert prompt["parts"][0]["text"] == PROMPT and "word9" in answer["parts"][0]["text"]

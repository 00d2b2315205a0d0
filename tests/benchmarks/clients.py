"""The server within the app: what fifty clients cost the keyboard, and how long they and a prompt over HTTP wait."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from tests.benchmarks.figures import percentile
from tests.benchmarks.replay import TYPED
from tests.benchmarks.reply import mark
from tests.benchmarks.scenarios import Figures, Scale
from tests.benchmarks.session import WARM_UP, Session, Window
from tests.benchmarks.subjects.subject import Subject
from tests.benchmarks.terminal import Broken

CLIENTS = 50
_PROMPTS = 10
_FIRST_MARK = 300_000
"""A mark that a model server never comes to."""
_CONVERSATIONS = "/api/v1/conversations"


class Server:
    """The server of the app in a session."""

    def __init__(self, session: Session, data: Path) -> None:
        session.terminal.type("/serve ")
        session.terminal.rest(0.5)
        session.terminal.type("\r")
        session.terminal.until((data / "serve.json").exists, "the server's file", 20)
        session.terminal.rest(0.5)
        self.url = str(json.loads((data / "serve.json").read_text())["url"])
        self.token = (data / "serve.token").read_text().strip()
        (only,) = self.call(_CONVERSATIONS)["conversations"]
        self.place = f"{_CONVERSATIONS}/{only['id']}"

    def call(self, path: str, body: object = None) -> Any:
        """Send a request and return the answer."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(self.url + path, data, headers), timeout=20) as answer:
            return json.load(answer)


@contextmanager
def followers(server: Server, count: int) -> Iterator[dict[str, list[int]]]:
    """Let clients follow the conversation; what they had is there at the end."""
    words = [str(count), server.url, server.token, f"{server.place}/events"]
    command = [sys.executable, "-m", "tests.benchmarks.followers", *words]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    arrived: dict[str, list[int]] = {}
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise Broken("the clients did not connect")
        yield arrived
        arrived.update(json.loads(process.communicate()[0]))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def clients(subject: Subject, scale: Scale) -> Figures:
    """Keys pressed while a reply streams to no client, and to fifty."""
    if subject.name != "product":
        return {}
    alone, _ = _echo(subject, scale, 0)
    crowded, figures = _echo(subject, scale, CLIENTS)
    figures["key echo with 50 clients p50"] = percentile(crowded, 0.5)
    figures["key echo with 50 clients p95"] = percentile(crowded, 0.95)
    figures["  ÷ without clients: p50"] = percentile(crowded, 0.5) / percentile(alone, 0.5)
    figures["  ÷ without clients: p95"] = percentile(crowded, 0.95) / percentile(alone, 0.95)
    return figures


def _echo(subject: Subject, scale: Scale, count: int) -> tuple[list[float], Figures]:
    chance = random.Random(1)
    pressed: list[tuple[str, int]] = []
    places: list[Path] = []

    def prepare(data: Path) -> None:
        places.append(data)
        settings = data.parent / ".config" / "tui-chat"
        settings.mkdir(parents=True)
        (settings / "config.toml").write_text("[serve]\nport = 0\n")

    with Session(subject, prepare) as session:
        session.ask(WARM_UP)
        server = Server(session, places[0])

        def type_on() -> None:
            typed = TYPED
            session.terminal.type(typed)
            for _ in range(scale.keys):
                session.terminal.rest(chance.uniform(0.1, 0.2))
                letter = chance.choice("abcdefgh")
                typed += letter
                pressed.append((typed, session.terminal.type(letter)))

        with followers(server, count) as arrived:
            (window,) = session.ask(f"bench {scale.keys * 15 + 200}@100", meanwhile=type_on)
            prompts = [_prompt(session, server, _FIRST_MARK + number) for number in range(_PROMPTS if count else 0)]
    shown = [(session.seen.typed(typed), at) for typed, at in pressed]
    times = [(seen - at) / 1e6 for seen, at in shown if seen is not None]
    if len(times) < len(shown):
        raise Broken(f"{len(shown) - len(times)} of {len(shown)} typed letters were never seen")
    return times, _figures(session, window, arrived, prompts, count) if count else {}


def _prompt(session: Session, server: Server, number: int) -> tuple[str, int]:
    """Send a prompt over HTTP; return the word by which it is known, and when it was sent."""
    sent = time.monotonic_ns()
    server.call(f"{server.place}/turns", {"text": f"bench 1@0 {mark(number)}"})
    session.terminal.rest(0.6)
    return mark(number), sent


def _figures(
    session: Session,
    window: Window,
    arrived: dict[str, list[int]],
    prompts: list[tuple[str, int]],
    count: int,
) -> Figures:
    written = {word: at for word, at in session.written.items() if window.began <= at <= window.ended}
    if any(len(arrived.get(word, ())) != count for word in written):
        raise Broken("a client missed a delta")
    waits = [(at - written[word]) / 1e6 for word in written for at in arrived[word]]
    if missing := [word for word, _ in prompts if word not in session.seen.words]:
        raise Broken(f"prompts never shown: {missing}")
    shown = [(session.seen.words[word] - sent) / 1e6 for word, sent in prompts]
    return {
        "delta → 50 clients p95": percentile(waits, 0.95),
        "prompt over HTTP → glass p50": percentile(shown, 0.5),
    }

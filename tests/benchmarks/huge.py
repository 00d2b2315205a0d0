"""A reply of megabytes: keys pressed while it arrives as fast as it is taken, and what it holds up and takes."""

import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.callbacks import read, timed
from tests.benchmarks.figures import percentile
from tests.benchmarks.replay import TYPED
from tests.benchmarks.scenarios import Figures, Scale
from tests.benchmarks.session import WARM_UP, Session
from tests.benchmarks.subjects.subject import Subject
from tests.benchmarks.terminal import Broken

_LINE = 40
"""Letters after which the prompt box is emptied."""
_LETTERS = "abcdefgh"


def huge_reply(subject: Subject, scale: Scale) -> Figures:
    """Only of the product: the baselines have no prompt box, or take minutes."""
    if subject.name != "product":
        return {}
    with _file() as file:
        with Session(timed(subject, file)) as session:
            session.ask(WARM_UP)
            before_mb = session.terminal.memory_mb()
            os.kill(session.terminal.pid, signal.SIGUSR1)
            pressed: list[tuple[str, int]] = []
            session.ask(f"bench {scale.huge}@0", meanwhile=lambda: pressed.extend(_type(session)))
            os.kill(session.terminal.pid, signal.SIGUSR2)
            session.terminal.until(file.exists, "list of callbacks", 20)
            more_mb = session.terminal.memory_mb() - before_mb
        found = read(file)
    for one in found[:5]:
        print(f"    {one['ms']:6.1f} ms, {one['collector_ms']:.1f} in the collector: {one['name']}", file=sys.stderr)
    times = [(seen - at) / 1e6 for typed, at in pressed if (seen := session.seen.typed(typed)) is not None]
    if len(times) < len(pressed) * 0.9:
        raise Broken(f"{len(pressed) - len(times)} of {len(pressed)} typed letters were never seen")
    return {
        "huge reply: longest callback of the loop": found[0]["ms"] if found else 0.0,
        "huge reply: key echo p50": percentile(times, 0.5),
        "huge reply: key echo, the worst": max(times),
        "huge reply: memory for each MB": more_mb / (scale.huge * 4 / 1e6),
    }


def _type(session: Session) -> Iterator[tuple[str, int]]:
    """Press keys until all of the reply was sent; give what was typed, and when."""
    chance, known, line = random.Random(1), len(session.server.events), 0
    terminal = session.terminal
    while not any(event["event"] == "phase" for event in session.server.events[known:]):
        # Each line starts with other letters, so that what is seen belongs to it.
        typed = TYPED + _LETTERS[line // 64 % 8] + _LETTERS[line // 8 % 8] + _LETTERS[line % 8]
        terminal.type("\x15")
        terminal.rest(0.3)
        terminal.type(typed)
        for _ in range(_LINE):
            terminal.rest(chance.uniform(0.1, 0.2))
            typed += chance.choice(_LETTERS)
            yield typed, terminal.type(typed[-1])
        line += 1


@contextmanager
def _file() -> Iterator[Path]:
    with TemporaryDirectory(prefix="bench-") as folder:
        yield Path(folder) / "callbacks.json"

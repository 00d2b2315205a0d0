"""The longest callbacks of the event loop while a reply streams and its reader types and scrolls.

What holds up the loop holds up every key and every delta; the tails of all other figures come from these.
"""

import json
import os
import random
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.benchmarks.scenarios import Figures, Scale
from tests.benchmarks.session import WARM_UP, Session
from tests.benchmarks.subjects.subject import Subject
from tests.benchmarks.terminal import Broken

_PAGES = ("\x1b[5~", "\x1b[6~")


def callbacks(subject: Subject, scale: Scale) -> Figures:
    """Only of the product: the baselines have no screen to hold up."""
    if subject.name != "product":
        return {}
    found = longest(subject, scale.keys)
    for one in found[:5]:
        print(f"    {one['ms']:6.1f} ms, {one['collector_ms']:.1f} in the collector: {one['name']}", file=sys.stderr)
    return {
        "longest callback of the loop": found[0]["ms"] if found else 0.0,
        "callbacks above 8 ms per 1,000 tokens": sum(one["ms"] > 8 for one in found) * 1000 / _tokens(scale.keys),
    }


def _tokens(keys: int) -> int:
    return keys * 15 + 200


def longest(subject: Subject, keys: int) -> list[dict[str, Any]]:
    """Stream a reply, press keys all the while, and give the callbacks of a millisecond and more, longest first."""
    chance = random.Random(1)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "callbacks.json"

        def press(session: Session) -> None:
            for number in range(keys):
                session.terminal.rest(chance.uniform(0.1, 0.2))
                session.terminal.type(_PAGES[number % 2] if number % 10 > 7 else chance.choice("abcdefgh "))

        with Session(timed(subject, file)) as session:
            session.ask(WARM_UP)
            os.kill(session.terminal.pid, signal.SIGUSR1)
            session.ask(f"bench {_tokens(keys)}@100", meanwhile=lambda: press(session))
            os.kill(session.terminal.pid, signal.SIGUSR2)
            session.terminal.until(file.exists, "list of callbacks", 10)
        return read(file)


def timed(subject: Subject, file: Path) -> Subject:
    """The product with its callbacks timed; the second signal writes them to the file."""

    def command(data_dir: Path) -> list[str]:
        module = "tests.benchmarks.subjects.timed_product"
        return [sys.executable, "-m", module, str(file), "--data-dir", str(data_dir)]

    return replace(subject, command=command)


def read(file: Path) -> list[dict[str, Any]]:
    """The callbacks that were written, longest first."""
    try:
        found: list[dict[str, Any]] = json.loads(file.read_text())
    except ValueError as error:
        raise Broken(f"the list of callbacks cannot be read: {error}") from error
    return found

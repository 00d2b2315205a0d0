"""How long a start takes: to the end of a command that only prints, and to the first paint of an app."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.replay import replay
from tests.benchmarks.scenarios import Figures, Scale
from tests.benchmarks.session import environment
from tests.benchmarks.subjects import product
from tests.benchmarks.subjects.subject import HELLO, Subject
from tests.benchmarks.terminal import COLUMNS, LINES, Broken, Terminal


def start(subject: Subject, scale: Scale) -> Figures:
    """The bare interpreter with typer, a hello-world app, and the product, each in its row."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)

        def printed(command: list[str]) -> float:
            return statistics.median([_run_ms(command, home) for _ in range(scale.starts + 1)][1:])

        def painted(command: list[str]) -> float:
            return statistics.median([_paint_ms(command, home) for _ in range(scale.starts + 1)][1:])

        if subject.name == "bare":
            typer_ms = printed([sys.executable, "-c", "import typer"])
            return {f"start: {what} (bare: import typer)": typer_ms for what in ("--version", "--help", "list")}
        if subject.name == "markdown":
            return {"start: first paint (MS: hello world)": painted(HELLO.command(home))}
        commands = {what: product.command(home / "data", what) for what in ("--version", "--help", "list")}
        return {
            **{f"start: {what} (bare: import typer)": printed(command) for what, command in commands.items()},
            "start: first paint (MS: hello world)": painted(product.command(home / "data")),
        }


def _run_ms(command: list[str], home: Path) -> float:
    began = time.perf_counter()
    done = subprocess.run(command, env=environment(home), capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise Broken(f"{' '.join(command[1:])} ended with {done.returncode}: {done.stderr.decode()[-300:]}")
    return (time.perf_counter() - began) * 1000


def _paint_ms(command: list[str], home: Path) -> float:
    terminal = Terminal(command, environment(home), None)
    try:
        terminal.until(lambda: terminal.chunks, "first output", 30)
        terminal.rest(1.5)
    finally:
        terminal.close()
    painted = replay(terminal.chunks, COLUMNS, LINES).painted
    if painted is None:
        raise Broken(f"{' '.join(command[1:])} painted nothing")
    return (painted - terminal.started) / 1e6

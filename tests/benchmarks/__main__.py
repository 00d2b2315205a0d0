"""The command line of the benchmarks: runs in turn, a table at the end."""

import argparse
import gc
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from tests.benchmarks import processes
from tests.benchmarks.callbacks import callbacks
from tests.benchmarks.clients import clients
from tests.benchmarks.figures import FIGURES, SUBJECTS, missed, table
from tests.benchmarks.huge import huge_reply
from tests.benchmarks.importing import import_export
from tests.benchmarks.opening import open_long
from tests.benchmarks.processes import busy_core
from tests.benchmarks.scenarios import FULL, QUICK, SCENARIOS, Figures, Scale
from tests.benchmarks.start import start
from tests.benchmarks.subjects.product import PRODUCT
from tests.benchmarks.subjects.subject import BARE, MARKDOWN, Subject
from tests.benchmarks.terminal import Broken

ALL: dict[str, Callable[[Subject, Scale], Figures]] = {
    **SCENARIOS,
    "callbacks": callbacks,
    "clients": clients,
    "huge-reply": huge_reply,
    "import": import_export,
    "open": open_long,
    "start": start,
}


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure tui_chat and baselines.")
    parser.add_argument("--quick", action="store_true", help="one short run; figures are rough")
    parser.add_argument("--runs", type=int, help="how often each is measured (3; with --quick 1)")
    parser.add_argument("--cancels", type=int, help="how often the cancelling key is pressed at each moment (5; 1)")
    parser.add_argument("--only", action="append", choices=ALL, metavar="NAME", help=f"only these: {', '.join(ALL)}")
    parser.add_argument("--subjects", default=",".join(SUBJECTS), help="only these programs (%(default)s)")
    parser.add_argument("--busy-core", action="store_true", help="run next to a process that burns one core")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write every value of every run there")
    return parser.parse_args()


def machine() -> dict[str, str]:
    """Where this was measured."""
    model = next(
        (line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        "?",
    )
    return {
        "cpu": model,
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def in_turn(names: list[str], runs: int, subjects: list[Subject]) -> Iterator[tuple[str, int, Subject]]:
    """Every program once, then every program again: what the machine does meanwhile falls on all of them."""
    for run in range(runs):
        for name in names:
            for subject in subjects:
                yield name, run, subject


class Noise:
    """How much of the machine others take, since this was made."""

    def __init__(self) -> None:
        self._began, self._busy, self._own = time.monotonic(), processes.busy_s(), self._spent()

    def _spent(self) -> float:
        return sum(os.times()[:4])

    @property
    def share(self) -> float:
        """Of all its cores, the program measured and the harness left out."""
        wall_s = time.monotonic() - self._began
        if wall_s < 1:
            return 0.0  # what the kernel counts is too coarse for it
        others = processes.busy_s() - self._busy - (self._spent() - self._own)
        return min(1.0, max(0.0, others) / wall_s / (os.cpu_count() or 1))


def main() -> int:
    """Measure, print; 1 where a run broke."""
    asked = arguments()
    scale = QUICK if asked.quick else FULL
    scale = replace(scale, cancels=asked.cancels or scale.cancels)
    names = asked.only or list(ALL)
    subjects = [one for one in (BARE, MARKDOWN, PRODUCT) if one.name in asked.subjects.split(",")]
    where = machine()
    with busy_core() if asked.busy_core else nullcontext():
        return measure(asked, scale, names, subjects, where)


def measure(
    asked: argparse.Namespace, scale: Scale, names: list[str], subjects: list[Subject], where: dict[str, str]
) -> int:
    """Run everything, print; 1 where a run broke."""
    values: dict[str, dict[str, list[float]]] = {figure.name: {} for figure in FIGURES}
    broken: list[str] = []
    began, whole, worst = time.monotonic(), Noise(), 0.0
    gc.disable()
    for name, run, subject in in_turn(names, asked.runs or (1 if asked.quick else 3), subjects):
        noise = Noise()
        try:
            figures: Mapping[str, float] = ALL[name](subject, scale)
        except (Broken, OSError, EOFError) as error:
            broken.append(f"{name}, {subject.title}, run {run + 1}: {error}")
            figures = error.figures if isinstance(error, Broken) else {}
        for figure, value in figures.items():
            values[figure].setdefault(subject.name, []).append(value)
        gc.collect()
        worst = max(worst, share := noise.share)
        done = f"{time.monotonic() - began:6.0f} s  run {run + 1}  {name}  {subject.title}  ({share:.0%} others)"
        print(done, file=sys.stderr, flush=True)
    where |= {
        "others used": f"{whole.share:.0%} (worst run {worst:.0%})",
        "next to a busy core": "yes" if asked.busy_core else "no",
        "took": f"{time.monotonic() - began:.0f} s",
    }
    print(" · ".join(f"{name} {value}" for name, value in where.items()), end="\n\n")
    print(table(values))
    for line in missed(values):
        print(f"\nMISSED {line}")
    for line in broken:
        print(f"\nBROKEN {line}")
    if asked.json:
        asked.json.write_text(json.dumps({"machine": where, "figures": values, "broken": broken}, indent=1))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())

"""The figures, what they must be, and the arithmetic from runs to a table."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.benchmarks.causes import CAUSES

Runs = Mapping[str, Mapping[str, Sequence[float]]]
"""Figure → subject → one value a run."""
SUBJECTS = ("bare", "markdown", "product")


@dataclass(frozen=True, slots=True)
class Limit:
    """At most this, in every way that is given."""

    absolute: float = math.inf
    of_bare: float = math.inf
    of_markdown: float = math.inf

    def holds(self, medians: Mapping[str, float]) -> bool | None:
        """Whether the product keeps to it; `None` where it or a baseline it needs has no figure."""
        if "product" not in medians:
            return None
        value = medians["product"]
        allowed = [self.absolute]
        for factor, baseline in ((self.of_bare, "bare"), (self.of_markdown, "markdown")):
            if factor < math.inf:
                if baseline not in medians:
                    return None
                allowed.append(factor * medians[baseline])
        return value <= min(allowed)

    def __str__(self) -> str:
        parts = [f"{self.absolute:g}"] if self.absolute < math.inf else []
        parts += [f"{self.of_bare:.3g}× bare"] if self.of_bare < math.inf else []
        parts += [f"{self.of_markdown:.3g}× MS"] if self.of_markdown < math.inf else []
        return "≤ " + ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Figure:
    """One row."""

    name: str
    unit: str
    must: Limit | None = None
    aim: Limit | None = None


def _streaming(where: str, must: bool) -> list[Figure]:
    """The two figures a reader of a stream feels, somewhere."""
    return [
        Figure(f"delta → glass p50{where}", "ms", Limit(15) if must else None, Limit(7) if must else None),
        Figure(f"delta → glass p95{where}", "ms", Limit(28) if must else None, Limit(16) if must else None),
        Figure(
            f"CPU per 1,000 tokens{where}",
            "s",
            Limit(of_bare=5, of_markdown=0.25) if must else None,
            Limit(of_bare=1.8, of_markdown=0.2) if must else None,
        ),
    ]


def _growth(place: str) -> list[Figure]:
    """The same two at some depth, and how they compare with the start of that very run."""
    rows = _streaming(f", start of the {place}", must=False)
    for depth in ("10k", "50k"):
        where = f", {depth} into the {place}"
        rows += _streaming(where, must=False)
        rows += [Figure(f"  ÷ start: {name}{where}", "×", Limit(1.15), Limit(1.05)) for name in ("p50", "p95", "CPU")]
    return rows


FIGURES = [
    *_streaming("", must=True),
    Figure("bytes to the terminal per 1,000 tokens", "kB", Limit(900), Limit(250)),
    Figure("marked words never shown", "%", Limit(0), Limit(0)),
    Figure("memory while streaming", "MB"),
    Figure("drain of 10,000 tokens", "s", Limit(1.2, of_markdown=0.125), Limit(of_bare=0.9)),
    Figure("CPU of that drain", "s"),
    Figure("key echo while streaming p50", "ms", Limit(10), Limit(5)),
    Figure("key echo while streaming p95", "ms", Limit(20), Limit(8)),
    Figure("key echo while streaming, the worst", "ms", aim=Limit(18)),
    Figure("longest callback of the loop", "ms", Limit(18), Limit(8)),
    Figure("callbacks above 8 ms per 1,000 tokens", "", Limit(1), Limit(0)),
    Figure("huge reply: longest callback of the loop", "ms", Limit(100), Limit(8)),
    Figure("huge reply: key echo p50", "ms"),
    Figure("huge reply: key echo, the worst", "ms", aim=Limit(60)),
    Figure("huge reply: memory for each MB", "MB", Limit(60), Limit(15)),
    Figure("key echo with 50 clients p50", "ms", Limit(10), Limit(5)),
    Figure("key echo with 50 clients p95", "ms", Limit(20), Limit(8)),
    Figure("  ÷ without clients: p50", "×", Limit(1.5), Limit(1.15)),
    Figure("  ÷ without clients: p95", "×", Limit(1.5), Limit(1.15)),
    Figure("delta → 50 clients p95", "ms", Limit(50), Limit(20)),
    Figure("prompt over HTTP → glass p50", "ms", Limit(50), Limit(25)),
    Figure("Esc → closed before the first byte", "ms", Limit(60), Limit(13)),
    Figure("Esc → closed in mid-stream", "ms", Limit(60), Limit(13)),
    Figure("Esc → closed at 2,000 tokens/s", "ms", Limit(60), Limit(13)),
    Figure("Esc → closed, the worst", "ms"),
    Figure("Esc → a retry's countdown gone", "ms", Limit(60), Limit(30)),
    Figure("Esc → a retry's countdown gone, the worst", "ms"),
    Figure("first prompt: Enter → request", "ms"),
    *_growth("reply"),
    *_growth("conversation"),
    Figure("opening 10,000 turns: key → end drawn", "ms", Limit(200), Limit(100)),
    Figure("one page up there", "ms", Limit(50), Limit(20)),
    Figure("memory over an empty one", "MB", Limit(60), Limit(25)),
    Figure("import of an export, for 1 GB", "s", Limit(of_bare=6), Limit(90)),
    Figure("idle CPU", "%", Limit(0.1), Limit(0.1)),
    Figure("idle bytes per minute", "kB", Limit(0), Limit(0)),
    Figure("start: --version (bare: import typer)", "ms", Limit(of_bare=2)),
    Figure("start: --help (bare: import typer)", "ms", Limit(of_bare=2)),
    Figure("start: list (bare: import typer)", "ms", Limit(of_bare=2)),
    Figure("start: first paint (MS: hello world)", "ms", Limit(of_markdown=1.3)),
]


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least that share of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def medians(runs: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """The middle value of each subject that has any."""
    return {subject: statistics.median(values) for subject, values in runs.items() if values}


def number(value: float) -> str:
    """Three figures, no more."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def spread(values: Sequence[float]) -> str:
    """The median, and how far the runs lay apart."""
    if not values:
        return "–"
    middle = number(statistics.median(values))
    return middle if len(values) == 1 else f"{middle} ({number(min(values))}–{number(max(values))})"


def ratio(middle: Mapping[str, float], baseline: str) -> str:
    """The product's median over a baseline's."""
    if "product" not in middle or not middle.get(baseline):
        return "–"
    return f"{number(middle['product'] / middle[baseline])}×"


def missed(runs: Runs) -> list[str]:
    """Return a line for each figure that is above its limit or its aim, with the cause as profiled."""
    lines = []
    for figure in FIGURES:
        middle = medians(runs.get(figure.name, {}))
        above = [limit for limit in (figure.must, figure.aim) if limit is not None and limit.holds(middle) is False]
        if above:
            cause = CAUSES.get(figure.name, "no profile yet")
            lines.append(f"{figure.name}: {number(middle['product'])} {figure.unit}, not {above[-1]}: {cause}")
    return lines


def verdict(figure: Figure, middle: Mapping[str, float]) -> str:
    """What must be and whether it is; then whether it is what was aimed at."""
    if figure.must is None:
        return ""
    held = figure.must.holds(middle)
    if held is None:
        return f"{figure.must}"
    aimed = bool(figure.aim and figure.aim.holds(middle))
    return f"{'aim met' if held and aimed else 'met' if held else 'MISSED'} {figure.must}"


def table(runs: Runs) -> str:
    """Every figure that has a value, one row each."""
    head = ("figure", "unit", "bare SDK loop", "MarkdownStream", "tui_chat", "÷ bare", "÷ MS", "must")
    rows: list[tuple[str, ...]] = [head]
    for figure in FIGURES:
        values = runs.get(figure.name, {})
        if not any(values.values()):
            continue
        middle = medians(values)
        columns = [spread(values.get(subject, ())) for subject in SUBJECTS]
        ratios = ["" if figure.unit == "×" else ratio(middle, baseline) for baseline in SUBJECTS[:2]]
        rows.append((figure.name, figure.unit, *columns, *ratios, verdict(figure, middle)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = [
            cell.rjust(width) if 2 <= column <= 6 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return "\n".join([line(head), "─" * len(line(["x" * width for width in widths])), *map(line, rows[1:])])

"""A recording played through the emulator: what was first seen when."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tests.benchmarks.emulator import Screen
from tests.benchmarks.reply import MARK

TYPED = "zk"
"""What is typed into the prompt to measure its echo begins with this, and stands nowhere else."""
_WORD = re.compile(rf"{MARK.pattern}|{TYPED}[a-z]*")


@dataclass(slots=True)
class Seen:
    """Times in nanoseconds of the monotonic clock."""

    words: dict[str, int] = field(default_factory=dict)
    """When each mark, and each state of what was typed, was first on the glass."""
    painted: int | None = None
    """When anything was."""

    def typed(self, text: str) -> int | None:
        """When what was typed so far, or more, was first seen."""
        times = [at for word, at in self.words.items() if word.startswith(text)]
        return min(times, default=None)

    def first_new(self, since: int) -> int | None:
        """When a mark that had never been seen before was, after that time."""
        return min((at for word, at in self.words.items() if at >= since and MARK.fullmatch(word)), default=None)


def gone(chunks: Iterable[tuple[int, bytes]], words: str, since: int, screen: Screen) -> int | None:
    """When these words were first not on the glass any more, after that time."""
    return first_frame(chunks, since, screen, lambda rows: not any(words in row for row in rows))


def first_frame(
    chunks: Iterable[tuple[int, bytes]], since: int, screen: Screen, met: Callable[[Sequence[str]], bool]
) -> int | None:
    """When what was on the glass was first so, after that time."""
    times: list[int] = []
    now = 0

    def look() -> None:
        if now >= since and met(screen.display):
            times.append(now)

    screen.on_frame = look
    for at, data in chunks:
        now = at
        screen.feed(data)
        if not screen.is_updating:
            look()
        if times:
            return times[0]
    return None


def replay(chunks: Iterable[tuple[int, bytes]], columns: int, lines: int) -> Seen:
    """Find out what was on the glass while no synchronised update was open."""
    seen = Seen()
    now = 0

    def look() -> None:
        dirty = screen.grid.dirty
        for row in dirty:
            text = screen.grid.text_at(row)
            for word in _WORD.findall(text):
                seen.words.setdefault(word, now)
            if seen.painted is None and text.strip():
                seen.painted = now
        dirty.clear()

    screen = Screen(columns, lines, on_frame=look)
    for at, data in chunks:
        now = at
        screen.feed(data)
        if not screen.is_updating:
            look()
    return seen

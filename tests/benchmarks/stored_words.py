"""What kill -9 would lose of a streaming reply, asked many times a second. Knows the tables, not the program."""

import re
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from tests.benchmarks.reply import MARK

_EVERY_S = 0.01
_NEW = "SELECT n, deltas FROM checkpoint JOIN turn ON turn.seq = turn WHERE owner IS NOT NULL AND n > ? ORDER BY n"


@dataclass
class StoredWords:
    """Looks at the checkpoints of the only live reply on a thread, for a block."""

    database: Path
    last: list[tuple[int, str]] = field(default_factory=list)
    """Moments on the monotonic clock in nanoseconds, with the newest marked word that was stored by then."""

    def __enter__(self) -> Self:
        self._is_over = Event()
        self._thread = Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        db = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20, isolation_level=None)
        count, word = 0, ""
        while not self._is_over.wait(_EVERY_S):
            with suppress(sqlite3.OperationalError):  # a killed program left a journal that only a writer may use
                for number, deltas in db.execute(_NEW, (count,)).fetchall():
                    count, words = number, re.findall(MARK, deltas)
                    word = words[-1] if words else word
                if word:
                    self.last.append((time.monotonic_ns(), word))
        db.close()

    def lost_ms(self, written: dict[str, int], until: int) -> list[float]:
        """Return for each moment how old what was stored last was; `written` holds when each word was sent."""
        return [(at - written[word]) / 1e6 for at, word in self.last if at <= until and word in written]

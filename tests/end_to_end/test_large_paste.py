"""Text of many megabytes, pasted into the program: taken quickly, kept whole, and the keys behind it in order.

`TUI_CHAT_PASTE_MB` is how much it is.
"""

import os
import sys
import time
from pathlib import Path

from tests.benchmarks.processes import memory_mb, tree
from tests.end_to_end.test_terminal_fuzz import AttackedTerminal
from tests.support.environment import clean_environment

MEGABYTES = int(os.environ.get("TUI_CHAT_PASTE_MB", "20"))
LINE = b"fifty bytes of a line that the user pastes here..\r"
LEAST_MB_A_S = 2
"""On a machine that does other things, too; on a quiet one it is four times as much."""
MOST_COPIES, SPARE_MB = 6, 60


def test_a_paste_of_many_megabytes_is_taken_quickly_with_the_keys_behind_it_in_order(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "tui_chat", "--demo")
    with AttackedTerminal(command, environment=clean_environment(tmp_path)) as terminal:
        terminal.until("Ask anything")
        terminal.type("warm up\r")
        terminal.until("Ask anything again")
        pids = tree(terminal.process.pid)
        before_mb = memory_mb(pids)
        lines = MEGABYTES * 1_000_000 // len(LINE)
        began = time.monotonic()
        assert terminal.pour(b"\x1b[200~" + LINE * lines + b"\x1b[201~" + b"then keys")
        terminal.resize(101, 30)
        terminal.until(f"⟦#1 pasted: {lines:,} lines⟧then keys")
        took_s, after_mb = time.monotonic() - began, memory_mb(pids)
        print(f"{MEGABYTES} MB in {took_s:.1f} s, {MEGABYTES / took_s:.1f} MB/s, {before_mb:.0f} → {after_mb:.0f} MB")
        assert MEGABYTES / took_s > LEAST_MB_A_S
        assert after_mb - before_mb < MOST_COPIES * MEGABYTES + SPARE_MB
        terminal.type("\x11")
        assert terminal.wait() == 0

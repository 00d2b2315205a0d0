"""A damaged text that is met while the app runs is reported at that moment, as at the start."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from tests.support.environment import clean_environment
from tests.support.pty_terminal import Terminal

COMMAND = (sys.executable, "-m", "tui_chat", "--demo")


def test_a_damaged_text_met_while_the_app_runs_is_reported_once(tmp_path: Path) -> None:
    environment = clean_environment(tmp_path)
    with Terminal(COMMAND, environment=environment) as terminal:
        terminal.until("Ask anything")
        terminal.type("a marked prompt\r")
        terminal.until("Ask anything again")
        terminal.type("\x11")
        assert terminal.wait() == 0
    (database,) = tmp_path.rglob("conversations.db")
    # Only the text of the turn: the title is shown by the list and would be met at once.
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        db.execute("UPDATE turn SET text = CAST(X'FF' || CAST(text AS BLOB) AS TEXT) WHERE role = 'user'")
    with Terminal(COMMAND, environment=environment) as terminal:
        terminal.until("Ask anything")
        assert "damaged" not in terminal.text
        terminal.type("\x0f")
        terminal.until("Search conversations")
        terminal.type("\r")
        terminal.until("damaged")
        terminal.type("\x11")
        assert terminal.wait() == 0

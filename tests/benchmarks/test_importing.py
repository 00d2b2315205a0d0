"""The export that the import is measured with is one, for the program and for the plain script."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from tests.benchmarks.importing import PLAIN, write_export
from tests.formats.fixtures import read


def test_the_program_and_the_plain_script_read_the_same_turns(tmp_path: Path) -> None:
    export, plain = tmp_path / "conversations.json", tmp_path / "plain.db"
    write_export(export, 100_000)
    assert 100_000 <= export.stat().st_size < 300_000
    found, skipped = read(export)
    assert found and not skipped
    subprocess.run([sys.executable, "-c", PLAIN, str(export), str(plain)], check=True)
    with closing(sqlite3.connect(plain)) as db:
        stored = sorted(text for (text,) in db.execute("SELECT text FROM turn"))
        first = found[next(iter(found))].turns[0].text.split()[0]
        matching = db.execute("SELECT count(*) FROM search WHERE search MATCH ?", (f'"{first}"',)).fetchone()[0]
    assert stored == sorted(turn.text for one in found.values() for turn in one.turns)
    assert matching > 0

"""`backup`: a copy of the database."""

import sqlite3
from pathlib import Path

from tests.cli.conftest import Shell


def test_a_backup_is_a_whole_database(shell: Shell, tmp_path: Path) -> None:
    shell("ask", "--demo", "code")
    copy = tmp_path / "copy.db"
    assert shell("backup", str(copy)).code == 0
    with sqlite3.connect(copy) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM turn").fetchone() == (2,)
    assert shell("backup", str(copy)).code != 0, "it writes over nothing"


def test_a_copy_never_takes_the_place_of_a_file(shell: Shell, tmp_path: Path) -> None:
    shell("ask", "--demo", "code")
    assert shell("backup", str(tmp_path / "copy.db")).code == 0
    for target in (tmp_path / "copy.db", tmp_path / "nowhere" / "copy.db"):
        done = shell("backup", str(target))
        assert done.code == 2 and "The file cannot be written." in done.err

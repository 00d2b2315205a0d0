"""Commands on a damaged library: what can be read is written, and nothing is lost without a word."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

pytestmark = pytest.mark.slow


@pytest.fixture
def library(shell: Shell) -> Path:
    """The database of three conversations, the second a long one that fills pages of its own."""
    for number in range(3):
        shell("ask", "--demo", f"question{number} " + "long " * (3_000 if number == 1 else 1))
    (path,) = shell.home.rglob("conversations.db")
    return path


def flip_bit(path: Path, text: bytes) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(text)] ^= 0x80
    path.write_bytes(data)


def test_one_flipped_bit_does_not_stop_an_export_and_doctor_sees_it(
    shell: Shell, library: Path, tmp_path: Path
) -> None:
    flip_bit(library, b"question1 long long")
    done = shell("export", "--all", "-o", str(tmp_path / "out"))
    assert done.code == 0 and len(list((tmp_path / "out").iterdir())) == 3 and "damaged" in done.err
    found = shell("doctor", "--offline")
    assert found.code == 1 and "UTF-8" in found.out and "no damage" not in found.out
    mended = shell("doctor", "--offline", "--repair")
    assert "repaired: " in mended.out and "no damage" in mended.out
    assert "damaged" not in shell("export", "--all", "-o", str(tmp_path / "again")).err


def test_an_export_of_all_passes_over_one_that_cannot_be_read(shell: Shell, library: Path, tmp_path: Path) -> None:
    data = bytearray(library.read_bytes())
    with closing(sqlite3.connect(library)) as db:
        (bad,) = db.execute("SELECT id FROM conversation WHERE title LIKE '%question1%'").fetchone()
        pages = [
            page for (page,) in db.execute("SELECT pageno FROM dbstat WHERE name = 'turn' AND pagetype = 'overflow'")
        ]
    for page in pages:
        data[(page - 1) * 4096 : (page - 1) * 4096 + 4] = b"\xff\xff\xff\xff"
    library.write_bytes(data)
    done = shell("export", "--all", "-f", "json", "-o", str(tmp_path / "all.json"))
    written = [json.loads(line)["title"] for line in (tmp_path / "all.json").read_text().splitlines()]
    assert done.code == 5 and len(written) == 2 and bad in done.err and "Traceback" not in done.err
    rescued = shell("export", "--all", "-f", "json", "-o", str(tmp_path / "again.json"))
    assert rescued.code == 0 and "were recovered" in rescued.err
    assert len((tmp_path / "again.json").read_text().splitlines()) == 3


@pytest.mark.parametrize("words", [["list"], ["stats"], ["search", "question0"], ["export", "--all"]])
def test_a_rescue_is_reported_by_whatever_command_made_it(shell: Shell, library: Path, words: list[str]) -> None:
    library.write_bytes(b"\xff" * 4096 + library.read_bytes()[4096:])
    done = shell(*words)
    assert done.code == 0 and "The database was damaged" in done.err and "were recovered" in done.err


def test_a_bad_byte_in_the_schema_does_not_keep_doctor_from_mending(shell: Shell, library: Path) -> None:
    flip_bit(library, b"turn_conversation")
    done = shell("doctor", "--offline", "--repair")
    assert "no damage" in done.out and "were recovered" in done.out
    assert len(json.loads(shell("list", "--json").out)) == 3

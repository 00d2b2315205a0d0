"""`export` and `import`: out of the library and into another one, the same."""

import json
import os
import signal
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Shell
from tests.formats.fixtures import database
from tests.support.environment import ROOT
from tests.support.pty_terminal import Terminal


def test_what_is_exported_can_be_taken_in_elsewhere_and_is_the_same(shell: Shell, tmp_path: Path) -> None:
    shell("ask", "--demo", "code")
    shell("ask", "--demo", "-c", "table")
    here = shell("export", "--all", "-f", "json").out
    file = tmp_path / "out.json"
    file.write_text(here)
    other = str(tmp_path / "other")
    assert "1 new" in shell("import", str(file), "--data-dir", other).out
    assert "0 new" in shell("import", str(file), "--data-dir", other).out
    assert shell("export", "--all", "-f", "json", "--data-dir", other).out == here


@pytest.mark.slow
def test_markdown_is_the_default_and_begins_with_its_facts(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    out = shell("export", shell.only_conversation()["id"][:8]).out
    assert out.startswith("---\n") and "demo/tour" in out and "rate limiter" in out


@pytest.mark.slow
def test_all_go_into_a_folder_as_files_of_their_own(shell: Shell, tmp_path: Path) -> None:
    shell("ask", "--demo", "code")
    shell("ask", "--demo", "table")
    assert "2 files" in shell("export", "--all", "-o", str(tmp_path / "out")).out
    assert len(list((tmp_path / "out").glob("*.md"))) == 2


@pytest.mark.slow
def test_a_path_that_ends_with_a_slash_is_a_folder_and_is_created(shell: Shell, tmp_path: Path) -> None:
    shell("ask", "--demo", "code")
    done = shell("export", shell.only_conversation()["id"], "-o", f"{tmp_path}/new/v1.2/")
    (file,) = (tmp_path / "new" / "v1.2").iterdir()
    assert done.out.strip() == str(file) and file.suffix == ".md" and "rate limiter" in file.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("words", [[], ["--all", "abc"], ["--all", "-f", "jsn"]])
def test_an_unclear_wish_is_a_misuse(shell: Shell, words: list[str]) -> None:
    done = shell("export", *words)
    assert done.code == 2 and "Traceback" not in done.err


@pytest.mark.slow
def test_a_file_that_is_no_export_does_not_keep_the_others_out(shell: Shell, tmp_path: Path) -> None:
    shell("ask", "--demo", "code")
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(shell("export", "--all", "-f", "json").out)
    bad.write_text("{ not json")
    done = shell("import", str(bad), str(good), "--json", "--data-dir", str(tmp_path / "other"))
    assert done.code == 2 and "tui-chat: " in done.err and str(bad) in done.err
    assert json.loads(done.out)[str(good)]["added"] == 1


def test_an_export_into_a_closed_pipe_ends_quietly(shell: Shell) -> None:
    shell("ask", "--demo", "long 3000")
    line = " ".join([*COMMAND, "export", "--all", "-f", "json"]) + " | head -1"
    done = subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env=shell.environment(), capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


CLAUDE = ROOT / "tests" / "fixtures" / "imports" / "claude.json"


def piped(shell: Shell, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of bash in which IMPORT stands for the command."""
    words = line.replace("IMPORT", " ".join([*COMMAND, "import"])).replace("FILE", str(CLAUDE))
    return subprocess.run(
        ["bash", "-c", words], cwd=ROOT, env=shell.environment(), capture_output=True, text=True, timeout=60
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "line", ["IMPORT <(cat FILE)", "cat FILE | IMPORT /dev/stdin", "cat FILE | IMPORT -", "IMPORT - < FILE"]
)
def test_import_from_a_pipe_or_standard_input_brings_the_same_as_the_file(shell: Shell, line: str) -> None:
    done = piped(shell, line)
    assert done.returncode == 0 and "3 new" in done.stdout
    assert "3 unchanged" in shell("import", str(CLAUDE)).out


@pytest.mark.slow
def test_a_zip_and_a_database_are_imported_from_a_pipe_too(shell: Shell, tmp_path: Path) -> None:
    archive = tmp_path / "export.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(CLAUDE, "conversations.json")
    for path, new in ((archive, 3), (database("elia", tmp_path), 2)):
        done = piped(shell, f"TMPDIR={tmp_path}/tmp; mkdir -p $TMPDIR; export TMPDIR; cat {path} | IMPORT -")
        assert done.returncode == 0 and f"{new} new" in done.stdout
        assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("IMPORT /dev/zero", "/dev/zero is a device"),
        ("IMPORT - < /dev/zero", "standard input is a device"),
        ("IMPORT - <&-", "no conversations"),
        ("ln -s /dev/urandom $HOME/link; IMPORT $HOME/link", "is a device"),
        ("echo nothing | IMPORT -", "no conversations"),
        (": | IMPORT -", "no conversations"),
    ],
)
def test_what_is_neither_file_nor_pipe_is_refused_in_a_sentence(shell: Shell, line: str, words: str) -> None:
    done = piped(shell, f"ulimit -v 4000000; {line}")
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_pipe_whose_writer_never_comes_is_left_by_a_signal(
    shell: Shell, tmp_path: Path, number: signal.Signals
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with Terminal([*COMMAND, "import", str(fifo)], environment=shell.environment()) as terminal:
        terminal.until("waiting for input")
        terminal.signal(number)
        assert terminal.wait(patience_s=5) in (-number, 128 + number)


@pytest.mark.slow
def test_an_import_that_is_interrupted_keeps_what_was_complete_and_ends_at_once(shell: Shell, tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    running = shell.start("import", str(fifo))
    with fifo.open("wb") as pipe:
        whole = CLAUDE.read_bytes()
        pipe.write(whole[: whole.index(b"d0000000-0000-4000-8000-000000000002")])
        pipe.flush()
        while not json.loads(shell("list", "--json").out):
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=5) == 130
    assert b"importing again adds the rest" in running.communicate()[1]
    assert "1 unchanged" in shell("import", str(CLAUDE)).out
    assert shell("doctor").out.count("no damage") == 1


def test_a_skipped_title_of_megabytes_is_cut_and_cleaned(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text(json.dumps([{"title": "\x1b[31m" + "x" * 3_000_000, "mapping": {}}]))
    done = shell("import", str(file))
    assert done.code == 2 and len(done.out) + len(done.err) < 2_000
    assert "skipped ␛[31mxxx" in done.out and "nothing could be imported" in done.out
    assert len(shell("import", str(file), "--json").out) < 2_000


def test_an_import_of_what_is_here_already_is_no_failure_and_reports_it(shell: Shell) -> None:
    assert shell("import", str(CLAUDE)).code == 0
    again = shell("import", str(CLAUDE))
    assert again.code == 0 and "was imported already" in again.out


def test_messages_in_a_circle_keep_their_text_and_the_report_shows_it(shell: Shell, tmp_path: Path) -> None:
    path = database("elia", tmp_path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE message SET parent_id = 6 WHERE id = 5")
    done = shell("import", str(path))
    assert "2 new" in done.out and "changed" in done.out and "in a circle" in done.out
    shown = json.loads(shell("export", "--all", "-f", "json").out.splitlines()[1])
    texts = [part["text"] for turn in shown["turns"] for part in turn["parts"]]
    assert {"Which is taller?", "The first.", "The second."} <= set(texts)


@pytest.mark.slow
def test_importing_our_own_librechat_export_adds_nothing(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    shell("export", "--all", "-f", "librechat", "-o", str(shell.home / "out.json"))
    assert "1 unchanged" in shell("import", str(shell.home / "out.json")).out
    assert len(shell("list").out.splitlines()) == 1


@pytest.mark.slow
def test_html_is_one_page_for_each_conversation(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    shell("ask", "--demo", "table")
    (first, _) = json.loads(shell("list", "--json").out)
    page = shell("export", "-f", "html", first["id"]).out
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>") and "<script" not in page
    refused = shell("export", "--all", "-f", "html")
    assert refused.code == 2 and "name a folder" in refused.err
    shell("export", "--all", "-f", "html", "-o", str(shell.home / "pages"))
    assert len(list((shell.home / "pages").glob("*.html"))) == 2

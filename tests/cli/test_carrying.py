"""`export` and `import`: out of the library and into another one, the same."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Shell
from tests.surroundings import ROOT


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


def test_markdown_is_the_default_and_begins_with_its_facts(shell: Shell) -> None:
    shell("ask", "--demo", "code")
    out = shell("export", shell.only_conversation()["id"][:8]).out
    assert out.startswith("---\n") and "demo/tour" in out and "rate limiter" in out


def test_all_go_into_a_folder_as_files_of_their_own(shell: Shell, tmp_path: Path) -> None:
    shell("ask", "--demo", "code")
    shell("ask", "--demo", "table")
    assert "2 files" in shell("export", "--all", "-o", str(tmp_path / "out")).out
    assert len(list((tmp_path / "out").glob("*.md"))) == 2


@pytest.mark.parametrize("words", [[], ["--all", "abc"], ["--all", "-f", "jsn"]])
def test_an_unclear_wish_is_a_misuse(shell: Shell, words: list[str]) -> None:
    done = shell("export", *words)
    assert done.code == 2 and "Traceback" not in done.err


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

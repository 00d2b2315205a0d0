"""`-p`: a model with its system prompt and options, chosen by one word."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Shell

PROFILES = """
[profiles.review]
model = "demo/tour"
system = "You review code."
effort = "high"
max_tokens = 20
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "settings.toml"
    path.write_text(PROFILES)
    return str(path)


def test_a_profile_sets_model_system_prompt_and_options(shell: Shell, file: str) -> None:
    done = shell("--config", file, "ask", "--demo", "-p", "review", "--jsonl", "long 500")
    assert done.lines[-1]["stop_reason"] == "max_tokens"
    found = shell.only_conversation()
    assert (found["model"], found["system"]) == ("demo/tour", "You review code.")
    assert found["options"]["max_tokens"] == 20 and found["options"]["effort"] == "high"


def test_a_flag_goes_over_the_profile(shell: Shell, file: str) -> None:
    shell("--config", file, "ask", "--demo", "-p", "review", "-s", "You are brief.", "code")
    assert shell.only_conversation()["system"] == "You are brief."


def test_a_conversation_can_be_continued_under_another_profile(shell: Shell, file: str) -> None:
    shell("ask", "--demo", "code")
    done = shell("--config", file, "ask", "-c", "-p", "review", "--jsonl", "long 500")
    assert done.lines[-1]["stop_reason"] == "max_tokens"


def test_a_profile_that_is_not_there_names_the_nearest(shell: Shell, file: str) -> None:
    done = shell("--config", file, "ask", "--demo", "-p", "reveiw", "code")
    assert done.code == 3 and "review" in done.err and "Traceback" not in done.err


def test_a_profile_keeps_its_conversations_on_this_machine(shell: Shell, file: str) -> None:
    Path(file).write_text(PROFILES + "kept_here = true\n")
    shell("--config", file, "ask", "--demo", "-p", "review", "code")
    shell("--config", file, "ask", "--demo", "other code")
    with sqlite3.connect(next(shell.home.rglob("conversations.db"))) as db:
        assert db.execute("SELECT system, kept_here FROM conversation ORDER BY seq").fetchall() == [
            ("You review code.", 1),
            ("", 0),
        ]

"""A command line that plainly asks for the app is read as typer reads it; anything else is left to typer."""

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tui_chat.cli import app, launch
from tui_chat.cli.fast_path import SWITCHES, VALUES, parse_app_args

ASKED = (
    "",
    "-c",
    "--continue --demo --debug",
    "-m openai/gpt-5 -s Brief",
    "--model=openai/gpt-5 --system=a=b",
    "--conversation 0a1b --profile work",
    "--data-dir /not/there --config=settings.toml",
    "-p work -c",
)
LEFT = (
    "--help",
    "-h",
    "-V",
    "list",
    "--demo list",
    "-cm openai/gpt-5",
    "-mopenai/gpt-5",
    "-m",
    "-m -c",
    "--model=",
    "-c -c",
    "--demo=yes",
    "--mod x",
    "-- list",
    "--unheard-of",
    "-c list",
)


@pytest.mark.parametrize("line", ASKED)
def test_what_is_read_directly_is_what_typer_reads(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []

    def open_app(*asked: Any) -> int:
        read.append(asked)
        return 0

    monkeypatch.setattr(launch, "open_app", open_app)
    done = CliRunner().invoke(app.app, line.split())
    assert done.exit_code == 0, done.output
    assert parse_app_args(line.split(), {}) == read[0]


@pytest.mark.parametrize("line", LEFT)
def test_what_may_mean_something_else_is_left_to_typer(line: str) -> None:
    assert parse_app_args(line.split(), {}) is None


def test_completion_is_left_to_typer() -> None:
    assert parse_app_args([], {"_TUI_CHAT_COMPLETE": "complete_bash"}) is None


def test_a_folder_that_cannot_be_read_is_left_to_typer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    assert parse_app_args(["--data-dir", str(tmp_path)], {}) is None


def test_every_option_of_the_app_is_known() -> None:
    group = typer.main.get_command(app.app)
    known = {name for parameter in group.params for name in parameter.opts}
    others = {"--version", "-V", "--install-completion", "--show-completion"}
    assert known - others == set(SWITCHES) | set(VALUES)

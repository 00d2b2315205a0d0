"""The fast path parses what opens the app as typer does; anything else is left to typer."""

from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tui_chat.cli import app, launch
from tui_chat.cli.fast_path import DATA_DIR, FLAGS, MODEL, parse_app_args

PARSED = (
    "",
    "-c",
    "--demo",
    "--continue --demo",
    "--temp",
    "-m openai/gpt-5",
    "--model openai/gpt-5 -c",
    "--data-dir /not/there --demo",
)
LEFT_TO_TYPER = (
    "--continue --demo --debug",
    "-m openai/gpt-5 -s Brief",
    "--model=openai/gpt-5",
    "--conversation 0a1b --profile work",
    "--data-dir /not/there --config=settings.toml",
    "--help",
    "-h",
    "-V",
    "list",
    "--demo list",
    "-cm openai/gpt-5",
    "-mopenai/gpt-5",
    "-m",
    "-m -c",
    "--data-dir",
    "--data-dir a --data-dir b",
    "--model=",
    "-c -c",
    "--demo=yes",
    "--mod x",
    "-- list",
    "--unheard-of",
    "-c list",
)


@pytest.mark.parametrize("line", PARSED)
def test_the_fast_path_parses_as_typer_does(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []

    def open_app(*options: Any) -> int:
        read.append(options)
        return 0

    monkeypatch.setattr(launch, "open_app", open_app)
    done = CliRunner().invoke(app.app, line.split())
    assert done.exit_code == 0, done.output
    assert parse_app_args(line.split(), {}) == read[0]


@pytest.mark.parametrize("line", LEFT_TO_TYPER)
def test_anything_else_is_left_to_typer(line: str) -> None:
    assert parse_app_args(line.split(), {}) is None


def test_completion_is_left_to_typer() -> None:
    assert parse_app_args([], {"_TUI_CHAT_COMPLETE": "complete_bash"}) is None


def test_the_fast_path_knows_only_options_of_the_app() -> None:
    group = typer.main.get_command(app.app)
    assert {*FLAGS, *MODEL, DATA_DIR} <= {name for parameter in group.params for name in parameter.opts}

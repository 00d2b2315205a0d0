"""Every `--help` fits eighty columns, cuts no text short, and shows examples that can be parsed."""

import re
import shlex
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.support.readme import program
from tui_chat.cli.app import COMMANDS, app, load_command
from tui_chat.cli.examples import EXAMPLES

OPERATORS = ("|", "<", ">", "&&")


def paths(command: Any, path: str = "") -> Iterator[str]:
    """Every command by the words that call it; the program itself by the empty string."""
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from paths(below, f"{path} {name}".strip())


def help_of(path: str) -> str:
    """The command's --help in a terminal of eighty columns."""
    done = CliRunner().invoke(app, [*path.split(), "--help"], env={"COLUMNS": "80"}, prog_name="tui-chat")
    assert done.exit_code == 0
    return done.output


def calls_in(example: str) -> list[list[str]]:
    """The words of every call of the program in a line of shell."""
    line = re.sub(r"\s{3,}.*", "", example)
    within = re.findall(r"\$\((tui-chat[^)]*)\)", line)
    calls: list[list[str]] = []
    for part in (re.sub(r"\$\([^)]*\)", "1a2b3c4d", line), *within):
        words = shlex.split(part)
        while "tui-chat" in words:
            words = words[words.index("tui-chat") + 1 :]
            ends = [at for at, word in enumerate(words) if word in OPERATORS]
            calls.append(words[: min(ends, default=len(words))])
    return calls


def take(command: Any, words: Sequence[str], parent: Any = None) -> str:
    """Parse the words without running anything; return the command they call."""
    names = getattr(command, "commands", {})
    at = next((at for at, word in enumerate(words) if word in names), len(words))
    with command.make_context("tui-chat", list(words[:at]), parent=parent) as context:
        if at == len(words):
            return ""
        return f"{words[at]} {take(names[words[at]], words[at + 1 :], context)}".strip()


@pytest.mark.parametrize("path", list(paths(program())), ids=lambda path: path or "tui-chat")
def test_help_is_whole_within_eighty_cells_and_has_examples(path: str) -> None:
    lines = help_of(path).splitlines()
    assert all(len(line) <= 80 for line in lines)
    assert not [line for line in lines if line.endswith("...") and not line.startswith("Usage:")]
    shown = lines[lines.index("Examples:") + 1 :]
    assert [line.strip() for line in shown] == list(EXAMPLES[path])


@pytest.mark.parametrize(("path", "example"), [(path, line) for path, lines in EXAMPLES.items() for line in lines])
def test_an_example_can_be_parsed(path: str, example: str) -> None:
    called = [take(program(), words) for words in calls_in(example)]
    assert any(call.startswith(path) for call in called)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_the_first_sentence_of_each(name: str) -> None:
    assert load_command(name).get_short_help_str(200) == COMMANDS[name].summary


def test_every_example_belongs_to_a_command() -> None:
    assert set(EXAMPLES) == set(paths(program()))


def test_arguments_are_shown_by_name_alone() -> None:
    assert "Usage: tui-chat export [OPTIONS] [ID...]\n" in help_of("export")
    assert "Usage: tui-chat rename [OPTIONS] ID TITLE\n" in help_of("rename")
    assert not re.search(r"<(str|int|list|path)\b", "".join(map(help_of, paths(program()))))

"""`help` prints the text of the README, and the README has what the program has."""

import pytest

from tests.cli.conftest import Shell
from tests.support.environment import ROOT
from tui_chat.cli.commands.help import TOPICS

README = (ROOT / "README.md").read_text()


def test_all_topics_are_listed_and_an_unknown_one_is_nearly_guessed(shell: Shell) -> None:
    listed = shell("help")
    assert listed.code == 0 and all(topic in listed.out for topic in TOPICS)
    wrong = shell("help", "privcy")
    assert wrong.code != 0 and "did you mean privacy?" in wrong.err and "Traceback" not in wrong.err


def test_a_command_is_no_topic_and_its_own_help_is_named(shell: Shell) -> None:
    wrong = shell("help", "ask")
    assert wrong.code == 2 and "`tui-chat ask -h` explains it" in wrong.err


@pytest.mark.slow
@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_a_section_of_the_readme(shell: Shell, topic: str) -> None:
    assert f"\n## {TOPICS[topic]}\n" in README
    shown = shell("help", topic)
    assert shown.code == 0 and shown.out.startswith(f"# {TOPICS[topic]}")
    assert "![" not in shown.out

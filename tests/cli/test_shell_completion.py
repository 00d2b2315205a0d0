"""The shell completes conversations and models, in its own protocol, and contacts no provider."""

import pytest

from tests.cli.conftest import Shell
from tests.support.loaded_program import call_program


def completed(shell: Shell, kind: str, line: str, **more: str) -> str:
    """The completions of the last word of that line."""
    words = line.split(" ")
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        "powershell": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_WORD_TO_COMPLETE": words[-1]},
    }[kind]
    _, out, err = call_program([], shell.environment(_TUI_CHAT_COMPLETE=f"complete_{kind}", **asked, **more))
    assert b"Traceback" not in err
    return out.decode()


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_a_conversation_is_completed_with_its_title(shell: Shell, kind: str) -> None:
    shell("ask", "-m", "demo/tour", "a question about gears")
    whole_id = shell("list", "--json").out.partition('"id": "')[2].partition('"')[0]
    for command in ("show", "delete", "rename", "fork", "export"):
        completions = completed(shell, kind, f"tui-chat {command} {whole_id[:4]}")
        assert whole_id in completions
        assert kind == "bash" or "a question about gears" in completions
    assert whole_id not in completed(shell, kind, "tui-chat show zzzz")


@pytest.mark.parametrize("kind", ["bash", "zsh", "fish"])
def test_a_model_is_completed(shell: Shell, kind: str) -> None:
    assert "demo/tour" in completed(shell, kind, "tui-chat ask -m de")


def test_without_a_database_nothing_is_completed_and_none_is_made(shell: Shell) -> None:
    assert completed(shell, "bash", "tui-chat show a").strip() == ""
    assert not list(shell.home.rglob("conversations.db"))

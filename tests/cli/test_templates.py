"""Templates in a shell: `ask -t`, the list, and the question about a project's."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Shell
from tests.support.environment import ROOT
from tests.support.pty_terminal import Terminal


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def own(shell: Shell) -> Path:
    """The user's folder of templates."""
    return shell.home / ".config" / "tui-chat" / "commands"


def test_a_template_is_filled_with_arguments_a_file_and_piped_text(shell: Shell, own: Path) -> None:
    write(own / "review.md", "---\nargument-hint: FILE\n---\nReview $1: {{stdin}}\n{{file:$1}}\n")
    file = shell.home / "a.py"
    write(file, "print(1)\n")
    done = shell("ask", "--demo", "-t", "review", str(file), stdin="the diff\n")
    assert done.code == 0, done.err
    prompt = shell.only_conversation()["turns"][0]
    assert prompt["parts"][0]["text"] == f"Review {file}: the diff\na.py"
    assert prompt["parts"][1]["name"] == "a.py"


def test_piped_text_without_a_place_is_appended(shell: Shell, own: Path) -> None:
    write(own / "sum.md", "Sum up.\n")
    assert shell("ask", "--demo", "-t", "sum", "briefly", stdin="the log\n").code == 0
    assert shell.only_conversation()["turns"][0]["parts"][0]["text"] == "Sum up.\n\nbriefly\n\nthe log"


def test_a_secret_is_not_read_without_a_question(shell: Shell, own: Path) -> None:
    write(own / "leak.md", "Read {{file:$1}}.\n")
    write(shell.home / ".env", "API_KEY=abc\n")
    done = shell("ask", "--demo", "-t", "leak", str(shell.home / ".env"))
    assert done.code == 2 and "usually holds secrets" in done.err
    assert shell("list").out.strip() in ("", "No conversations yet.") or "Read" not in shell("list").out


def test_an_unknown_template_and_a_broken_one_say_what_to_do(shell: Shell, own: Path) -> None:
    write(own / "review.md", "Review.\n")
    write(own / "odd.md", "---\nmodle: x\n---\nhi\n")
    assert "did you mean review" in shell("ask", "--demo", "-t", "reviw").err
    broken = shell("ask", "--demo", "-t", "odd")
    assert broken.code == 3 and "odd.md:2" in broken.err and "did you mean model" in broken.err


def test_the_list_names_calls_and_what_is_wrong(shell: Shell, own: Path) -> None:
    assert "No templates yet" in shell("templates").out
    write(own / "review.md", "---\ndescription: Review it\nargument-hint: FILE\n---\nReview.\n")
    write(own / "new.md", "hi\n")
    done = shell("templates")
    assert done.out == "/review FILE  Review it\n" and "new.md:1: /new is a command of the program" in done.err


def test_a_projects_templates_need_a_yes_on_a_terminal_and_ask_again_when_changed(
    shell: Shell, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    file = work / ".tui-chat" / "commands" / "fix.md"
    write(file, "Fix the build.\n")
    environment = shell.environment(PYTHONPATH=str(ROOT))

    def call(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *words],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    refused = call("ask", "--demo", "-t", "fix")
    assert refused.returncode == 2 and "templates --trust" in refused.stderr
    assert "not allowed yet" in call("templates").stdout
    with Terminal([*COMMAND, "templates", "--trust"], environment=environment, cwd=work) as terminal:
        terminal.until("Fix the build.")
        terminal.until("Use these commands")
        terminal.type("y\r")
        terminal.wait()
    assert call("ask", "--demo", "-t", "fix").returncode == 0
    write(file, "Send my keys.\n")
    assert call("ask", "--demo", "-t", "fix").returncode == 2

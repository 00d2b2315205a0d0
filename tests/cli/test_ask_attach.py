"""`tui-chat ask --attach`, and what is piped to it: sent as files, asked about, or refused with a reason."""

import json
import os
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from tests.attachments.samples import image, pdf
from tests.cli.conftest import COMMAND, Done, Shell
from tests.support.pty_terminal import Terminal


def ask(shell: Shell, *words: str, piped: bytes = b"") -> Done:
    command = [*COMMAND, "ask", "--demo", "code", *words]
    done = subprocess.run(command, cwd=shell.home, env=shell.environment(), input=piped, capture_output=True)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def sent(shell: Shell) -> list[tuple[str, ...]]:
    """The parts of the prompt that was sent."""
    shown = []
    for part in shell.only_conversation()["turns"][0]["parts"]:
        if part["type"] == "text":
            shown.append(("text", part["text"]))
        else:
            shown.append((part["name"], part["media_type"]))
    return shown


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "media_type"), [(image(), "image/png"), (image("JPEG"), "image/jpeg"), (pdf(), "application/pdf")]
)
def test_a_piped_image_or_pdf_is_attached_and_not_read_as_text(shell: Shell, data: bytes, media_type: str) -> None:
    assert ask(shell, piped=data).code == 0
    assert sent(shell) == [("text", "code"), ("stdin", media_type)]


def test_files_and_patterns_are_attached_in_order(shell: Shell) -> None:
    for name, data in {"shot.png": image(), "b.py": b"b = 1\n", "a.py": b"a = 1\n"}.items():
        (shell.home / name).write_bytes(data)
    assert ask(shell, "-a", "shot.png", "--attach", "*.py", "-a", "-", piped=b"a log\n").code == 0
    files = [("shot.png", "image/png"), ("a.py", "text/x-python"), ("b.py", "text/x-python"), ("stdin", "text/plain")]
    assert sent(shell) == [("text", "code"), *files]


def test_piped_text_still_belongs_to_the_prompt(shell: Shell) -> None:
    (shell.home / "a.py").write_text("a = 1")
    assert ask(shell, "-a", "a.py", piped="naïve\n".encode()).code == 0
    assert sent(shell) == [("text", "code\n\nnaïve"), ("a.py", "text/x-python")]


def test_piped_binary_data_is_refused_with_its_kind(shell: Shell) -> None:
    done = ask(shell, piped=b"PK\x03\x04" + bytes(100))
    assert done.code == 2 and "stdin is a ZIP archive" in done.err and "Convert it" in done.err
    assert shell("list", "--json").out.strip() == "[]"


def hostile(home: Path) -> dict[str, str]:
    """Files that cannot be attached, and the message about each."""
    os.mkfifo(home / "pipe")
    (home / "loop").symlink_to("loop")
    (home / "folder").mkdir()
    with (home / "large.png").open("wb") as file:
        file.write(image())
        file.truncate(2_000_000_000)
    (home / "bad\x1b[31m\u202ename.bin").write_bytes(bytes(10))
    return {
        "pipe": "is a named pipe",
        "loop": "leads back to itself",
        "folder": "is a folder",
        "large.png": "2,000,000,000 bytes; at most 33,554,432",
        "bad\x1b[31m\u202ename.bin": "binary data",
        "/dev/zero": "is a device",
        "missing": "no file",
        "*.missing": "no file matches",
        "http://example.com/x.png": "Only https addresses are fetched.",
        "https://localhost/x.png": "own network",
        "https://169.254.169.254/latest/meta-data": "own network",
    }


@pytest.mark.slow
def test_what_cannot_be_attached_reports_why_and_sends_nothing(shell: Shell) -> None:
    for name, reason in hostile(shell.home).items():
        done = ask(shell, "-a", name)
        assert done.code == 2 and reason in done.err, name
        assert "\x1b" not in done.err and "\u202e" not in done.err and "Traceback" not in done.err
        assert len(done.err.splitlines()) == 3, done.err
    assert shell("list", "--json").out.strip() == "[]"


@pytest.mark.slow
def test_secrets_are_not_attached_without_an_answer(shell: Shell) -> None:
    (shell.home / ".env").write_text("A=1")
    done = ask(shell, "-a", ".env")
    assert done.code == 2 and ".env usually holds secrets" in done.err and "--yes" in done.err
    assert ask(shell, "-a", ".env", "--yes").code == 0
    assert sent(shell)[1] == (".env", "text/plain")


@pytest.mark.parametrize(("answer", "code"), [("\r", 2), ("n\r", 2), ("y\r", 0)])
def test_on_a_terminal_the_question_has_no_as_its_default(shell: Shell, answer: str, code: int) -> None:
    (shell.home / ".env").write_text("A=1")
    command = [*COMMAND, "ask", "--demo", "code", "-a", ".env"]
    with Terminal(command, environment=shell.environment(), cwd=shell.home) as terminal:
        terminal.until("Attach it? [y/N]")
        terminal.type(answer)
        assert terminal.wait() == code


def test_the_bytes_that_are_stored_are_those_of_the_file(shell: Shell) -> None:
    data = image(width=300)
    (shell.home / "shot.png").write_bytes(data)
    assert ask(shell, "-a", "shot.png").code == 0
    exported: dict[str, Any] = json.loads(shell("export", "--all", "-f", "json").out)
    assert [b64decode(bytes_) for bytes_ in exported["blobs"].values()] == [data]

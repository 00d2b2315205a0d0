"""A fault of the program's own: the terminal is restored, and the place of the fault is shown without any text."""

import sys
from pathlib import Path

import pytest

from tests.support.crashing_program import KEY, PROMPT
from tests.support.environment import clean_environment, only_conversation
from tests.support.pty_terminal import Terminal, is_restored

FIND = "\x06"
LEFT = b"\x1b[?1049l"
PLACES = ("a key", "a fault that shows itself", "a screen", "drawing", "a timer", "a worker", "reading keys")


@pytest.mark.parametrize("place", PLACES)
def test_a_crash_gives_the_terminal_back_and_shows_and_loses_nothing(place: str, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, ANTHROPIC_API_KEY=KEY)
    command = (sys.executable, "-m", "tests.support.crashing_program", place, "--demo", "--debug")
    with Terminal(command, environment=environment) as terminal:
        terminal.until("Ask anything")
        terminal.type(f"{PROMPT}\r")
        terminal.until(lambda text: "streaming" in text.rstrip().splitlines()[-1])
        terminal.type(FIND)
        assert terminal.wait(patience_s=10) == 1
        assert is_restored(terminal.output)
        printed = terminal.output.rpartition(LEFT)[2].decode()
        assert KEY.encode() not in terminal.output
    assert "Internal error in tui-chat" in printed and "tui-chat.log" in printed
    assert "zebra" not in printed and "Traceback" not in printed and len(printed.splitlines()) < 12
    log = next(tmp_path.rglob("tui-chat.log")).read_text()
    assert "crashing_program.py" in log and "in failing" in log
    assert "zebra" not in log and "canary" not in log
    prompt, reply = only_conversation(tmp_path)["turns"]
    assert prompt["parts"][0]["text"] == PROMPT
    assert reply["status"] == "interrupted"

"""The watchdog notices a signal whatever happens to its handlers meanwhile, and no interrupt key is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal

REPLACED = """
import signal, sys, threading
from tui_chat.cli.signals import Watchdog

left = threading.Event()
sys.setswitchinterval(1)  # no other thread runs between the signal and the new handler
with Watchdog() as watchdog:
    watchdog.follow(lambda react, code: react(code), lambda code: left.set())
    signal.raise_signal(signal.{name})
    before = signal.signal(signal.{name}, lambda *_: None)
    came = left.wait(1.2)
    print("left" if came else "not noticed", flush=True)
"""


@pytest.mark.parametrize("name", ["SIGQUIT", "SIGINT", "SIGTERM"])
def test_a_signal_is_noticed_though_its_handler_was_replaced_meanwhile(name: str) -> None:
    command = [sys.executable, "-c", REPLACED.format(name=name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert done.stdout == "left\n", done.stderr


JUST_BEFORE_THE_WAIT = """
import signal, sys, threading
from tui_chat.cli.signals import Watchdog

def press():
    # The call of the main thread goes on, as if the signal had come before it.
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

with Watchdog():
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.2, press).start()
        input("line: ")
    except (KeyboardInterrupt, SystemError):  # SystemError: two signals at once
        print("interrupted")
"""


def test_the_interrupt_key_ends_a_line_though_it_came_just_before_the_wait(tmp_path: Path) -> None:
    command = [sys.executable, "-c", JUST_BEFORE_THE_WAIT]
    with Terminal(command, environment=clean_environment(tmp_path), cwd=ROOT) as terminal:
        terminal.until("interrupted")
        assert terminal.wait() == 0

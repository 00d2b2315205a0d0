"""The watchdog notices a signal whatever happens to its handlers meanwhile."""

import subprocess
import sys

import pytest

from tests.support.environment import ROOT

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

"""Network namespaces, each a machine of its own on one bridge, whose cable can be pulled."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

BRIDGE_ADDRESS = "10.213.77.1"


@dataclass(frozen=True)
class Namespace:
    """A machine with one network card."""

    name: str
    cable: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """What stands before a command that runs on it."""
        return ("ip", "netns", "exec", self.name)

    def pull_cable(self) -> None:
        """Lose every packet from now on; the connections get no sign."""
        _ip("link", "set", self.cable, "down")

    def plug_in(self) -> None:
        _ip("link", "set", self.cable, "up")


def are_available() -> bool:
    """Return whether namespaces can be made here."""
    if os.geteuid() != 0:
        return False
    try:
        with namespaces(1):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def namespaces(count: int) -> Iterator[list[Namespace]]:
    """Make machines and the bridge between them, which has `BRIDGE_ADDRESS` here; remove them at the end."""
    tag = f"tc{os.getpid() % 100_000}"
    made = [Namespace(f"{tag}n{number}", f"{tag}v{number}") for number in range(count)]
    try:
        _ip("link", "add", tag, "type", "bridge")
        _ip("addr", "add", f"{BRIDGE_ADDRESS}/24", "dev", tag)
        _ip("link", "set", tag, "up")
        for number, one in enumerate(made):
            _ip("netns", "add", one.name)
            _ip("link", "add", one.cable, "type", "veth", "peer", "name", "card", "netns", one.name)
            _ip("link", "set", one.cable, "master", tag, "up")
            _ip("-n", one.name, "addr", "add", f"10.213.77.{number + 10}/24", "dev", "card")
            _ip("-n", one.name, "link", "set", "card", "up")
            _ip("-n", one.name, "link", "set", "lo", "up")
        yield made
    finally:
        for one in made:
            _ip("netns", "del", one.name, check=False)
            _ip("link", "del", one.cable, check=False)
        _ip("link", "del", tag, check=False)


def _ip(*words: str, check: bool = True) -> None:
    subprocess.run(["ip", *words], check=check, capture_output=True, timeout=20)

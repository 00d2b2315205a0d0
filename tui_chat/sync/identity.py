"""Files next to the database for sync: the key, the password, and a witness of whether the file is a copy."""

import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from tui_chat.storage.private_files import replace, temporary_file
from tui_chat.storage.sync_state import ReplicaState

DEVICE_BYTES = 8


def new_device() -> bytes:
    return os.urandom(DEVICE_BYTES)


def machine_name() -> str:
    """Return how this machine is called in notices on others."""
    return socket.gethostname().partition(".")[0] or "unnamed"


@dataclass(frozen=True, slots=True)
class SyncFiles:
    database: Path

    @property
    def key(self) -> Path:
        """The file of the key, readable by this user alone."""
        return self._file("key")

    @property
    def password(self) -> Path:
        """The file of the password that was given with the address of the hub."""
        return self._file("password")

    @property
    def witness(self) -> Path:
        """The file of the device, this machine and how far it had come: a database that does not fit is a copy."""
        return self._file("witness")

    def write(self, path: Path, text: str) -> None:
        """Write a private file, whole or not at all."""
        with temporary_file(path.parent) as new:
            new.write_text(text, encoding="utf-8")
            replace(path, new)

    def read(self, path: Path) -> str | None:
        """Return the content of a file; `None` if there is none."""
        try:
            return path.read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None

    def remove(self) -> None:
        for path in (self.key, self.password, self.witness):
            path.unlink(missing_ok=True)

    def is_copy(self, state: ReplicaState) -> bool:
        """Return whether the database is not the one that was synced here last: it was copied or restored."""
        try:
            last = json.loads(self.read(self.witness) or "")
            is_older = last["counter"] > state.counter or last["mark"] > _mark(state)
            return bool(last["device"] != state.device.hex() or last["place"] != self._place() or is_older)
        except (ValueError, KeyError, TypeError):
            return True

    def note(self, state: ReplicaState) -> None:
        """Store what `is_copy` compares with."""
        witness = {
            "device": state.device.hex(),
            "place": self._place(),
            "counter": state.counter,
            "mark": _mark(state),
        }
        with suppress(OSError):  # without it the file counts as a copy, which only costs a new device
            self.write(self.witness, json.dumps(witness))

    def _file(self, name: str) -> Path:
        return self.database.with_name(f"{self.database.name}.sync-{name}")

    def _place(self) -> str:
        """Return a hash of this machine and the path."""
        try:
            machine = Path("/etc/machine-id").read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            machine = ""
        text = f"{machine}\0{socket.gethostname()}\0{self.database.absolute()}"
        return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _mark(state: ReplicaState) -> int:
    return 0 if state.mark is None else state.mark[0]

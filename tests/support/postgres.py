"""A PostgreSQL server of its own for tests: a temporary folder, a Unix socket and a loopback port."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

_USER = "postgres"
_FAST = "-c fsync=off -c full_page_writes=off"


def find(program: str) -> str | None:
    """Return the path of a program of PostgreSQL, which Debian keeps off the PATH."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), *Path("/opt").glob("*/postgresql*/bin")]
    return shutil.which(program) or next(
        (str(path) for folder in folders if (path := folder / program).exists()), None
    )


def is_available() -> bool:
    """Return whether a server can be started here; it refuses to run as root without another user to become."""
    can_run = os.geteuid() != 0 or (shutil.which("setpriv") is not None and _account() is not None)
    return can_run and find("initdb") is not None and find("postgres") is not None


@dataclass
class Postgres:
    """A server, which can be stopped and started again."""

    folder: Path
    port: int
    options: str = _FAST
    _process: subprocess.Popen[bytes] | None = None

    @property
    def data(self) -> Path:
        """The server's data directory."""
        return self.folder / "data"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [
            *as_other_user(),
            str(find("postgres")),
            *("-D", str(self.data), "-k", str(self.folder), "-p", str(self.port)),
            *("-c", "listen_addresses=127.0.0.1"),
            *self.options.split(),
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        deadline_s = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                assert time.monotonic() < deadline_s, (self.folder / "log").read_text()
                assert self._process.poll() is None, (self.folder / "log").read_text()
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """Stop the server; at once, as a crash would, unless another signal is given."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def has_ended(self) -> bool:
        """Return whether the server ended by itself."""
        return self._process is not None and self._process.poll() is not None

    def url(
        self, role: str = _USER, database: str = "postgres", *, tcp: bool = False, port: int | None = None
    ) -> str:
        """Return the address of a database, through the socket or the loopback port."""
        place = (
            f"127.0.0.1:{port or self.port}/{database}" if tcp else f"/{database}?host={self.folder}&port={self.port}"
        )
        return f"postgresql://{role}@{place}"

    def run(self, *statements: str, database: str = "postgres", role: str = _USER) -> list[tuple[object, ...]]:
        """Run statements, each by itself; return the rows of the last."""
        with psycopg.connect(self.url(role, database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return list(cursor.fetchall()) if cursor.description else []

    def new_database(self, name: str, owner: str = _USER) -> str:
        """Create an empty database; return its address."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} OWNER {owner}")
        return self.url(owner, name)


@contextmanager
def running_postgres(options: str = _FAST, place: Path | None = None) -> Iterator[Postgres]:
    """Initialize and start a server in a temporary folder; stop it and remove the folder at the end."""
    # Not in pytest's folders: they are closed to the user that the server runs as, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="tui-chat-pg-", dir=place))
    if os.geteuid() == 0:
        shutil.chown(folder, _account())
    initdb = [str(find("initdb")), "-D", str(folder / "data"), "-U", _USER, "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run([*as_other_user(), *initdb, "--locale=C"], check=True, capture_output=True, cwd="/", timeout=60)
    server = Postgres(folder, _free_port(), options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> str | None:
    import pwd

    for name in (_USER, "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


def as_other_user() -> list[str]:
    """Return what stands before a command that refuses to run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", f"--reuid={_account()}", "--clear-groups", "--"]


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])

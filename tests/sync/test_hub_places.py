"""Hubs as they are run: behind a pooler in transaction mode, and on a disk that gets full."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.postgres import Postgres, as_other_user, find, running_postgres
from tests.sync.computers import Computer, canonical
from tests.sync.test_network import Machines, settle
from tui_chat.core.error import SyncError
from tui_chat.sync.hub import PostgresHub, install
from tui_chat.sync.seal import SpaceKey

pytestmark = [pytest.mark.real, pytest.mark.slow]
DISK_MB = 150
OPTIONS = "-c fsync=off -c min_wal_size=32MB -c max_wal_size=64MB"


@contextmanager
def pooler(postgres: Postgres) -> Iterator[int]:
    """Run PgBouncer with a single server connection that is shared by transactions; yield its port."""
    if (program := shutil.which("pgbouncer") or find("pgbouncer")) is None:
        pytest.skip("PgBouncer is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    users = postgres.folder / "users.txt"
    users.write_text('"postgres" ""\n')
    config = postgres.folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host=127.0.0.1 port={postgres.port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
        f"listen_port = {port}\nauth_type = trust\nauth_file = {users}\npool_mode = transaction\n"
        "default_pool_size = 1\nmax_client_conn = 50\nunix_socket_dir =\n"
    )
    process = subprocess.Popen([*as_other_user(), program, "-q", str(config)], cwd="/", stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            process.poll()
            assert process.returncode is None, "PgBouncer did not start"
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def test_machines_sync_through_a_pooler_in_transaction_mode(
    tmp_path: Path, postgres: Postgres, database: str
) -> None:
    name = database.partition("?")[0].rpartition("/")[2]
    with pooler(postgres) as port:
        url = f"postgresql://postgres@127.0.0.1:{port}/{name}"
        laptop, workstation = Computer(tmp_path / "laptop"), Computer(tmp_path / "workstation")
        laptop.ask("through a pooler")
        laptop.run("sync", "init", url)
        workstation.run("sync", "join", url, "--key", "-", stdin=laptop.run("sync", "key"))
        with laptop.running("sync", "--follow"), workstation.running("sync", "--follow"):
            for text in ("one more", "and another"):
                laptop.ask(text, "-c")
        for computer in (laptop, workstation, laptop):
            computer.run("sync")
        assert canonical(laptop) == canonical(workstation) and "and another" in str(canonical(workstation))
        assert workstation.run("sync", "verify").startswith("All equal:")


@pytest.fixture
async def full() -> AsyncIterator[Postgres]:
    """A server whose data directory lies on a small disk."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    with small_disk() as folder, running_postgres(OPTIONS, place=folder) as server:
        yield server


@contextmanager
def small_disk() -> Iterator[Path]:
    folder = Path("/tmp") / f"tui-chat-disk-{os.getpid()}"
    folder.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "none", str(folder)]
        if subprocess.run(mount, capture_output=True).returncode:
            pytest.skip("a small disk cannot be mounted here")
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], capture_output=True)
        folder.rmdir()


@pytest.mark.timeout(180)
async def test_disk_of_the_hub_gets_full_and_has_room_again(full: Postgres, tmp_path: Path) -> None:
    database = full.new_database("small")
    await install(database)
    hub = PostgresHub(database, key := SpaceKey.new())
    await hub.create_space()
    await hub.aclose()
    machines = Machines(tmp_path, key)
    try:
        near, far = await machines.start("near", database), await machines.start("far", database)
        await near.add()
        await settle(near, far)
        filler = full.folder / "filler"
        with filler.open("wb") as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(os.urandom(1 << 20))
                file.flush()
        details = set()
        for _ in range(40):
            for _ in range(20):
                await near.add(os.urandom(10_000).hex())
            try:
                await near.exchange()
            except SyncError as error:
                details.add(error.detail)
                break
        assert details & {"hub_full", "away", "hub_failed"}, details
        assert (await near.session.replica()).to_send > 0
        filler.unlink()
        if full.has_ended():  # PostgreSQL stops where it cannot write its log of transactions
            await asyncio.to_thread(full.start)
        await near.session.hub.aclose()
        await far.session.hub.aclose()
        await settle(near, far)
        assert len(await far.content()) == near.added
    finally:
        await machines.aclose()

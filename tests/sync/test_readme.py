"""The README's way from nothing to two machines, line by line as it stands there, on a real PostgreSQL."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.environment import clean_environment
from tests.support.postgres import Postgres
from tests.support.readme import TEXT
from tests.sync.computers import Computer, canonical

pytestmark = [pytest.mark.real, pytest.mark.slow]
SECTION = TEXT[TEXT.index("\n## On several machines") :].split("\n## ", 2)[1]
LINES = re.findall(r"^(db|laptop|workstation)\$ (.+)$", SECTION, re.MULTILINE)
NOT_CALLED = ("sudo apt install", "ssh -fNL")
"""The start of what installs the server and tunnels to it, which the test has done."""


@pytest.fixture
def programs(tmp_path: Path, postgres: Postgres) -> Path:
    """A folder with `sudo`, which is the server's administrator, and `ssh`, which is the laptop."""
    folder = tmp_path / "bin"
    folder.mkdir()
    administrator = f"PGHOST={postgres.folder} PGPORT={postgres.port} PGUSER=postgres"
    scripts = {
        "sudo": f'#!/bin/sh\nshift 2\nexec env {administrator} "$@"\n',
        "ssh": f'#!/bin/sh\nshift\nexec env HOME={tmp_path / "laptop"} "$@"\n',
        "tui-chat": f'#!/bin/sh\nexec {sys.executable} -m tui_chat "$@"\n',
    }
    for name, text in scripts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not installed")
def test_the_page_leads_from_nothing_to_two_machines(tmp_path: Path, postgres: Postgres, programs: Path) -> None:
    laptop, workstation = Computer(tmp_path / "laptop"), Computer(tmp_path / "workstation")
    laptop.ask("code for a rate limiter")
    assert len(LINES) == 6
    for where, line in LINES:
        if line.startswith(NOT_CALLED):
            continue
        home = laptop.home if where == "laptop" else workstation.home
        environment = clean_environment(home, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}")
        command = line.replace("@localhost/", f"@localhost:{postgres.port}/")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90,
        )  # fmt: skip
        assert done.returncode == 0, (line, done.stderr)
    assert canonical(workstation) == canonical(laptop)
    workstation.ask("shorter, please", "-c")
    for computer in (workstation, laptop):
        for words in ("sync", "sync status", "sync verify"):
            assert computer.run(*words.split())
    assert canonical(workstation) == canonical(laptop)
    ((owner,),) = postgres.run("SELECT tableowner FROM pg_tables WHERE tablename = 'record'", database="chats")
    assert owner == "tui_chat_hub"
    workstation.run("sync", "leave")

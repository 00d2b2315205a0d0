"""What the README shows of the server, run as it stands there against a server that runs."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.served import Served, served
from tests.support.environment import clean_environment
from tests.support.readme import TEXT
from tests.test_readme_facts import section

FENCE = re.compile(r"^```(\w+)\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
SECTION = section("For other programs")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("served"), "--demo") as running:
        yield running


def blocks(language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(SECTION) if kind == language]


def here(block: str, server: Served) -> str:
    """Return the block with the address and the token file of the server of this test."""
    block = block.replace("http://127.0.0.1:7717", server.url)
    return block.replace("~/.local/share/tui-chat/serve.token", str(server.folder / "serve.token"))


@pytest.mark.parametrize("block", blocks("bash"), ids=lambda block: block.splitlines()[0][:40])
def test_a_shell_block_works_as_it_is_pasted(block: str, server: Served, tmp_path: Path) -> None:
    script = f"shopt -s expand_aliases\nset -e\n{here(block, server)}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, env=environment(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    assert '{"error": {"kind"' not in done.stdout
    assert "event: ended" in done.stdout and '"openapi"' in done.stdout


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.splitlines()[0][:40])
def test_a_python_block_works_as_it_is_pasted(block: str, server: Served, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", here(block, server)],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(tmp_path, TUI_CHAT_TOKEN=server.token),
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 100


def environment(home: Path, **more: str) -> dict[str, str]:
    return clean_environment(home, PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", **more)


def test_the_events_that_are_named_are_those_that_are_written() -> None:
    (sentence,) = re.findall(r"Events are (.*?)\.\n", TEXT, re.DOTALL)
    named = set(re.findall(r"`(\w+)`", sentence))
    source = Path("tui_chat/gateway/dialects/native.py").read_text()
    frames = re.findall(r'(?:self\._frame\(\s*"|event=")(\w+)', source)
    assert named == {*frames, "conversation"}

"""Every command that the README names is called exactly as written, by a new user."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attachments.samples import image
from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal
from tests.support.readme import blocks, commands

NOT_HERE = {
    "uv run pytest": "it is this",
    "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/tui-chat --demo": (
        "tests/end_to_end/test_installing.py installs"
    ),
    "pipx install .": "it is pip in a folder of its own",
    "uvx --from . tui-chat --demo": "tests/end_to_end/test_installing.py installs",
    "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/python -m pytest": "it is this",
    "pip install '.[all]'": "tests/end_to_end/test_installing.py installs",
    **{
        f"tui-chat mcp {words}": "tests/cli/test_mcp.py calls it"
        for words in ("approve NAME", "login NAME", "forget NAME", "list")
    },
    "tui-chat templates --trust": "tests/cli/test_templates.py calls it",
    "tui-chat tools revoke 2": "tests/cli/test_tools.py calls it",
    **{
        f"tui-chat sync{words}": "tests/sync/test_readme.py calls it"
        for words in ("", " init", " status", " verify", " key", " leave", " join URL --key FILE --from FILE")
    },
    "tui-chat sync init --upgrade": "tests/sync/test_commands.py calls it",
    "pip install '.[sync]'": "the group of tests has that extra",
    ".ci/run": "it calls this",
}
"""What cannot be called from here, and why."""
NEEDS_NETWORK = {"tui-chat prices update": "could not be downloaded"}
"""The text where there is none."""
LOOKED_AT = ("python -m tests.", "uv run ")
"""Begins what is called with --help only: it takes long, or writes into the repository."""
OPENS_APP = ("open", "-c", "--demo", "--conversation", "--temp")
"""First words of what opens the app."""
STANDS_FOR = {
    r"PROVIDER/MODEL": "demo/tour",
    r"WORDS": "rate limiter",
    r"TITLE": "'A new title'",
    r"TOPIC": "keys",
}
"""What a word in capitals may be; those of conversations and files depend on the command."""
FILES = {" mcp import ": "servers.json", " import ": "talk.json", " -a ": "shot.png"}
"""What FILE may be, by the command."""
USAGE_LINE = re.compile(r"tui-chat: demo/tour · in .*\n")
"""What `ask -v` writes on stderr."""


@pytest.fixture(scope="module")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two conversations and a deleted one; a project with changes next to it."""
    folder = tmp_path_factory.mktemp("lived-in")
    (folder / "home").mkdir()
    templates = folder / "home" / ".config" / "tui-chat" / "commands"
    templates.mkdir(parents=True)
    (templates / "review.md").write_text("---\nargument-hint: FILE\n---\nReview $1.\n")
    project = folder / "project"
    project.mkdir()
    (project / "server.py").write_text("def serve(port):\n    return port\n")
    (project / "shot.png").write_bytes(image())
    (project / "client.py").write_text("def call(port):\n    return port\n")
    (project / "servers.json").write_text('{"mcpServers": {"git": {"command": "mcp-server-git"}}}')
    calls = [
        ["git", "init", "-q"],
        ["git", "add", "."],
        ["git", "commit", "-qm", "Begin"],
        ["tui-chat", "ask", "code for a rate limiter"],
        ["tui-chat", "ask", "table of engines"],
        ["tui-chat", "ask", "to be deleted"],
        ["tui-chat", "export", "--all", "-f", "json", "-o", "talk.json"],
    ]
    for call in calls:
        subprocess.run(call, cwd=project, env=surroundings(folder), check=True, capture_output=True, input="")
    subprocess.run(["tui-chat", "delete", ids(folder)[0]], env=surroundings(folder), check=True, capture_output=True)
    for name, staged in (("server.py", True), ("client.py", False)):
        (project / name).write_text((project / name).read_text().replace("port", "address"))
        if staged:
            subprocess.run(["git", "add", name], cwd=project, env=surroundings(folder), check=True)
    return folder


@pytest.fixture
def place(lived_in: Path, tmp_path: Path) -> Path:
    """The same for one test alone."""
    return shutil.copytree(lived_in, tmp_path / "place", symlinks=True)


def surroundings(place: Path) -> dict[str, str]:
    """The environment of a user's shell: the program on its path, an editor, git's name for its author."""
    return clean_environment(
        place / "home",
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        TUI_CHAT_MODEL="demo/tour",
        TUI_CHAT_DEMO_PACE="0",
        EDITOR="cat",
        SHELL="/bin/bash",
        HTTPS_PROXY="http://127.0.0.1:9",
        **{f"GIT_{who}_{what}": "x@localhost" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    )


def called(command: str, place: Path) -> subprocess.CompletedProcess[str]:
    """The end of a shell that was given that."""
    return subprocess.run(
        # With something behind it the shell stays there, where a program may look for it.
        ["bash", "-euo", "pipefail", "-c", f"{command}\n:"],
        cwd=place / "project",
        env=surroundings(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def ids(place: Path) -> list[str]:
    """The conversations there are, the last used first."""
    result = subprocess.run(["tui-chat", "list", "--json"], env=surroundings(place), check=True, capture_output=True)
    return [one["id"] for one in json.loads(result.stdout)]


def prompts(place: Path) -> str:
    """All that was asked, as text."""
    return called("tui-chat export --all -f txt", place).stdout


def opens_app(command: str) -> bool:
    """Whether that needs a terminal."""
    if not command.startswith("tui-chat"):
        return False
    _, *words = shlex.split(command)
    return not words or words[0] in OPENS_APP


def filled(command: str, place: Path) -> str:
    """The command with something real for every word in capitals."""
    file = next((name for words, name in FILES.items() if words in command), "copy.db")
    restored = " restore " in command
    (deleted,) = re.findall(r"^(\w+)", called("tui-chat restore --list", place).stdout) if restored else [""]
    for word, real in {r"ID": deleted or ids(place)[-1][:8], r"FILE": file, **STANDS_FOR}.items():
        command = re.sub(rf"(?<![\w-]){word}\b…?", real, command)
    assert not re.search(r"\b[A-Z]{4,}\b|…", command), f"{command}: what does that stand for?"
    return command


def drive(command: str, place: Path) -> None:
    """Call what opens the app, see it, and leave it."""
    words = ["bash", "-euo", "pipefail", "-c", command]
    with Terminal(words, environment=surroundings(place), cwd=place / "project") as terminal:
        terminal.until("demo/tour")
        terminal.type("\x11")
        assert terminal.wait() == 0


def without_uv(command: str) -> str:
    """What is called within the environment that uv would have made."""
    return re.sub(r"^uv run ", "", command, flags=re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("block", blocks(), ids=lambda block: block.splitlines()[0][:40])
def test_a_block_works_as_it_is_pasted(block: str, place: Path) -> None:
    if block.strip() in NOT_HERE:
        pytest.skip(NOT_HERE[block.strip()])
    if "jq " in block and shutil.which("jq") is None:
        pytest.skip("jq is not here")
    script = without_uv(block)
    if opens_app(script.strip().splitlines()[-1]):
        drive(script, place)
        return
    done = called(script, place)
    assert done.returncode == 0 and not USAGE_LINE.sub("", done.stderr), done.stderr
    assert done.stdout.strip()


@pytest.mark.slow
@pytest.mark.parametrize("command", [one for one in commands() if one not in NOT_HERE])
def test_a_command_within_the_text_works(command: str, place: Path) -> None:
    if command.startswith(LOOKED_AT):
        done = looked_at(command)
        assert done.returncode == 0, done.stderr
        return
    real = filled(command, place)
    if opens_app(real):
        drive(real, place)
        return
    done = called(real, place)
    assert "Traceback" not in done.stderr
    if command in NEEDS_NETWORK:
        assert (done.returncode, done.stdout) == (4, "") and NEEDS_NETWORK[command] in done.stderr
        return
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def looked_at(command: str) -> subprocess.CompletedProcess[str]:
    """Its description of itself."""
    words = shlex.split(without_uv(command))
    return subprocess.run([*words, "--help"], cwd=ROOT, capture_output=True, text=True, env=surroundings(ROOT))


@pytest.mark.slow
def test_the_recipes_do_what_they_say(place: Path) -> None:
    marks = ("-c ", "-e -m ", "--jsonl")
    diff, message, loop = (next(block for block in blocks() if mark in block) for mark in marks)
    before = len(ids(place))
    assert called(diff, place).returncode == 0
    asked = prompts(place)
    assert "-def call(port):\n" in asked and "def serve(address):" in asked and "Shorter, please." in asked
    assert "Just this once." not in asked and len(ids(place)) == before + 8
    assert called(message, place).returncode == 0
    assert len(called("git log -1 --format=%B", place).stdout) > 100, "the demo's words are the message"
    assert len(ids(place)) == before + 8
    printed = called(loop, place).stdout
    assert "client.py.jsonl\tcomplete\n" in printed and "server.py.jsonl\tcomplete\n" in printed


def test_what_is_not_called_is_there_nevertheless() -> None:
    assert NOT_HERE.keys() <= {block.strip() for block in blocks()} | {*commands()}
    assert os.access(ROOT / ".ci" / "run", os.X_OK)

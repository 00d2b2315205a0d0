"""Commands: output, limits, and nothing left behind however they end."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.tools import until
from tui_chat.core.part import ToolStatus
from tui_chat.core.tool import ToolOutcome
from tui_chat.core.tool_text import result_text
from tui_chat.tools.command import CommandRunner, clean_environment

pytestmark = pytest.mark.skipif(os.name == "nt", reason="process groups")
STUBBORN = (
    "import os, signal, sys, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork():\n"
    "        os._exit(0)\n"
    "    signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    "    open(sys.argv[1], 'w').write(str(os.getpid()))\n"
    "    time.sleep(600)\n"
    "open(sys.argv[2], 'w').write(str(os.getpid()))\n"
    "time.sleep(600)\n"
)
"""A command that ignores the polite signal and has left a grandchild in a session of its own."""


async def ran(root: Path, command: str, limit_s: float = 20) -> ToolOutcome:
    return await CommandRunner(root, "off").run(command, limit_s, lambda tail: None)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def stubborn(tmp_path: Path) -> tuple[str, Path, Path]:
    script = tmp_path / "stubborn.py"
    script.write_text(STUBBORN)
    grandchild, child = tmp_path / "grandchild.pid", tmp_path / "child.pid"
    return f"{sys.executable} {script} {grandchild} {child}", grandchild, child


async def pids(*files: Path) -> list[int]:
    await until(lambda: all(file.exists() and file.read_text() for file in files))
    return [int(file.read_text()) for file in files]


async def test_output_and_errors_come_in_order_and_the_exit_code_is_reported(tmp_path: Path) -> None:
    outcome = await ran(tmp_path, "echo one; echo two >&2; pwd; exit 3")
    assert outcome.text == f"one\ntwo\n{tmp_path}\n[Exit code 3.]" and outcome.status is ToolStatus.FAILED
    assert (await ran(tmp_path, "true")).status is ToolStatus.DONE


async def test_there_is_no_input_and_no_terminal(tmp_path: Path) -> None:
    outcome = await ran(tmp_path, "cat; test -t 0 || echo no terminal; echo $TERM")
    assert outcome.text == "no terminal\ndumb"


async def test_secrets_of_the_environment_stay_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-canary")
    monkeypatch.setenv("HARMLESS", "fine")
    outcome = await ran(tmp_path, "env")
    assert "canary" not in outcome.text and "HARMLESS=fine" in outcome.text
    assert "GITHUB_TOKEN" not in clean_environment({"GITHUB_TOKEN": "x"})


async def test_a_flood_is_bounded_and_keeps_its_start_and_end(tmp_path: Path) -> None:
    outcome = await ran(tmp_path, "echo start; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo end", 60)
    assert len(outcome.text) < 500_000 and outcome.text.startswith("start\n") and outcome.text.endswith("end")
    text = result_text(outcome.text)
    assert len(text) < 30_200 and "characters left out here" in text


async def test_the_last_lines_are_reported_while_it_runs(tmp_path: Path) -> None:
    seen: list[str] = []
    running = asyncio.ensure_future(
        CommandRunner(tmp_path, "off").run("printf '\\033[31mred\\033[0m\\n'; sleep 600", 60, seen.append)
    )
    await until(lambda: seen)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert seen == ["red"]


@pytest.mark.slow
async def test_a_time_out_kills_everything(tmp_path: Path) -> None:
    command, *files = stubborn(tmp_path)
    outcome = await ran(tmp_path, command, 3)
    assert outcome.status is ToolStatus.TIMED_OUT and "Stopped after 3 s" in outcome.text
    left = await pids(*files)
    await until(lambda: not any(map(is_alive, left)))


async def test_cancelling_kills_everything_and_not_our_own_group(tmp_path: Path) -> None:
    command, *files = stubborn(tmp_path)
    running = asyncio.ensure_future(ran(tmp_path, command, 60))
    left = await pids(*files)
    neighbour = subprocess.Popen(["sleep", "600"])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not any(map(is_alive, left)))
    assert neighbour.poll() is None
    neighbour.kill()
    neighbour.wait()


async def test_what_a_command_leaves_in_the_background_ends_with_it(tmp_path: Path) -> None:
    outcome = await ran(tmp_path, "sleep 600 & echo $! > left.pid; echo done")
    assert outcome.text == "done"
    assert not is_alive(int((tmp_path / "left.pid").read_text()))


async def test_kill_9_of_the_program_leaves_nothing(tmp_path: Path) -> None:
    command, *files = stubborn(tmp_path)
    program = (
        "import asyncio, sys\nfrom pathlib import Path\nfrom tui_chat.tools.command import CommandRunner\n"
        f"asyncio.run(CommandRunner(Path({str(tmp_path)!r}), 'off').run({command!r}, 60, lambda tail: None))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    left = await pids(*files)
    process.send_signal(signal.SIGKILL)
    await process.wait()
    async with asyncio.timeout(5):
        await until(lambda: not any(map(is_alive, left)))


async def test_a_command_that_does_not_exist_is_reported(tmp_path: Path) -> None:
    outcome = await ran(tmp_path, "no-such-command-anywhere")
    assert outcome.status is ToolStatus.FAILED and "not found" in outcome.text


@pytest.fixture
async def confined(tmp_path: Path) -> CommandRunner:
    """A runner whose commands are confined, where this machine can."""
    runner = CommandRunner(tmp_path, "auto")
    if "bubblewrap" not in await runner.confinement():
        pytest.skip("bubblewrap does not work here")
    return runner


@pytest.mark.real
async def test_a_confined_command_writes_in_its_folder_and_nowhere_else(
    confined: CommandRunner, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = Path.home() / ".tui-chat-test-outside"
    other = tmp_path_factory.mktemp("other")
    command = f"echo in > inside; echo out > {outside}; echo out > {other}/file; cat inside"
    outcome = await confined.run(command, 20, lambda tail: None)
    assert outcome.text.splitlines()[-1] == "in" and (tmp_path / "inside").read_text() == "in\n"
    assert not outside.exists() and not list(other.iterdir())
    assert outcome.text.count("cannot create") == 2


@pytest.mark.real
async def test_a_confined_command_is_killed_with_everything(confined: CommandRunner, tmp_path: Path) -> None:
    mark = "601.25"
    running = asyncio.ensure_future(
        confined.run(f"setsid sleep {mark} & echo up > up; sleep {mark}", 60, lambda tail: None)
    )
    await until((tmp_path / "up").exists)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    def left() -> list[str]:
        lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
        return [line.decode(errors="replace") for line in lines if mark.encode() in line]

    await until(lambda: not left())


@pytest.fixture
async def landlocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandRunner:
    """A runner whose commands are confined by the kernel alone."""
    runner = CommandRunner(tmp_path, "auto")
    runner._has_bubblewrap = False
    if "Landlock" not in await runner.confinement():
        pytest.skip("this kernel has no Landlock")
    return runner


async def test_landlock_lets_a_command_write_in_its_folder_and_nowhere_else(
    landlocked: CommandRunner, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "kept").write_text("kept")
    command = (
        f"echo in > inside; mkdir sub; echo x > sub/a; mv sub/a b; rm b; echo out > {other}/file; rm {other}/kept;"
        f" echo t > $TMPDIR/t && cat $TMPDIR/t; cat {other}/kept > /dev/null && cat inside"
    )
    outcome = await landlocked.run(command, 20, lambda tail: None)
    assert outcome.text.splitlines()[-2:] == ["t", "in"] and outcome.status is ToolStatus.DONE
    assert [path.name for path in other.iterdir()] == ["kept"] and (other / "kept").read_text() == "kept"


async def test_a_landlocked_command_is_killed_with_everything(landlocked: CommandRunner, tmp_path: Path) -> None:
    command, *files = stubborn(tmp_path)
    running = asyncio.ensure_future(landlocked.run(command, 60, lambda tail: None))
    left = await pids(*files)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not any(map(is_alive, left)))

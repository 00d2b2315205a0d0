"""Servers of other projects, each in an environment of its own that is made once and kept for the next run.

`TUI_CHAT_REAL_SERVERS` names the folder they are kept in, `none` leaves them out; otherwise it is in the system's
temporary folder. Making one is given so many seconds (`TUI_CHAT_REAL_LIMIT_S`) and no more; what is not done by then,
or cannot be installed, is skipped.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_WANTED = os.environ.get("TUI_CHAT_REAL_SERVERS", "")
_LIMIT_S = float(os.environ.get("TUI_CHAT_REAL_LIMIT_S", "300"))
_ENVIRON = dict(os.environ)
"""As it was before any test scrubbed it: pip needs its own settings."""


def environment_with(name: str, requirements: Sequence[str], environ: Mapping[str, str] | None = None) -> Path:
    """The folder of an environment in which these are installed, or a skipped test."""
    if _WANTED == "none":
        pytest.skip("real servers are left out")
    home = Path(_WANTED) if _WANTED else Path(tempfile.gettempdir()) / f"tui-chat-real-servers-{os.getuid()}"
    made, done = home / name, home / name / "done"
    if not done.exists() or done.read_text() != " ".join(requirements):
        shutil.rmtree(made, ignore_errors=True)
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _install(made, requirements, {**_ENVIRON, **(environ or {})})
        done.write_text(" ".join(requirements))
    return made


def _install(made: Path, requirements: Sequence[str], environ: Mapping[str, str]) -> None:
    end_s = time.monotonic() + _LIMIT_S
    pip = [str(made / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input", "--prefer-binary"]
    for command in ([sys.executable, "-m", "venv", str(made)], [*pip, *requirements]):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, env=environ, timeout=max(1.0, end_s - time.monotonic())
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"{requirements[0]} was not installed within {_LIMIT_S:g} seconds")
        if done.returncode != 0:
            pytest.skip(f"{requirements[0]} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")


def pip_download(made: Path, requirement: str) -> Path:
    """The source archive of a package, kept in an environment."""
    folder = made / "sources"
    if not any(folder.glob("*.tar.gz")):
        command = [str(made / "bin" / "python"), "-m", "pip", "download", "--quiet", "--no-input", "--no-deps"]
        command += ["--no-binary", requirement.partition("==")[0], "--dest", str(folder), requirement]
        done = subprocess.run(command, capture_output=True, text=True, env=_ENVIRON, timeout=_LIMIT_S)
        if done.returncode != 0:
            pytest.skip(f"{requirement} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
    (archive,) = folder.glob("*.tar.gz")
    return archive


def npm_packages(name: str, source: Path) -> Path:
    """The folder in which the packages of a lock file are installed, next to the other files of that folder."""
    if _WANTED == "none":
        pytest.skip("real clients are left out")
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not here")
    home = Path(_WANTED) if _WANTED else Path(tempfile.gettempdir()) / f"tui-chat-real-servers-{os.getuid()}"
    lock = (source / "package-lock.json").read_text()
    made, done = home / name, home / name / "done"
    if not done.exists() or done.read_text() != lock:
        shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(source, made)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps"]
        try:
            installed = subprocess.run(
                command, cwd=made, capture_output=True, text=True, env=_ENVIRON, timeout=_LIMIT_S
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"the packages of {name} were not installed within {_LIMIT_S:g} seconds")
        if installed.returncode != 0:
            pytest.skip(f"the packages of {name} cannot be installed: {installed.stderr.strip().splitlines()[-1:]}")
        done.write_text(lock)
    for file in source.iterdir():
        shutil.copy(file, made / file.name)
    return made


def free_port() -> int:
    """A port no one listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], folder: Path, ready_url: str, environ: Mapping[str, str]) -> Iterator[None]:
    """The server while it runs; a failed test with its last words when it does not come up."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, cwd=folder, env={**_ENVIRON, **environ}, start_new_session=True
        )
    try:
        end_s = time.monotonic() + 60
        while not _answers(ready_url):
            if process.poll() is not None or time.monotonic() > end_s:
                pytest.fail(f"the server did not come up:\n{log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.2)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False

"""What is installed is the whole program and nothing else, and it runs from there.

`TUI_CHAT_TEST_INSTALLS` also installs it as in the README, with pip and with uv where there is one, and with the
oldest and the newest libraries that it allows: this takes minutes and needs a package index.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.support.environment import ROOT, clean_environment
from tests.support.pty_terminal import Terminal

WANTED = os.environ.get("TUI_CHAT_TEST_INSTALLS", "")
_ENVIRON = dict(os.environ)
"""As it was before any test scrubbed it: installers need their own settings."""
COPIED = ("tui_chat", "tests", "screenshots", "pyproject.toml", "README.md")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the source distribution, built by the backend itself."""
    pytest.importorskip("hatchling", reason="the backend is not here")
    folder = tmp_path_factory.mktemp("built")
    code = "import sys, hatchling.build as b; print(b.build_wheel(sys.argv[1])); print(b.build_sdist(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    wheel, sdist = done.stdout.split()[-2:]
    return {"wheel": folder / wheel, "sdist": folder / sdist}


@pytest.fixture
def unpacked(built: dict[str, Path], tmp_path: Path) -> Path:
    """The wheel as an installer lays it out."""
    folder = tmp_path / "installed"
    with zipfile.ZipFile(built["wheel"]) as archive:
        archive.extractall(folder)
    return folder


def files_of(folder: str) -> set[str]:
    """Every file of the repository in there that is not made by running it."""
    found = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT).as_posix() for path in found}


def test_the_wheel_is_the_package_whole_and_nothing_else(built: dict[str, Path]) -> None:
    with zipfile.ZipFile(built["wheel"]) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert names == files_of("tui_chat")
        assert "tui_chat/py.typed" in names and any(name.endswith(".tcss") for name in names)
        (entry,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
        assert "tui-chat = tui_chat.cli.main:main" in archive.read(entry).decode()


def test_the_licence_is_in_the_wheel_and_in_the_source_distribution(built: dict[str, Path]) -> None:
    text = (ROOT / "tui_chat" / "LICENSE").read_bytes()
    with zipfile.ZipFile(built["wheel"]) as archive:
        (licence,) = (
            name for name in archive.namelist() if ".dist-info/licenses/" in name and not name.endswith("/")
        )
        assert archive.read(licence) == archive.read("tui_chat/LICENSE") == text
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        assert "License-File: tui_chat/LICENSE\n" in archive.read(metadata).decode()
    with tarfile.open(built["sdist"]) as archive:
        (path,) = (name for name in archive.getnames() if name.endswith("/tui_chat/LICENSE"))
        packed = archive.extractfile(path)
        assert packed is not None and packed.read() == text


def test_the_source_distribution_has_all_that_its_own_tests_need(built: dict[str, Path]) -> None:
    with tarfile.open(built["sdist"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert files_of("tui_chat") | files_of("tests") | files_of("screenshots") <= names
    assert {"README.md", "pyproject.toml"} <= names


def test_it_runs_from_what_is_installed(unpacked: Path, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path, PYTHONPATH=str(unpacked))
    where = "import tui_chat; print(tui_chat.__file__)"
    result = subprocess.run(
        [sys.executable, "-c", where], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert result.stdout.startswith(str(unpacked))
    for words, start in ((["--version"], "tui-chat "), (["help", "privacy"], "# What leaves your machine")):
        done = subprocess.run(
            [sys.executable, "-m", "tui_chat", *words], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.stdout.startswith(start), done.stderr
    talk([sys.executable, "-m", "tui_chat", "--demo"], environment, tmp_path)


def talk(command: list[str], environment: dict[str, str], folder: Path) -> None:
    """Open the app, send a prompt, see the answer, leave."""
    with Terminal(command, environment=environment, cwd=folder) as terminal:
        terminal.until("Ask anything", patience_s=300)
        terminal.type("hello\r")
        terminal.until("demo model")
        terminal.type("\x11")
        assert terminal.wait() == 0


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A copy as it comes from the repository, and an empty cache next to it."""
    if not WANTED:
        pytest.skip("takes minutes and a package index; TUI_CHAT_TEST_INSTALLS asks for it")
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in COPIED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    return folder


def installers(home: Path) -> dict[str, str]:
    """What an installer needs of the environment, with caches of its own."""
    kept = {name: value for name, value in _ENVIRON.items() if name.startswith(("PIP_", "UV_", "SSL_"))}
    proxies = {name: value for name, value in _ENVIRON.items() if name.lower().endswith("_proxy")}
    return clean_environment(
        home, **{**kept, **proxies, "PIP_CACHE_DIR": str(home / "pip"), "UV_CACHE_DIR": str(home / "uv")}
    )


@pytest.mark.timeout(600)
def test_with_python_and_pip_alone(clone: Path, tmp_path: Path) -> None:
    environment, venv = installers(tmp_path), tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], env=environment, check=True)
    subprocess.run([str(venv / "bin" / "pip"), "install", "--quiet", "."], cwd=clone, env=environment, check=True)
    talk([str(venv / "bin" / "tui-chat"), "--demo"], environment, tmp_path)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
def test_with_uv_and_the_oldest_and_newest_libraries(resolution: str, clone: Path, tmp_path: Path) -> None:
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not here")
    environment = installers(tmp_path)
    command = [uv, "run", "--no-dev", "--python", sys.executable, "--resolution", resolution, "tui-chat", "--demo"]
    talk(command, environment, clone)


@pytest.mark.timeout(600)
def test_with_uvx_and_nothing_left_in_the_folder(clone: Path, tmp_path: Path) -> None:
    uvx = shutil.which("uvx")
    if uvx is None:
        pytest.skip("uvx is not here")
    before = sorted(clone.rglob("*"))
    talk([uvx, "--python", sys.executable, "--from", ".", "tui-chat", "--demo"], installers(tmp_path), clone)
    assert sorted(clone.rglob("*")) == before

"""The files that `@` completes."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tui_chat.attachments.listing import FileListing


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def git(root: Path, *words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=x", "-c", "user.email=x@x", *words], cwd=root, check=True, capture_output=True
    )


def listed(root: Path) -> FileListing:
    listing = FileListing(root)
    listing.start()
    while not listing.is_complete:
        time.sleep(0.001)
    return listing


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    make(tmp_path, "README.md", "src/main.py", "src/deep/mainframe.py", "new.txt", "build/out.bin", "src/cache/x.tmp")
    make(tmp_path, ".env", "certs/server.pem", "secrets.yaml", "src/.ssh/config")
    (tmp_path / ".gitignore").write_text("build/\n")
    (tmp_path / "src" / ".gitignore").write_text("*.tmp\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "README.md", "src/main.py", ".gitignore", ".env")
    return tmp_path


def test_tracked_and_untracked_files_are_listed_and_ignored_ones_not(repository: Path) -> None:
    found = listed(repository).find("", 100)
    assert {"README.md", "src/main.py", "src/deep/mainframe.py", "new.txt", "src/", "src/deep/"} <= set(found)
    assert not any("build" in path or path.endswith(".tmp") for path in found)


def test_secrets_are_never_suggested(repository: Path) -> None:
    listing = listed(repository)
    for typed in (
        "",
        "env",
        ".env",
        "server",
        "secr",
        "./",
        "./.",
        "certs/",
        "src/.ssh/",
        f"{repository}/",
        f"{repository}/.e",
    ):
        found = listing.find(typed, 100)
        assert not [path for path in found if path.endswith((".env", ".pem", "secrets.yaml", "config"))], typed


def test_a_typed_folder_lists_ignored_and_outside_files(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = listed(repository)
    assert listing.find("build/", 10) == ["build/out.bin"]
    assert listing.find("./bui", 10) == ["./build/"]
    assert listing.find(f"{repository}/READ", 10) == [f"{repository}/README.md"]
    monkeypatch.setenv("HOME", str(repository))
    assert "~/README.md" in listing.find("~/", 10)
    assert listing.find("~", 10) == ["~/"]
    assert "../" + repository.name + "/" in listing.find("../" + repository.name[:6], 100)
    assert listing.find("nowhere/", 10) == []
    assert listing.find("~nobody-of-that-name/", 10) == []


def test_the_best_match_comes_first(repository: Path) -> None:
    listing = listed(repository)
    assert listing.find("main", 10) == ["src/main.py", "src/deep/mainframe.py"]
    assert listing.find("MAIN.PY", 10)[0] == "src/main.py"
    assert listing.find("smain", 10)[0] == "src/main.py"
    assert listing.find("src/ma", 10)[0] == "src/main.py"
    assert listing.find("zzz", 10) == []
    assert listing.find("de", 10)[0] == "src/deep/"


def test_a_deleted_file_is_not_offered(repository: Path) -> None:
    (repository / "README.md").unlink()
    assert "README.md" not in listed(repository).find("", 100)


def test_odd_names_are_listed_as_they_are(repository: Path) -> None:
    names = ["a b.txt", "new\nline.txt", "\x1b[31mred.txt", "日本.md", os.fsdecode(b"bad\xff.txt"), "-rf", "[.*"]
    make(repository, *names)
    listing = listed(repository)
    assert set(names) <= set(listing.find("", 100))
    assert listing.find("[.*", 10)[0] == "[.*"


def test_a_monitor_that_a_repository_names_is_not_run(repository: Path) -> None:
    trap = repository / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {repository}/sprung\n")
    trap.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(trap))
    listed(repository)
    assert not (repository / "sprung").exists()


def test_without_git_folders_are_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "a.txt", "b/c.txt", ".hidden/d.txt", "node_modules/e.js")
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    expected = ["b/", "a.txt", "b/c.txt"]
    assert sorted(listed(tmp_path).find("", 100)) == sorted(expected)
    monkeypatch.setenv("PATH", "/nowhere")
    assert sorted(listed(tmp_path).find("", 100)) == sorted(expected)


def test_a_link_to_itself_harms_no_list(tmp_path: Path) -> None:
    make(tmp_path, "a.txt")
    (tmp_path / "loop").symlink_to("loop")
    assert listed(tmp_path).find("./", 10) == ["./a.txt", "./loop"]


def test_a_folder_that_is_gone_has_no_files(tmp_path: Path) -> None:
    assert listed(tmp_path / "gone").find("", 10) == []

"""Paths in drops and pastes."""

import os
import shlex
from pathlib import Path

import pytest

from tui_chat.attachments.paths import dropped_paths, path_of


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    names = ["shot.png", "Screen Shot (1).png", 'it\'s "quoted".txt', "ümlaut & 日本.md", "new\nline.txt", "-rf"]
    made = [tmp_path / name for name in names]
    for path in made:
        path.write_bytes(b"x")
    return made


def test_a_raw_path_is_found_with_any_name(files: list[Path]) -> None:
    for path in files:
        assert dropped_paths(str(path)) == [path]
        assert dropped_paths(f" {path} \n") == [path]


def test_escaped_quoted_and_url_paths_are_found(files: list[Path]) -> None:
    for path in files:
        assert dropped_paths(shlex.quote(str(path))) == [path]
        assert dropped_paths(path.as_uri()) == [path]
    spaced = files[1]
    assert dropped_paths(str(spaced).replace(" ", "\\ ").replace("(", "\\(").replace(")", "\\)")) == [spaced]
    assert dropped_paths(f'"{spaced}"') == [spaced]
    assert dropped_paths(f"file://localhost{str(spaced).replace(' ', '%20')}") == [spaced]


def test_several_dropped_paths_are_found_in_order(files: list[Path]) -> None:
    assert dropped_paths(shlex.join(map(str, files))) == files
    assert dropped_paths(" ".join(path.as_uri() for path in files)) == files
    assert dropped_paths("\n".join(map(str, files[:4]))) == files[:4]
    assert dropped_paths("\r\n".join(path.as_uri() for path in files)) == files


def test_text_around_a_path_makes_it_text(files: list[Path]) -> None:
    path = files[0]
    for text in (
        f"see {path}",
        f"{path} is broken",
        f"{path} {path}.missing",
        path.name,
        f"./{path.name}",
        "/help",
        "/",
        "",
        "  \n ",
        "'",
        "/nowhere/\x00.png",
        "file://other-host/etc/passwd",
        "//",
        "C:\\nowhere\\shot.png",
    ):
        assert dropped_paths(text) == [], text


def test_only_regular_files_are_taken(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    for path in ("/dev/zero", tmp_path / "pipe", tmp_path / "loop", tmp_path / "folder"):
        assert dropped_paths(str(path)) == []
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    assert dropped_paths(str(tmp_path / "link")) == [tmp_path / "link"]


def test_a_home_path_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.txt").write_text("x")
    assert dropped_paths("~/a.txt") == [tmp_path / "a.txt"]


def test_windows_paths_are_read_as_wsl_mounts() -> None:
    assert path_of(r"C:\Users\Ann\my shot.png") == Path("/mnt/c/Users/Ann/my shot.png")
    assert path_of("d:/x.txt") == Path("/mnt/d/x.txt")
    assert path_of(r"\\wsl.localhost\Ubuntu\home\ann\x.txt") == Path("/home/ann/x.txt")
    assert path_of(r"\\wsl$\Debian\tmp\x") == Path("/tmp/x")


def test_windows_paths_are_found_where_they_are_mounted(monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"/mnt/c/a b.png", "/mnt/c/c.png"}
    monkeypatch.setattr(Path, "is_file", lambda path: str(path) in there)
    assert dropped_paths(r'"C:\a b.png" C:\c.png') == [Path("/mnt/c/a b.png"), Path("/mnt/c/c.png")]
    assert dropped_paths(r"C:\a b.png") == [Path("/mnt/c/a b.png")]


def test_a_long_text_is_not_searched_for_paths(files: list[Path]) -> None:
    assert dropped_paths("\n".join([str(files[0])] * 5000)) == []
    assert dropped_paths("\n".join([str(files[0])] * 101)) == []

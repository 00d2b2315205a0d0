"""Files named by path or pattern, and what is asked before one is attached."""

from pathlib import Path

import pytest

from tests.attachments.samples import image
from tui_chat.attachments.named_files import named_files, reason_to_ask
from tui_chat.attachments.read_file import attachment_from_bytes, read_attachment
from tui_chat.core.error import AttachmentRefused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.py", "b.py", "src/c.py", "[1].txt", "my notes.txt", ".env"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    return tmp_path


def test_paths_are_relative_to_the_folder_or_absolute(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    expected = [folder / "my notes.txt"]
    for text in ("my notes.txt", str(expected[0]), "~/my notes.txt", f"file://{folder}/my%20notes.txt"):
        assert named_files(text, folder) == expected


def test_several_files_are_quoted_as_in_a_shell(folder: Path) -> None:
    notes = folder / "my notes.txt"
    for text in ("my\\ notes.txt", '"my notes.txt"', "'my notes.txt'"):
        assert named_files(text, folder) == [notes]
    assert named_files("a.py 'my notes.txt' *.py", folder) == [folder / "a.py", notes, folder / "b.py"]
    assert named_files("a.py missing.py", folder) == [folder / "a.py missing.py"]
    assert named_files('"my notes.txt', folder) == [folder / '"my notes.txt']


def test_patterns_match_files_and_no_folders(folder: Path) -> None:
    assert named_files("*.py", folder) == [folder / "a.py", folder / "b.py"]
    assert named_files(f"{folder}/**/*.py", Path("/")) == [folder / "a.py", folder / "b.py", folder / "src/c.py"]
    assert named_files("*", folder) == [folder / name for name in ("[1].txt", "a.py", "b.py", "my notes.txt")]
    assert named_files("[1].txt", folder) == [folder / "[1].txt"]


def test_a_pattern_without_or_with_too_many_matches_is_refused(folder: Path) -> None:
    with pytest.raises(AttachmentRefused, match=r"no file matches \*\.rs"):
        named_files("*.rs", folder)
    for number in range(101):
        (folder / f"{number}.log").write_text("x")
    with pytest.raises(AttachmentRefused, match=r"\*\.log matches 101 files; at most 100"):
        named_files("*.log", folder)


def test_secrets_are_asked_about_by_name_content_and_target(folder: Path) -> None:
    assert reason_to_ask(read_attachment(folder / ".env"), folder / ".env") == ".env usually holds secrets."
    link = folder / "notes.txt"
    link.symlink_to(".env")
    assert reason_to_ask(read_attachment(link), link).endswith("/.env usually holds secrets.")
    key = attachment_from_bytes("x.txt", b"-----BEGIN PRIVATE KEY-----")
    assert reason_to_ask(key) == "x.txt seems to hold a private key."
    assert reason_to_ask(attachment_from_bytes("shot.png", image())) == ""
    assert reason_to_ask(read_attachment(folder / "a.py"), folder / "a.py") == ""


def test_a_long_text_is_asked_about() -> None:
    assert reason_to_ask(attachment_from_bytes("x.log", b"line\n" * 60_000)) == "x.log is 300 kB of text."
    assert reason_to_ask(attachment_from_bytes("x.log", b"line\n" * 50_000)) == ""

"""A file becomes an attachment, or a refusal with what to do."""

import os
import socket
from hashlib import sha256
from pathlib import Path

import pytest

from tests.attachments.samples import image, pdf
from tui_chat.attachments.limits import FILE_MAX_BYTES, TEXT_MAX_BYTES
from tui_chat.attachments.read_file import attachment_from_bytes, read_attachment
from tui_chat.core.error import AttachmentRefused
from tui_chat.wording import explain


def refused(path: Path) -> AttachmentRefused:
    with pytest.raises(AttachmentRefused) as caught:
        read_attachment(path)
    words = explain(caught.value)
    assert words.sentence and words.next_step
    return caught.value


def test_an_image_has_its_type_hash_size_and_pixels(tmp_path: Path) -> None:
    path = tmp_path / "shot.dat"
    path.write_bytes(image("PNG", 640, 480))
    part = read_attachment(path)
    assert (part.name, part.media_type, part.pixels) == ("shot.dat", "image/png", (640, 480))
    assert part.data == path.read_bytes()
    assert (part.sha256, part.size) == (sha256(part.data).hexdigest(), len(part.data))


def test_a_pdf_has_its_pages(tmp_path: Path) -> None:
    path = tmp_path / "plan.pdf"
    path.write_bytes(pdf(12))
    assert read_attachment(path).pages == 12


def test_a_named_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert refused(path).detail == "special"


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/tty", "/dev/null"])
def test_a_device_is_refused(path: str) -> None:
    assert refused(Path(path)).detail == "special"


def test_a_socket_is_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        assert refused(tmp_path / "socket").detail == "special"


def test_a_loop_of_symbolic_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    assert refused(tmp_path / "a").detail == "loop"


def test_a_link_to_a_file_is_followed_and_one_to_a_device_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("milk")
    (tmp_path / "link").symlink_to(tmp_path / "notes.txt")
    (tmp_path / "zero").symlink_to("/dev/zero")
    assert read_attachment(tmp_path / "link").data == b"milk"
    assert refused(tmp_path / "zero").detail == "special"


def test_a_sparse_file_of_two_gigabytes_is_refused_with_the_figures(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.write(image())
        file.truncate(2 * 1024**3)
    error = refused(path)
    assert error.detail == "too_large"
    assert f"{2 * 1024**3:,}" in error.message and f"{FILE_MAX_BYTES:,}" in error.message


def test_a_large_text_is_refused_and_one_at_the_limit_is_not(tmp_path: Path) -> None:
    (tmp_path / "fits.log").write_bytes(b"x" * TEXT_MAX_BYTES)
    (tmp_path / "long.log").write_bytes(b"x" * (TEXT_MAX_BYTES + 1))
    assert read_attachment(tmp_path / "fits.log").size == TEXT_MAX_BYTES
    assert refused(tmp_path / "long.log").detail == "too_large"


@pytest.mark.parametrize(
    ("data", "detail"),
    [(b"", "empty"), (b" \n", "empty"), (b"\x7fELF\x00\x01", "binary"), ("Köln".encode("latin-1"), "encoding")],
)
def test_a_file_without_use_for_a_model_is_refused(data: bytes, detail: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(data)
    assert refused(tmp_path / "a").detail == detail


def test_a_file_that_is_not_there_and_a_folder_are_distinguished(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone").detail == "missing"
    assert refused(tmp_path / "gone" / ("x" * 300)).detail == "missing"
    assert refused(tmp_path).detail == "folder"
    assert refused(Path("a\x00b")).detail == "missing"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "secret").chmod(0)
    assert refused(tmp_path / "secret").detail == "no_access"


def test_a_file_of_the_kernel_that_does_not_know_its_size_is_read() -> None:
    assert b"Name:" in read_attachment(Path("/proc/self/status")).data


@pytest.mark.parametrize(
    "name", ["a\x1b]0;evil\x07.txt", "a\u202egnp.txt", "a\nb.txt", os.fsdecode(b"a\xff\xfe.txt")]
)
def test_a_hostile_name_is_made_harmless_in_the_part_and_in_errors(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text("hello")
    shown = read_attachment(path).name
    shown.encode()
    path.write_bytes(b"\x00")
    message = refused(path).message
    for text in (shown, message):
        assert not any(bad in text for bad in "\x1b\x07\n\u202e") and text.isprintable()


def test_bytes_become_an_attachment_of_the_same_kind() -> None:
    part = attachment_from_bytes("", image("GIF"))
    assert (part.name, part.media_type, part.pixels) == ("file", "image/gif", (40, 30))
    assert attachment_from_bytes("n.txt", "naïve".encode("utf-16")).data == "naïve".encode()

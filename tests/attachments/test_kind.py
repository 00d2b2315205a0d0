"""The kind of a file comes from its content, not from its name."""

import pytest

from tests.attachments.samples import image, pdf
from tui_chat.attachments.kind import IMAGES, NOT_UTF_8, kind_of, utf_8


@pytest.mark.parametrize("media_type", IMAGES)
def test_an_image_is_known_by_its_content_whatever_its_name(media_type: str) -> None:
    assert kind_of(image(media_type.partition("/")[2].upper()), "notes.txt").media_type == media_type


def test_a_pdf_is_known_by_its_content() -> None:
    assert kind_of(pdf(), "photo.png").media_type == "application/pdf"


@pytest.mark.parametrize(
    ("data", "label"),
    [
        (b"PK\x03\x04" + b"\x00" * 30, "a ZIP archive or Office document"),
        (b"\x7fELF\x02\x01\x01\x00", "a program (ELF)"),
        (b"SQLite format 3\x00" + b"\x00" * 80, "an SQLite database"),
        (b"\x00\x00\x00\x18ftypheic\x00\x00", "a HEIC image"),
        (b"a\x00b" * 9, "binary data"),
        (bytes(range(128, 255)) + bytes(range(1, 32)), "binary data"),
    ],
)
def test_a_binary_file_is_named_by_its_kind(data: bytes, label: str) -> None:
    assert kind_of(data, "readme.md")[:2] == ("", label)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("a.md", "text/markdown"), ("a.PY", "text/x-python"), ("Makefile", "text/plain"), ("a.svg", "text/xml")],
)
def test_text_is_distinguished_by_its_name(name: str, media_type: str) -> None:
    assert kind_of("grüße".encode(), name).media_type == media_type


def test_a_character_that_is_cut_by_the_sniffed_piece_is_still_text() -> None:
    assert kind_of(("x" + "é" * 8000).encode(), "a.txt").is_text


def test_words_that_start_like_a_program_are_text() -> None:
    assert kind_of(b"MZ stands for Mark Zbikowski, who made the format of programs for DOS.", "a").is_text
    assert kind_of(b"II* is a note; BMW is a car; Rar! is a cry.", "a").is_text


def test_latin_1_is_distinguished_from_binary_data() -> None:
    assert kind_of("Grüße aus Köln".encode("latin-1"), "a.txt") == NOT_UTF_8


def test_utf_16_becomes_utf_8_and_a_byte_order_mark_goes() -> None:
    assert kind_of("naïve".encode("utf-16"), "a.txt").is_text
    assert utf_8("naïve".encode("utf-16")) == "naïve".encode()
    assert utf_8("naïve".encode("utf-8-sig")) == "naïve".encode()
    assert utf_8(b"a\xff\xfe") is None
    assert utf_8("a\x00b".encode("utf-16")) is None

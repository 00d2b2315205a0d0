"""Pixels from headers of real encoders, and from cut and hostile ones."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.attachments.samples import image
from tui_chat.core.image_size import image_size


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (640, 481), (3024, 1964)])
def test_pixels_are_read_from_the_header(kind: str, size: tuple[int, int]) -> None:
    assert image_size(image(kind, *size)) == size


@pytest.mark.parametrize("options", [{"lossless": True}, {"exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"}])
def test_each_form_of_webp_is_read(options: dict[str, object]) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (300, 200), (1, 2, 3, 128)).save(file, "WEBP", **options)
    assert image_size(file.getvalue()) == (300, 200)


def test_a_progressive_jpeg_with_metadata_is_read() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "x" * 5000
    Image.new("RGB", (800, 600)).save(file, "JPEG", progressive=True, exif=exif)
    assert image_size(file.getvalue()) == (800, 600)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_cut_header_has_no_size(kind: str) -> None:
    data = image(kind)
    assert {image_size(data[:length]) for length in range(16)} <= {None, (40, 30)}
    assert image_size(b"plain text") is None


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"GIF89a", b"RIFF\0\0\0\0WEBPVP8X"]), st.binary())
def test_any_bytes_give_a_size_or_none(magic: bytes, rest: bytes) -> None:
    pixels = image_size(magic + rest)
    assert pixels is None or min(pixels) > 0

"""Smaller copies of images: within the limits, turned upright, without metadata, and never of a bomb."""

import builtins
import io
from typing import Any

import pytest
from PIL import Image

from tests.attachments.samples import image
from tui_chat.attachments.shrink import shrink
from tui_chat.core.attachment import measured
from tui_chat.core.part import AttachmentPart


def part(data: bytes, media_type: str = "image/png") -> AttachmentPart:
    return measured(AttachmentPart("a", media_type, data))


def noise(width: int, height: int, mode: str = "RGB") -> bytes:
    file = io.BytesIO()
    Image.effect_noise((width, height), 90).convert(mode).save(file, "PNG")
    return file.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize(("edge", "size"), [(100, 10**9), (10**6, 60_000), (300, 20_000)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_the_copy_is_within_both_limits(edge: int, size: int, mode: str) -> None:
    smaller = shrink(part(noise(900, 500, mode)), edge, size)
    assert smaller is not None and smaller.pixels is not None
    assert max(smaller.pixels) <= edge and len(smaller.data) == smaller.size <= size
    with Image.open(io.BytesIO(smaller.data)) as opened:
        assert opened.size == smaller.pixels and Image.MIME[opened.format or ""] == smaller.media_type


def test_a_screenshot_stays_a_png_where_that_is_small_enough() -> None:
    smaller = shrink(part(image("PNG", 3000, 2000)), 1500, 10**6)
    assert smaller is not None and (smaller.media_type, smaller.pixels) == ("image/png", (1500, 1000))


def test_a_photo_is_turned_upright_and_has_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "at home"
    file = io.BytesIO()
    Image.new("RGB", (600, 300)).save(file, "JPEG", exif=exif)
    smaller = shrink(part(file.getvalue(), "image/jpeg"), 400, 10**6)
    assert smaller is not None and smaller.pixels == (200, 400) and b"at home" not in smaller.data


def test_an_animation_gives_its_first_frame() -> None:
    file = io.BytesIO()
    frames = [Image.new("RGB", (80, 60), color) for color in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    smaller = shrink(part(file.getvalue(), "image/gif"), 40, 10**6)
    assert smaller is not None and smaller.pixels == (40, 30)


@pytest.mark.parametrize("data", [image()[:60], image("PNG", 40, 30).replace(b"IDAT", b"IDOT"), b"\x89PNG\r\n\x1a\n"])
def test_a_broken_image_has_no_copy(data: bytes) -> None:
    assert shrink(part(data), 10, 10**6) is None


def test_an_image_of_a_billion_pixels_is_not_decoded() -> None:
    header = image("PNG", 40, 30)
    bomb = header[:16] + (40_000).to_bytes(4, "big") + (40_000).to_bytes(4, "big") + header[24:]
    assert shrink(part(bomb), 100, 10**6) is None


def test_without_pillow_there_is_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def without_pillow(name: str, *args: Any) -> Any:
        if name.partition(".")[0] == "PIL":
            raise ImportError(name)
        return imported(name, *args)

    monkeypatch.setattr(builtins, "__import__", without_pillow)
    assert shrink(part(image("PNG", 300, 200)), 100, 10**6) is None

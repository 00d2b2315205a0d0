"""Makes smaller copies of images with Pillow, which the extra `images` installs. The only file that knows Pillow."""

import io
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from tui_chat.core.attachment import measured
from tui_chat.core.part import AttachmentPart

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 100_000_000
"""Of an image that is decoded at all: a small file may hold a huge one."""
_QUALITIES = (90, 80, 65)
_SCALES = (1.0, 0.75, 0.5, 0.35, 0.25)


def can_shrink() -> bool:
    """Return whether Pillow is installed."""
    try:
        import PIL.Image  # noqa: F401
    except ImportError:
        return False
    return True


def shrink(part: AttachmentPart, edge: int, size: int) -> AttachmentPart | None:
    """Return a copy within an edge in pixels and a number of bytes; `None` where that fails or Pillow is missing.

    The copy has no metadata: neither the place where a photo was taken nor a rotation, which is applied. Of an
    animation it has the first frame.
    """
    if part.pixels is None or part.pixels[0] * part.pixels[1] > MAX_PIXELS:
        return None
    try:
        from PIL import Image, ImageOps
    except ImportError:
        return None
    try:
        with Image.open(io.BytesIO(part.data)) as opened:
            image = ImageOps.exif_transpose(opened) or opened
            image = image.convert("RGBA" if _has_alpha(image) else "RGB")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError):
        return None
    for scale in _SCALES:
        target = min(edge, max(image.size)) * scale
        copy = image.copy()
        copy.thumbnail((max(1, int(target)), max(1, int(target))))
        for media_type, data in _encoded(copy, keeps_png=part.media_type in ("image/png", "image/gif")):
            if len(data) <= size:
                return measured(replace(part, data=data, media_type=media_type, pixels=None))
    return None


def _encoded(image: "Image", *, keeps_png: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the image as files, the most faithful first: screenshots stay PNG where that is small enough."""
    if keeps_png or image.mode == "RGBA":
        yield "image/png", _saved(image, "PNG")
    kind = "WEBP" if image.mode == "RGBA" else "JPEG"
    for quality in _QUALITIES:
        yield f"image/{kind.lower()}", _saved(image, kind, quality=quality)


def _saved(image: "Image", kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _has_alpha(image: "Image") -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info

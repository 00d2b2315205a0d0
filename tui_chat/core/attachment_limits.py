"""The attachments that a model takes in one request. A limit of `None` is unknown, and then the provider decides."""

from dataclasses import dataclass

IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass(frozen=True, slots=True)
class AttachmentLimits:
    """What one model takes; text files are taken by every model."""

    image_types: frozenset[str] = IMAGE_TYPES
    takes_pdf: bool = False
    sees: bool | None = None
    """Whether the model sees images; `None` where its provider does not report it."""
    image_base64_bytes: int | None = None
    """Of one image, as base64: four thirds of its file."""
    image_edge: int | None = None
    """Pixels of the longer edge of an image."""
    many_images: int | None = None
    """With more images than this in a request, `image_edge_of_many` counts."""
    image_edge_of_many: int | None = None
    images: int | None = None
    """In one request, over the whole branch."""
    images_in_long_context: int | None = None
    """The same for a model with a context window of more than `LONG_CONTEXT` tokens."""
    pdf_pages: int | None = None
    """In one request, over all its documents."""
    request_bytes: int | None = None


LONG_CONTEXT = 200_000


def base64_bytes(size: int) -> int:
    return (size + 2) // 3 * 4

"""Files as blocks."""

import base64

import pytest

from tui_chat.core.part import AttachmentPart
from tui_chat.providers.anthropic.request import attachment_block


@pytest.mark.parametrize("media_type", ["image/png", "image/jpeg", "image/gif", "image/webp", "IMAGE/PNG; x=y"])
def test_an_image_goes_as_an_image(media_type: str) -> None:
    block = attachment_block(AttachmentPart("a", media_type, b"\x89PNG"))
    assert block["type"] == "image"
    assert base64.b64decode(block["source"]["data"]) == b"\x89PNG"
    assert block["source"]["media_type"] == media_type.partition(";")[0].lower()


def test_a_pdf_goes_as_a_document_with_its_name() -> None:
    block = attachment_block(AttachmentPart("a.pdf", "application/pdf", b"%PDF"))
    assert (block["type"], block["source"]["type"], block["title"]) == ("document", "base64", "a.pdf")


@pytest.mark.parametrize("media_type", ["text/plain", "text/x-python", "application/json", ""])
def test_text_of_any_kind_goes_as_plain_text(media_type: str) -> None:
    block = attachment_block(AttachmentPart("a.py", media_type, "é = 1".encode()))
    assert block["source"] == {"type": "text", "media_type": "text/plain", "data": "é = 1"}


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (AttachmentPart("a.png", "image/png"), "not here"),
        (AttachmentPart("a.zip", "application/zip", b"PK\xff"), "application/zip"),
        (AttachmentPart("a.txt", "text/plain", b" \n"), "empty"),
        (AttachmentPart("a\ud83d", "text/plain", b" \n"), "a\ufffd"),
    ],
)
def test_what_cannot_be_sent_is_named(part: AttachmentPart, text: str) -> None:
    block = attachment_block(part)
    assert block["type"] == "text"
    assert text in block["text"]

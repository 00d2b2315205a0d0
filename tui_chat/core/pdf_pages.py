"""The number of pages of a PDF, from its page tree. Reads no page."""

import re
import zlib
from collections.abc import Iterator

_PAGE = re.compile(rb"/Type\s*/Page\b")
_TREE = re.compile(rb"/Type\s*/Pages\b")
_COUNT = re.compile(rb"/Count\s+(\d{1,7})\b")
_OBJECT_STREAM = re.compile(rb"/Type\s*/ObjStm\b.{0,512}?>>\s*stream\r?\n", re.DOTALL)
_NEAR = 4096
"""How far from `/Type /Pages` its `/Count` is looked for."""
_MAX_INFLATED = 64 * 1024 * 1024
_MAX_STREAM = 8 * 1024 * 1024


def pdf_pages(data: bytes) -> int | None:
    """Return the number of pages; `None` where it cannot be found, as in an encrypted file."""
    pages, counts = 0, [0]
    for text in (data, *_object_streams(data)):
        pages += len(_PAGE.findall(text))
        counts += (count for found in _TREE.finditer(text) for count in _counts_near(text, found.start()))
    # A file that was saved in steps has old copies of its pages, and only the tree has their number.
    return max(counts) or pages or None


def _counts_near(text: bytes, at: int) -> Iterator[int]:
    """Yield the count of the dictionary around a place."""
    start = max(text.rfind(b"<<", max(0, at - _NEAR), at), 0)
    end = text.find(b">>", at, at + _NEAR)
    found = _COUNT.search(text, start, end if end > 0 else at + _NEAR)
    if found is not None:
        yield int(found[1])


def _object_streams(data: bytes) -> Iterator[bytes]:
    """Yield the inflated object streams, in which newer files keep their page tree; bounded in all."""
    left = _MAX_INFLATED
    for found in _OBJECT_STREAM.finditer(data):
        if left <= 0:
            return
        packed = data[found.end() : data.find(b"endstream", found.end())]
        try:
            inflated = zlib.decompressobj().decompress(packed, min(left, _MAX_STREAM))
        except zlib.error:
            continue
        left -= len(inflated)
        yield inflated

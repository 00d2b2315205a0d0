"""Small files of every kind, made by Pillow and by hand."""

import io
import zlib
from functools import cache

from PIL import Image


@cache
def image(kind: str = "PNG", width: int = 40, height: int = 30) -> bytes:
    """An image of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind)
    return file.getvalue()


def pdf(pages: int = 2, *, packed: bool = False) -> bytes:
    """A PDF with that many pages; with `packed` its page tree is in an object stream, as newer files have it."""
    leaves = b"".join(b"<< /Type /Page /Parent 1 0 R >>\n" for _ in range(pages))
    tree = b"<< /Type /Pages /Kids [] /Count %d >>\n" % pages + leaves
    if packed:
        tree = zlib.compress(tree)
        head = b"<< /Type /ObjStm /N 3 /First 10 /Filter /FlateDecode /Length %d >>\nstream\n" % len(tree)
        tree = head + tree + b"\nendstream"
    return b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n" + tree + b"\nendobj\ntrailer\n<< >>\n%%EOF\n"

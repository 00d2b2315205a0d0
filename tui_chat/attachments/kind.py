"""The kind of a file by its content; the name only distinguishes kinds of text. Reads no file."""

import re
from typing import NamedTuple

SNIFFED_BYTES = 8192
"""How much of a file its kind is found by."""
IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
PDF = "application/pdf"

_SENT: tuple[tuple[bytes, str], ...] = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF....WEBP", "image/webp"),
    (rb"%PDF-", PDF),
)
_BINARY: tuple[tuple[bytes, str], ...] = (
    (rb"PK(?:\x03\x04|\x05\x06)", "a ZIP archive or Office document"),
    (rb"\xd0\xcf\x11\xe0", "an old Office document"),
    (rb"\x1f\x8b", "a gzip archive"),
    (rb"BZh[1-9]", "a bzip2 archive"),
    (rb"\xfd7zXZ\x00", "an xz archive"),
    (rb"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (rb"7z\xbc\xaf", "a 7z archive"),
    (rb"Rar!", "a RAR archive"),
    (rb".{257}ustar", "a tar archive"),
    (rb"\x7fELF", "a program (ELF)"),
    (rb"MZ.{58}", "a Windows program"),
    (rb"(?:\xca\xfe\xba\xbe|\xcf\xfa\xed\xfe|\xce\xfa\xed\xfe)", "a program or class file"),
    (rb"SQLite format 3\x00", "an SQLite database"),
    (rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00", "a BMP image"),
    (rb"(?:II\*\x00|MM\x00\*)", "a TIFF image"),
    (rb"\x00\x00\x01\x00", "an icon"),
    (rb"....ftyp(?:heic|heix|mif1|msf1|hevc)", "a HEIC image"),
    (rb"....ftypavi[fs]", "an AVIF image"),
    (rb"....ftyp", "a video"),
    (rb"\x1a\x45\xdf\xa3", "a video"),
    (rb"RIFF....AVI ", "a video"),
    (rb"RIFF....WAVE", "a sound"),
    (rb"(?:ID3|\xff[\xfb\xf3\xf2])", "a sound"),
    (rb"(?:OggS|fLaC)", "a sound"),
    (rb"(?:\x00\x01\x00\x00\x00|OTTO|wOF[F2])", "a font"),
)
_TEXT_TYPES = {
    "md": "text/markdown",
    "markdown": "text/markdown",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "html": "text/html",
    "htm": "text/html",
    "xml": "text/xml",
    "svg": "text/xml",
    "json": "application/json",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "toml": "application/toml",
    "css": "text/css",
    "js": "text/javascript",
    "ts": "text/x-typescript",
    "py": "text/x-python",
    "rs": "text/x-rust",
    "go": "text/x-go",
    "c": "text/x-c",
    "h": "text/x-c",
    "sh": "text/x-shellscript",
    "sql": "text/x-sql",
    "log": "text/x-log",
    "diff": "text/x-diff",
    "patch": "text/x-diff",
}
"""By the end of the name; an SVG is text, since no model takes it as an image."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Kind(NamedTuple):
    media_type: str
    """Empty for a file that cannot be sent."""
    label: str = ""
    """What it is, for a file that cannot be sent: `a ZIP archive`, `binary data` …"""
    is_text: bool = False


NOT_UTF_8 = Kind("", "text that is not UTF-8")


def kind_of(data: bytes, name: str = "") -> Kind:
    """Return the kind of a file from its first bytes, or from all of them."""
    head = data[:SNIFFED_BYTES]
    for pattern, media_type in _SENT:
        if re.match(pattern, head, re.DOTALL):
            return Kind(media_type)
    for pattern, label in _BINARY:
        if re.match(pattern, head, re.DOTALL) and not _is_text(head):
            return Kind("", label)
    if head.startswith(_UTF_16):
        return _text_kind(name)
    if b"\x00" in head:
        return Kind("", "binary data")
    if not _is_text(head):
        return NOT_UTF_8 if _is_mostly_printable(head) else Kind("", "binary data")
    return _text_kind(name)


def utf_8(data: bytes) -> bytes | None:
    """Return a text file as UTF-8 without a byte order mark; `None` where it is not text."""
    try:
        text = data.decode("utf-16" if data.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text.encode()


def _text_kind(name: str) -> Kind:
    suffix = name.rpartition(".")[2].lower()
    return Kind(_TEXT_TYPES.get(suffix, "text/plain"), is_text=True)


def _is_text(head: bytes) -> bool:
    if b"\x00" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character may be cut at the end of the piece.
        return error.end == len(head) and len(head) - error.start < 4 and len(head) == SNIFFED_BYTES
    return True


def _is_mostly_printable(head: bytes) -> bool:
    odd = sum(byte < 9 or 13 < byte < 32 or byte == 127 for byte in head)
    return odd * 50 < len(head)

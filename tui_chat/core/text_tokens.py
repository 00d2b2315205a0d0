"""Estimates the tokens of a text from its characters alone; `estimated_tokens` corrects it by reported counts."""

_MARKS = b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
_ASCII_KINDS: tuple[tuple[bytes, float], ...] = ((b" ", 0.05), (b"0123456789", 0.4), (_MARKS, 0.57), (b"\n\t", 0.3))
_OTHER_KINDS: tuple[tuple[bytes, float], ...] = (
    (bytes(range(0xC2, 0xE0)), 0.45),
    (b"\xe0", 0.6),
    (bytes((0xE1, 0xE2, 0xEE, 0xEF)), 0.9),
    (bytes(range(0xE3, 0xEE)), 0.95),
    (bytes(range(0xF0, 0xF5)), 2.0),
)
"""Kinds of characters by their first byte in UTF-8, with tokens for each: accented Latin, Cyrillic, Greek, Hebrew
and Arabic; the scripts of India and Thailand; signs and drawings; Chinese, Japanese and Korean; emoji."""
_LETTER = 0.23
_FURTHER = bytes(range(0x80, 0xC2))
"""UTF-8 continuation bytes."""


_SAMPLES, _SAMPLE = 100, 10_000
"""A longer text is sampled: this many samples of this many characters."""


def rough_tokens(text: str) -> float:
    """Return the approximate tokens of a text; sums over the pieces of a text are equivalent."""
    if (length := len(text)) > _SAMPLES * _SAMPLE:
        starts = range(0, length, -(-length // _SAMPLES))
        sample = "".join(text[start : start + _SAMPLE] for start in starts)
        return rough_tokens(sample) * length / len(sample)
    data, kinds = text.encode("utf-8", "replace"), _ASCII_KINDS
    if not text.isascii():
        data, kinds = data.translate(None, _FURTHER), _ASCII_KINDS + _OTHER_KINDS
    tokens = 0.0
    for kind, each in kinds:
        rest = data.translate(None, kind)
        tokens += each * (len(data) - len(rest))
        data = rest
    return tokens + _LETTER * len(data)

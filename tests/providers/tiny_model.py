"""A language model of two hundred thousand random numbers, as a GGUF file: it writes nonsense, always the same."""

import random
import struct
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

_WIDTH, _HEADS, _INNER, _LAYERS, _CONTEXT = 64, 4, 128, 2, 2048
_ALIGNMENT = 32
_UINT32, _FLOAT32, _STRING, _ARRAY, _INT32 = 4, 6, 8, 9, 5
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_WORDS = ("▁the", "▁über", "▁日本", "👩‍🚀", "▁a", "▁of", "ing", "▁cache", "▁**bold**", ".", ",", "\n", "▁`x`", "▁is")
_TEMPLATE = (
    "{% for message in messages %}{{ message.role + ': ' + message.content + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}assistant: {% endif %}"
)


def write_tiny_model(path: Path, seed: int = 7) -> None:
    """Write the file."""
    dice = random.Random(seed)
    tokens = _vocabulary()
    tensors = [(name, shape, _numbers(name, shape, tokens, dice)) for name, shape in _shapes(len(tokens))]
    values = list(_values(tokens))
    head = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(values)) + b"".join(values)
    data = bytearray()
    for name, shape, numbers in tensors:
        data += b"\0" * (-len(data) % _ALIGNMENT)
        head += _text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", 0, len(data))
        data += numbers.tobytes()
    path.write_bytes(head + b"\0" * (-len(head) % _ALIGNMENT) + data)


def _vocabulary() -> list[tuple[str, float, int]]:
    """Tokens with their scores and kinds: three marks, all bytes, letters, and a few words."""
    marks = [("<unk>", 0.0, _UNKNOWN), ("<s>", 0.0, _CONTROL), ("</s>", 0.0, _CONTROL)]
    every_byte = [(f"<0x{byte:02X}>", 0.0, _BYTE) for byte in range(256)]
    letters = [(chr(code), -1000.0 - code, _NORMAL) for code in range(0x21, 0x7F)]
    words = [(word, -float(at), _NORMAL) for at, word in enumerate(_WORDS) if len(word) > 1 or word == "\n"]
    return [*marks, *every_byte, *letters, ("▁", -5000.0, _NORMAL), *words]


def _values(tokens: Sequence[tuple[str, float, int]]) -> Iterator[bytes]:
    yield _text("general.architecture") + struct.pack("<I", _STRING) + _text("llama")
    yield _text("general.name") + struct.pack("<I", _STRING) + _text("tiny")
    for name, number in {
        "llama.context_length": _CONTEXT,
        "llama.embedding_length": _WIDTH,
        "llama.block_count": _LAYERS,
        "llama.feed_forward_length": _INNER,
        "llama.rope.dimension_count": _WIDTH // _HEADS,
        "llama.attention.head_count": _HEADS,
        "llama.attention.head_count_kv": _HEADS,
        "llama.vocab_size": len(tokens),
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
    }.items():
        yield _text(name) + struct.pack("<II", _UINT32, number)
    yield _text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", _FLOAT32, 1e-5)
    yield _text("tokenizer.ggml.model") + struct.pack("<I", _STRING) + _text("llama")
    yield _text("tokenizer.chat_template") + struct.pack("<I", _STRING) + _text(_TEMPLATE)
    count = len(tokens)
    yield (
        _text("tokenizer.ggml.tokens")
        + struct.pack("<IIQ", _ARRAY, _STRING, count)
        + b"".join(_text(text) for text, _, _ in tokens)
    )
    scores, kinds = [score for _, score, _ in tokens], [kind for _, _, kind in tokens]
    yield _text("tokenizer.ggml.scores") + struct.pack(f"<IIQ{count}f", _ARRAY, _FLOAT32, count, *scores)
    yield _text("tokenizer.ggml.token_type") + struct.pack(f"<IIQ{count}i", _ARRAY, _INT32, count, *kinds)


def _shapes(vocabulary: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "token_embd.weight", (_WIDTH, vocabulary)
    for layer in range(_LAYERS):
        yield f"blk.{layer}.attn_norm.weight", (_WIDTH,)
        yield f"blk.{layer}.ffn_norm.weight", (_WIDTH,)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{name}.weight", (_WIDTH, _WIDTH)
        yield f"blk.{layer}.ffn_gate.weight", (_WIDTH, _INNER)
        yield f"blk.{layer}.ffn_up.weight", (_WIDTH, _INNER)
        yield f"blk.{layer}.ffn_down.weight", (_INNER, _WIDTH)
    yield "output_norm.weight", (_WIDTH,)
    yield "output.weight", (_WIDTH, vocabulary)


def _numbers(
    name: str, shape: tuple[int, ...], tokens: Sequence[tuple[str, float, int]], dice: random.Random
) -> "array[float]":
    """Random weights; a token that is no word is never the likeliest, so that the reply is text and does not end."""
    if len(shape) == 1:
        return array("f", [1.0] * shape[0])
    if name != "output.weight":
        return array("f", [dice.gauss(0, 0.2) for _ in range(shape[0] * shape[1])])
    found = array("f")
    for _, _, kind in tokens:
        found.extend([dice.gauss(0, 1) if kind == _NORMAL else 0.0 for _ in range(_WIDTH)])
    return found


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw

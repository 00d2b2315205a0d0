"""Endless Markdown, varied like real replies and the same every time, for benchmarks and long runs."""

import random
from collections.abc import Callable, Iterator

_SUBJECTS = ("the scheduler", "a cached page", "this function", "the parser", "each worker", "the write-ahead log")
_VERBS = ("keeps", "rebuilds", "hands over", "compares", "drops", "indexes")
_OBJECTS = ("its own queue", "the last checkpoint", "a sorted run", "the dirty blocks", "one lease per key")
_REASONS = (
    "because a retry must find the same state",
    "so that readers never wait for writers",
    "which costs a copy but saves a lock",
    "even when the clock goes backwards",
    "unless the batch is already full",
)
_ASIDES = (
    "This is the **expensive** path, so measure before changing it.",
    "See [the notes](https://example.org/notes) for the proof.",
    "In practice `O(log n)` is *good enough*.",
    "The name `flush_interval_ms` says the unit, which helps.",
    "日本語の文字列や emoji 🚀 also have to keep their width: “naïve café”.",
    "Note that ~~locking~~ ordering is what matters here.",
)
_TITLES = (
    "Overview",
    "The write path",
    "Recovery",
    "Trade-offs",
    "What to measure",
    "Edge cases",
    "A smaller design",
)
_CODE = {
    "python": "def merge(runs: list[Run]) -> Iterator[Row]:\n    heap = [run.head for run in runs]\n"
    "    while heap:\n        row = heappop(heap)  # smallest key first\n        yield row\n",
    "rust": "fn checkpoint(&mut self) -> io::Result<u64> {\n    let at = self.log.seek(SeekFrom::End(0))?;\n"
    "    self.log.sync_all()?;\n    Ok(at)\n}\n",
    "sql": "SELECT key, max(version) AS latest\nFROM entries\nWHERE deleted_at IS NULL\nGROUP BY key\nLIMIT 100;\n",
    "typescript": "export async function* chunks(body: ReadableStream<Uint8Array>) {\n"
    "  for await (const chunk of body) {\n    yield new TextDecoder().decode(chunk);\n  }\n}\n",
    "go": "func (s *Store) Get(key string) ([]byte, error) {\n\ts.mu.RLock()\n\tdefer s.mu.RUnlock()\n"
    "\treturn s.rows[key], nil\n}\n",
    "bash": 'for file in "$@"; do\n  sha256sum "$file" >> sums.txt || exit 1\ndone\n',
}


def endless_markdown(seed: int = 1) -> Iterator[str]:
    """Yield blocks of Markdown; the same seed yields the same blocks."""
    dice = random.Random(seed)
    makers = (_paragraph, _paragraph, _paragraph, _bullets, _steps, _fence, _table, _quote)
    section = 0
    while True:
        section += 1
        yield f"## {section}. {dice.choice(_TITLES)}\n\n"
        for _ in range(dice.randint(3, 6)):
            maker: Callable[[random.Random], str] = dice.choice(makers)
            yield maker(dice)
        if section % 5 == 0:
            yield "---\n\n"


def _sentence(dice: random.Random) -> str:
    words = f"{dice.choice(_SUBJECTS)} {dice.choice(_VERBS)} {dice.choice(_OBJECTS)} {dice.choice(_REASONS)}"
    return f"{words[0].upper()}{words[1:]}."


def _paragraph(dice: random.Random) -> str:
    sentences = [_sentence(dice) for _ in range(dice.randint(2, 5))]
    sentences.insert(dice.randint(0, len(sentences)), dice.choice(_ASIDES))
    return " ".join(sentences) + "\n\n"


def _bullets(dice: random.Random) -> str:
    lines: list[str] = []
    for _ in range(dice.randint(2, 5)):
        lines.append(f"- **{dice.choice(_TITLES)}**: {_sentence(dice)}")
        lines += [f"  - {dice.choice(_ASIDES)}" for _ in range(dice.randint(0, 2))]
    return "\n".join(lines) + "\n\n"


def _steps(dice: random.Random) -> str:
    return "\n".join(f"{number}. {_sentence(dice)}" for number in range(1, dice.randint(3, 7))) + "\n\n"


def _fence(dice: random.Random) -> str:
    language = dice.choice(tuple(_CODE))
    return f"```{language}\n{_CODE[language] * dice.randint(1, 3)}```\n\n"


def _table(dice: random.Random) -> str:
    rows = [
        f"| {dice.choice(_OBJECTS)} | {dice.randint(1, 9999)} µs | {dice.choice(_VERBS)} |"
        for _ in range(dice.randint(2, 8))
    ]
    return "| what | p95 | how |\n|:--|--:|---|\n" + "\n".join(rows) + "\n\n"


def _quote(dice: random.Random) -> str:
    return f"> {_sentence(dice)}\n> {dice.choice(_ASIDES)}\n\n"

"""The scenes of the demo model by the first word of a prompt: texts, delays and errors."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from tui_chat.core.compaction import SUMMARY_REQUEST
from tui_chat.core.error import (
    KeyRejected,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestRefused,
    StreamCut,
    Unreachable,
)
from tui_chat.core.title import TITLE_INSTRUCTION
from tui_chat.providers.demo.long_reply import endless_markdown
from tui_chat.providers.demo.tour import page

_PIECE = re.compile(r"[ \t]*\n+|[ ]{1,8}(?=\s)|\s?[A-Za-z0-9_]{1,8}|\s?[^A-Za-z0-9_\s]|\s")


def pieces(text: str) -> list[str]:
    """Cut a text into tokens. Grapheme clusters such as joined emoji are cut apart too."""
    return _PIECE.findall(text)


@dataclass(frozen=True)
class Scene:
    """A scripted reply."""

    tokens: Callable[[], Iterator[str]]
    """The text, piece by piece."""
    thinking: str = ""
    token_s: float = 0.01
    """Seconds from one token to the next."""
    wait_s: float = 0.4
    """Seconds before the first one."""
    error: ProviderError | None = None
    cut_after: int | None = None
    """Tokens of text after which the connection drops; a continued reply is not cut again."""
    failures: int = 0
    """How many attempts at one prompt fail before there is a reply."""


def _written(text: str) -> Callable[[], Iterator[str]]:
    return lambda: iter(pieces(text))


def _endless(count: int) -> Callable[[], Iterator[str]]:
    return lambda: islice((piece for block in endless_markdown() for piece in pieces(block)), count)


def scene_for(prompt: str, prompts_before: int) -> Scene:
    """Return the scene named by the first word of the prompt, a title for a title request, else the tour."""
    if prompt.startswith(TITLE_INSTRUCTION):
        return Scene(_written(_title(prompt)))
    if prompt.startswith(SUMMARY_REQUEST):
        return Scene(_written(_SUMMARY))
    rest = (*prompt.lower().split(maxsplit=1), "", "")[1]
    play = _SCENES.get(first_word(prompt))
    return play(rest.split(" ")[0].strip()) if play is not None else Scene(_written(page(prompts_before)))


_SUMMARY = """\
**So far:** you tried the offline demo of tui-chat, which replies from a script.

- Nothing was decided, and no question is open.
- Every earlier message is kept on its own branch.
"""


def first_word(prompt: str) -> str:
    return next(iter(prompt.lower().split()), "").strip(".:!")


def _title(title_request: str) -> str:
    words = title_request.partition("<prompt>")[2].partition("</prompt>")[0].split()
    return f"About {' '.join(words[:5]).rstrip('.,:;!?')}"


def _error(kind: str) -> Scene:
    return Scene(_written(""), error=_ERRORS.get(kind, _ERRORS[""])())


def _long(count: str) -> Scene:
    return Scene(_endless(int(count) if count.isdecimal() else 2_000))


_ERRORS: dict[str, Callable[[], ProviderError]] = {
    "": lambda: Overloaded("Overloaded", request_id="req_demo_529", status=529),
    "400": lambda: RequestRefused(
        "messages: at least one message is required", detail="bad_request", request_id="req_demo_400", status=400
    ),
    "401": lambda: KeyRejected("invalid bearer token", detail="rejected", request_id="req_demo_401", status=401),
    "403": lambda: KeyRejected(
        "Your account may not use this model.", detail="forbidden", request_id="req_demo_403", status=403
    ),
    "404": lambda: RequestRefused(
        "model: demo/missing", detail="no_such_model", request_id="req_demo_404", status=404
    ),
    "413": lambda: RequestRefused(
        "prompt is too long: 201234 tokens > 200000 maximum", detail="too_long", request_id="req_demo_413", status=413
    ),
    "429": lambda: RateLimited(
        "This request would exceed your rate limit.", retry_after_s=4, request_id="req_demo_429", status=429
    ),
    "quota": lambda: RateLimited(
        "You have used up your credit.", detail="quota", request_id="req_demo_quota", status=429
    ),
    "wait": lambda: RateLimited(
        "This request would exceed your rate limit.", retry_after_s=420, request_id="req_demo_wait", status=429
    ),
    "500": lambda: Overloaded("Internal server error", request_id="req_demo_500", status=500),
    "dns": lambda: Unreachable("Name or service not known", detail="dns"),
    "refused": lambda: Unreachable("Connection refused", detail="refused"),
    "tls": lambda: Unreachable("certificate verify failed: self-signed certificate", detail="tls"),
    "proxy": lambda: Unreachable("407 Proxy Authentication Required", detail="proxy"),
    "timeout": lambda: Unreachable("no answer within 60 seconds", detail="timeout"),
    "key": lambda: KeyRejected("no key is set", detail="no_key"),
}
"""By the word or number after `error`; the first for any other word."""


def dropped_error() -> ProviderError:
    """Return the error that ends the scene `cut`."""
    return StreamCut("the connection was closed in the middle of the reply", detail="dropped")


def flaky_error() -> ProviderError:
    """Return the error that the scene `flaky` raises before it replies."""
    return Overloaded("Overloaded", retry_after_s=1, request_id="req_demo_flaky", status=529)


_CODE = '''Here is a small **rate limiter**. It keeps one bucket per key and never sleeps:

```python
from dataclasses import dataclass, field
from time import monotonic


@dataclass
class Bucket:
    """So many tokens, refilled at a steady rate."""

    capacity: float
    refill_per_s: float
    tokens: float = field(init=False)
    at: float = field(default_factory=monotonic)

    def __post_init__(self) -> None:
        self.tokens = self.capacity

    def take(self, amount: float = 1.0) -> bool:
        now = monotonic()
        self.tokens = min(self.capacity, self.tokens + (now - self.at) * self.refill_per_s)
        self.at = now
        if self.tokens < amount:
            return False  # the caller decides what waiting means
        self.tokens -= amount
        return True
```

Three things to notice:

1. `monotonic()` instead of the wall clock, so a changed clock harms nothing.
2. The bucket is filled *when it is asked*, so there is no thread.
3. `take` says `False` instead of blocking.

To try it:

```console
$ python -i bucket.py
>>> bucket = Bucket(capacity=2, refill_per_s=0.5)
>>> [bucket.take() for _ in range(3)]
[True, True, False]
```

And what changed since the first version:

```diff
-    def take(self, amount=1):
-        time.sleep(self.wait_for(amount))
+    def take(self, amount: float = 1.0) -> bool:
+        now = monotonic()
```
'''

_TABLE = """## Storage engines, side by side

| engine | layout | writes | point reads | range scans | good for |
|:-------|:-------|-------:|------------:|:-----------:|:---------|
| SQLite | B-tree | 36 µs | 8 µs | yes | one machine, one file |
| LMDB | B+tree, copy on write | 12 µs | 1 µs | yes | many readers |
| RocksDB | LSM tree | 4 µs | 15 µs | yes | heavy writing |
| Bitcask | log + hash index | 3 µs | 2 µs | **no** | keys that fit in memory |
| DuckDB | columns | 250 µs | 900 µs | yes | analytics over `parquet` |

Figures are *orders of magnitude*, not a benchmark.

| 名前 | emoji | code |
|---|:-:|---|
| 東京 | 🗼 | `"a \\| b"` |
| Zürich | 🏔️ | `x = [1, 2]` |
| Reykjavík | 🌋 | |
"""

_UNICODE = """# Unicode of every kind

- **Chinese**: 终端里的聊天程序应该正确显示每一个字,包括全角标点。
- **Japanese**: ターミナルで「会話」を楽しむ。カタカナと漢字とひらがな。
- **Korean**: 터미널에서 나누는 대화, 한글은 두 칸을 차지합니다.
- **Hindi**: टर्मिनल में बातचीत क्षत्रिय।  **Thai**: การสนทนาในเทอร์มินัล ผู้ใหญ่
- **Arabic**: مرحبا بالعالم، هذا نص من اليمين إلى اليسار.
- **Hebrew**: שלום עולם, עם מספרים 123 ועם English באמצע.
- **Vietnamese**: Tiếng Việt có rất nhiều dấu; decomposed: Tie\u0302\u0301ng Vie\u0323\u0302t.

## Clusters of several characters

| what | looks like |
|---|---|
| family (ZWJ) | 👨‍👩‍👧‍👦 👩🏽‍🚀 🏳️‍🌈 |
| flags | 🇪🇺 🇯🇵 🇧🇷 |
| keycaps | 1️⃣ 2️⃣ #️⃣ |
| skin tones | 👋🏻 👋🏽 👋🏿 |
| combining | e\u0301 a\u0308 n\u0303 o\u0302\u0323 Z\u0351\u036b\u0343 |
| ambiguous | ± § ° → ½ Ω “ ” … |

Box drawing: ┌─┬─┐ │ │ │ └─┴─┘ · Braille: ⠋⠙⠹⠸ · Maths: ∀x∈ℝ ∃y: x²+y²=1 · Music: 𝄞 · Old: 𐤀𐤁𐤂

```python
print("naïve café", "日本語", "👩‍💻")  # コメント
```
"""

_THOUGHTS = """The question sounds simple, but there is a catch: seventeen sheep, and *all but* nine run away.

"All but nine" does not say how many ran, it says how many did not. So nothing has to be subtracted.

Let me check it the other way round: if nine remain, eight ran, and eight are all of them except nine. That fits."""

PLAIN_THOUGHT = "The prompt asks for nothing that has to be worked out, so the answer can begin at once."
"""The thinking in any other scene, when thinking is on."""

_THOUGHT_ANSWER = """**Nine** sheep are left.

"All but nine run away" already names the ones that stay; eight of the seventeen ran.
"""

_SLOW_TOKENS = 300
NO_TOOLS = """No tools are on in this conversation. Type `/tools read run` and say `tools` again: the demo model then
lists the files of your working folder, and asks whether it may run a command.
"""

_SCENES: dict[str, Callable[[str], Scene]] = {
    "code": lambda _: Scene(_written(_CODE)),
    "table": lambda _: Scene(_written(_TABLE)),
    "unicode": lambda _: Scene(_written(_UNICODE)),
    "thinking": lambda _: Scene(_written(_THOUGHT_ANSWER), thinking=_THOUGHTS),
    "long": _long,
    "slow": lambda _: Scene(_endless(_SLOW_TOKENS), token_s=0.1),
    "tools": lambda _: Scene(_written(NO_TOOLS)),
    "error": _error,
    "flaky": lambda _: Scene(_written(_CODE), failures=2),
    "cut": lambda _: Scene(_written(_TABLE), cut_after=150),
}

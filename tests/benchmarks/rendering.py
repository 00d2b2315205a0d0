"""What laying out Markdown costs, next to rich's and Textual's Markdown in the same run.

    python -m tests.benchmarks.rendering [--tokens N] [--runs N]

prints CPU milliseconds and ratios: a reply that streams with 100 tokens a second and is looked at 60 times a second,
the same at the end of a long one, and a text laid out at once. All at 120 cells; of the runs the one least disturbed.
"""

import argparse
import asyncio
import gc
import io
import sys
import time
from collections.abc import Callable
from itertools import zip_longest

from rich.console import Console
from rich.markdown import Markdown as RichMarkdown
from textual.app import App, ComposeResult
from textual.widgets import Markdown as TextualMarkdown

from tests.rendering.corpus import REPLY
from tui_chat.rendering.markdown import LiveMarkdown, render
from tui_chat.rendering.styles import DARK

CELLS, ROWS = 120, 40
TOKEN_CHARACTERS = 4
TOKENS_PER_LOOK = 100 / 60
MOST_MS_PER_TOKEN = 0.3
MOST_GROWTH = 1.15


def tokens_of(count: int, start: int = 0) -> list[str]:
    """So many tokens of a realistic reply that begins again when it has ended."""
    size = count * TOKEN_CHARACTERS
    text = (REPLY * (1 + (start + size) // len(REPLY)))[start : start + size]
    return [text[at : at + TOKEN_CHARACTERS] for at in range(0, len(text), TOKEN_CHARACTERS)]


def looks(tokens: list[str]) -> list[str]:
    """What has come between one look at the screen and the next."""
    pieces, due = [""], 0.0
    for token in tokens:
        pieces[-1] += token
        due += 1
        if due >= TOKENS_PER_LOOK:
            due -= TOKENS_PER_LOOK
            pieces.append("")
    return [piece for piece in pieces if piece]


def ours(tokens: list[str], before: str = "") -> float:
    """CPU seconds of a reply that streams, with the strips of the rows that changed and are on the screen."""
    live = LiveMarkdown(CELLS, DARK)
    live.append(before)
    seen = list(live.lines[-ROWS:])
    gc.collect()
    start = time.process_time()
    for piece in looks(tokens):
        live.append(piece)
        shown = live.lines[-ROWS:]
        for old, line in zip_longest(seen, shown):
            if line is not None and line is not old:
                _ = line.strip
        seen = list(shown)
    spent = time.process_time() - start
    live.finish()
    return spent + _timed(lambda: live.lines)


def with_rich(tokens: list[str]) -> float:
    """The same with rich, which lays out all of the text at every look."""
    console = Console(width=CELLS, height=ROWS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    text, spent = "", 0.0
    for piece in looks(tokens):
        text += piece
        made = RichMarkdown(text)
        spent += _timed(lambda made=made: console.render_lines(made))
    return spent


class _Page(App[None]):
    def compose(self) -> ComposeResult:
        yield TextualMarkdown()


async def _with_textual(tokens: list[str]) -> float:
    app = _Page()
    async with app.run_test(size=(CELLS, ROWS)) as pilot:
        stream = TextualMarkdown.get_stream(app.query_one(TextualMarkdown))
        start = time.process_time()
        for piece in looks(tokens):
            await stream.write(piece)
            await pilot.pause()
        await stream.stop()
        return time.process_time() - start


def with_textual(tokens: list[str]) -> float:
    """The same with Textual's stream, its layout and painting of the screen included."""
    return asyncio.run(_with_textual(tokens))


def _timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _rich_once(text: str) -> None:
    console = Console(width=CELLS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.render_lines(RichMarkdown(text))


def main() -> int:
    """Measure and print; 1 where a limit does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.rendering")
    parser.add_argument("--tokens", type=int, default=1000, help="of a reply that streams (%(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured (%(default)s)")
    asked = parser.parse_args()
    tokens = tokens_of(asked.tokens)
    before = "".join(tokens_of(50_000, start=len(REPLY) // 2))
    later = tokens_of(asked.tokens, start=len(before) + len(REPLY) // 2)
    text = REPLY * 20
    render(REPLY, CELLS, DARK)
    found: dict[str, list[float]] = {}
    for _ in range(asked.runs):
        for name, work in (
            ("streaming, ours", lambda: ours(tokens)),
            ("streaming after 50,000 tokens, ours", lambda: ours(later, before)),
            ("streaming the same at the start, ours", lambda: ours(later)),
            ("streaming, rich", lambda: with_rich(tokens)),
            ("streaming, Textual", lambda: with_textual(tokens)),
            ("at once, ours", lambda: _timed(lambda: render(text, CELLS, DARK))),
            ("at once, rich", lambda: _timed(lambda: _rich_once(text))),
        ):
            gc.collect()
            found.setdefault(name, []).append(work())
    least = {name: min(values) for name, values in found.items()}
    for name, seconds in least.items():
        base = least["at once, ours" if name.startswith("at once") else "streaming, ours"]
        each = (
            f"{seconds * 1000 / asked.tokens:.3f} ms a token"
            if "stream" in name
            else f"{len(text) / seconds / 1e6:.2f} MB/s"
        )
        print(f"{name:40} {seconds * 1000:9.0f} ms  {each:>20}  {seconds / base:6.1f} ×")
    growth = least["streaming after 50,000 tokens, ours"] / least["streaming the same at the start, ours"]
    per_token = least["streaming, ours"] * 1000 / asked.tokens
    print(f"\n{per_token:.3f} ms a token, at most {MOST_MS_PER_TOKEN};", end=" ")
    print(f"{growth:.2f} times as much after 50,000 tokens, at most {MOST_GROWTH}")
    return 0 if per_token <= MOST_MS_PER_TOKEN and growth <= MOST_GROWTH else 1


if __name__ == "__main__":
    sys.exit(main())

"""No text makes a look at the screen explode in cost, however it comes.

The bar is a quarter of a second on a quiet machine: `TUI_CHAT_TEST_LOOK_S=0.25`. Without it only what grows with the
square of its length is caught, since a busy machine may take several times as long for anything.
"""

import os
import time

import pytest

from tui_chat.rendering.markdown import LiveMarkdown, render
from tui_chat.rendering.styles import DARK

MOST_S = float(os.environ.get("TUI_CHAT_TEST_LOOK_S", "2"))
LOOKS = 60
TEXTS = {
    "one line of words": "word " * 200_000,
    "one word": "x" * 1_000_000,
    "one line of code": "```python\n" + "x = 1; " * 140_000,
    "one wide line": "日本語" * 60_000,
    "one row": "| a | b |\n|---|---|\n| " + "x " * 200_000,
    "combining marks": "e" + "\u0301" * 10_000,
    "joiners": "👩\u200d" * 20_000,
    "quotes": (">" * 2000 + "a\n") * 5,
    "nested lists": "".join("  " * depth + "- x\n" for depth in range(500)),
    "lists in a line": "- " * 2000 + "x\n",
    "quotes and lists": ("> - " * 300 + "x\n") * 10,
    "brackets": "[" * 50_000,
    "links": "[a](" * 12_000,
    "nested links": "[[a]" * 8_000,
    "images": "![" * 15_000,
    "stars": "*a_ " * 8_000,
    "halves of stars": "a**b" * 8_000,
    "backticks": "`a``b" * 8_000,
    "angles": "<" * 20_000,
    "ampersands": "&" * 20_000,
    "backslashes": "\\" * 20_000,
    "dollars": "$a" * 10_000,
    "addresses": "a@" * 12_000,
    "pipes": "|" * 15_000 + "\n" + "|-" * 8_000 + "\n",
    "a table of many rows": "| a | b |\n|---|---|\n" + "".join(f"| {n} | text {n} |\n" for n in range(5000)),
    "a table of many columns": "|" + "a|" * 500 + "\n|" + "-|" * 500 + "\n" + ("|" + "x|" * 500 + "\n") * 10,
    "paragraphs": "para graph\n\n" * 5000,
    "a long fence": "```python\n" + "def f(x):  # c\n" * 3000 + "```\n",
    "a comment that never ends": "```c\n/*\n" + "text text\n" * 3000,
    "definitions": "".join(f"[r{n}]\n\n" for n in range(2000))
    + "".join(f"[r{n}]: http://x/{n}\n" for n in range(2000)),
    "a long paragraph": "some words in a line that is fairly long\n" * 3000,
    "control characters": "\x1b]52;c;AAAA\x07\x9b2J\x00\u202e" * 4000,
    "line ends of another kind": "a\u2028" * 8_000,
    "tabs": "```\n" + ("\t" * 100 + "x\n") * 500,
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
def test_no_look_costs_too_much(name: str) -> None:
    text = TEXTS[name]
    size = max(1, len(text) // LOOKS)
    live, spent = LiveMarkdown(120, DARK), []
    for at in range(0, len(text), size):
        live.append(text[at : at + size])
        start = time.process_time()
        live.advance()
        spent.append(time.process_time() - start)
    start = time.process_time()
    live.finish()
    live.advance()
    spent.append(time.process_time() - start)
    assert max(spent) < MOST_S
    assert list(live.lines) == render(text, 120, DARK)


@pytest.mark.slow
@pytest.mark.parametrize("name", TEXTS)
def test_what_comes_at_once_can_be_taken_in_in_slices(name: str) -> None:
    live, spent, done = LiveMarkdown(120, DARK), [], False
    live.append(TEXTS[name])
    live.finish()
    while not done:
        start = time.process_time()
        done = live.advance(0.01)
        spent.append(time.process_time() - start)
    assert max(spent) < MOST_S

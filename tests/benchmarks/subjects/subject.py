"""What the harness has to know of a program to drive it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Subject:
    """A program on which prompts are typed."""

    name: str
    title: str
    command: Callable[[Path], list[str]]
    """Its command line, given a folder for its data."""
    cancel_key: str = "\x1b"
    has_prompt_box: bool = True
    """Keys pressed while a reply streams are shown in a place of their own."""
    countdown: str = ""
    """What it shows while it waits to try again; empty where it does not."""
    deepest: int = 50_000
    """More tokens than these before a measurement would take it minutes."""


def _here(module: str) -> Callable[[Path], list[str]]:
    return lambda _: [sys.executable, "-m", f"tests.benchmarks.subjects.{module}"]


BARE = Subject("bare", "bare SDK loop", _here("bare_sdk"), cancel_key="\x03", has_prompt_box=False)
MARKDOWN = Subject("markdown", "MarkdownStream", _here("markdown_stream"), deepest=10_000)
HELLO = Subject("hello", "hello world", _here("hello"), has_prompt_box=False)

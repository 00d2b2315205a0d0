"""Printing to stdout and stderr, for people and for programs. Knows no command."""

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_chat.core.clean import clean, harmless_json

if TYPE_CHECKING:
    from rich.console import Console

    from tui_chat.core.error import ChatError, Fault

_MAX_DETAIL_LINES = 12


def print_text(text: str) -> None:
    """Print to stdout, ending with one newline; an empty text prints nothing."""
    if text:
        sys.stdout.buffer.write((text.rstrip("\n") + "\n").encode("utf-8", "replace"))
        sys.stdout.buffer.flush()


def print_json(value: object) -> None:
    """Print a value as JSON to stdout."""
    import json

    print_json_text(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_json_text(text: str) -> None:
    """Print JSON to stdout; on a terminal, without control characters."""
    print_text(harmless_json(text) if sys.stdout.isatty() else text)


def print_notice(text: str) -> None:
    """Print a line to stderr after the program's name."""
    print(f"tui-chat: {text}", file=sys.stderr)  # noqa: T201


def print_error(error: "ChatError | Fault") -> None:
    """Print to stderr what happened, the provider's own message, and the next step."""
    from tui_chat.wording import explain

    words = explain(error)
    detail = clean(error.message).strip()
    lines = [words.sentence]
    if detail and detail != words.sentence:
        lines += [f"  {line}" for line in detail.splitlines()[:_MAX_DETAIL_LINES]]
    if error.request_id:
        lines.append(f"  request id: {clean(error.request_id)}")
    if words.next_step:
        lines.append(f"  {words.next_step}")
    print_notice("\n".join(lines))


def cleaning_stdout(make_safe: Callable[[str], str]) -> Callable[[bytes], object]:
    """Return a function that writes UTF-8 bytes to a terminal on stdout after cleaning them."""
    return lambda data: sys.stdout.buffer.write(make_safe(data.decode("utf-8", "replace")).encode("utf-8", "replace"))


def short_id(conversation_id: str) -> str:
    """Return the part of an id that is shown to people."""
    return conversation_id[:8]


def width() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 80


def supports_escape_sequences() -> bool:
    """Return whether `TERM` names a terminal with escape sequences; Windows has no `TERM`."""
    return sys.platform == "win32" or os.environ.get("TERM", "").lower() not in ("", "dumb", "unknown")


def stdout_console() -> "Console":
    """Return a console of rich that writes to stdout, in colour where the terminal has it."""
    from rich.console import Console

    return Console(
        file=sys.stdout,
        color_system="auto" if supports_escape_sequences() else None,
        highlight=False,
        markup=False,
    )


def redrawing_console() -> "Console | None":
    """Return a console if stdout is a terminal whose lines can be redrawn."""
    console = stdout_console()
    return console if console.is_terminal and supports_escape_sequences() else None

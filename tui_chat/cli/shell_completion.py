"""Shell completion of conversation ids and models from the database. Contacts no provider, never fails.

Shells evaluate completions and typer escapes them only in part, so every value goes through `shell_word` or
`shell_help`: only characters of a safe alphabet leave this module.
"""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_chat.core.error import ChatError

_MOST = 200
_LONGEST_HELP = 80
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,299}", re.ASCII)
"""What every shell reads as one word without quotes, and never as an option."""
_HELP = re.compile(r"[A-Za-z0-9 .,_/+@-]", re.ASCII)
_WINDOW_CELLS = 1000


def conversations(incomplete: str) -> list[tuple[str, str]]:
    """Return ids with this prefix and their titles, most recent first."""
    from tui_chat.storage.conversation_list import ListQuery
    from tui_chat.storage.quick_read import read_page

    # Typer wraps help texts to the terminal's width, and fish reads each line as another candidate.
    os.environ["COLUMNS"] = str(_WINDOW_CELLS)
    page = _from_database(lambda path: list(read_page(path, ListQuery(limit=_MOST)))) or []
    found = [one for one in page if one.id.startswith(incomplete) and shell_word(one.id)]
    return [(one.id, shell_help(one.title)) for one in found]


def models(incomplete: str) -> list[str]:
    """Return aliases, favourites, recently used models, then those of the last model list of each provider."""
    from tui_chat.storage.quick_read import read_state

    recent = _from_database(lambda path: read_state(path, "recent_models"))
    seen = _from_database(lambda path: read_state(path, "models"))
    named = [one.get("ref") for answers in _values(seen) for one in _items(answers) if isinstance(one, dict)]
    favourites = _from_database(lambda path: read_state(path, "favourite_models"))
    offered = [*_aliases(), *_items(favourites), *_items(recent), *named, "demo/tour"]
    found = [ref for ref in offered if isinstance(ref, str)]
    return [ref for ref in dict.fromkeys(found) if ref.startswith(incomplete) and shell_word(ref)]


def shell_word(text: str) -> bool:
    """Return whether a shell reads this text as one word; escaping it instead would name something else."""
    return _WORD.fullmatch(text) is not None


def shell_help(text: str) -> str:
    """Replace every character that a shell or rich could act on by a space."""
    # In other encodings than UTF-8 the second byte of a letter can be a backslash or a backtick.
    ascii_only = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    words = text[: 4 * _LONGEST_HELP].replace("'", "’")
    safe = "".join(one if _is_safe_help(one, ascii_only) else " " for one in words)
    return " ".join(safe.split())[:_LONGEST_HELP].strip(" -")


def _is_safe_help(character: str, ascii_only: bool) -> bool:
    if character.isascii():
        return _HELP.match(character) is not None
    return not ascii_only and (character == "’" or _is_letter(character))


def _is_letter(character: str) -> bool:
    """Return whether the character is a letter, a mark or a digit of any script."""
    from unicodedata import category

    return category(character)[0] in "LMN"


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _values(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else []


def _aliases() -> list[str]:
    from tui_chat.cli.context import GlobalOptions, load_context

    try:
        return list(load_context(GlobalOptions()).settings.aliases)
    except (ChatError, OSError, ValueError):
        return []


def _from_database(read: Callable[[Path], Any]) -> Any:
    from tui_chat.cli.context import GlobalOptions, load_context
    from tui_chat.storage.private_files import DATABASE

    try:
        path = load_context(GlobalOptions()).settings.data_dir / DATABASE
        return read(path) if path.exists() else None
    except (ChatError, OSError, ValueError):
        return None

"""Sets one value in the text of a settings file; every comment and every other line stays as it is."""

import re
from typing import Any

from tui_chat.core.error import SettingsError
from tui_chat.settings.settings_text import toml_value
from tui_chat.settings.toml_file import lines_of

_HEADER = re.compile(r"\s*\[")


def with_setting(text: str, name: str, value: Any) -> str:
    """Return the text with a dotted setting set: in place, where it is a comment, or below its table's header.

    Raises `SettingsError` if the file is not valid TOML or writes the value over several lines.
    """
    import tomllib

    try:
        before = tomllib.loads(text)
    except ValueError as error:
        raise SettingsError(f"the settings file has an error: {error}") from None
    *table, key = name.split(".")
    lines = text.split("\n")
    _put(lines, tuple(table), key, f"{key} = {toml_value(value)}")
    changed = "\n".join(lines)
    expected = before
    for part in table:
        expected = expected.setdefault(part, {})
    expected[key] = tomllib.loads(f"v = {toml_value(value)}")["v"]
    try:
        is_changed = tomllib.loads(changed) == before
    except ValueError:
        is_changed = False
    if not is_changed:
        raise SettingsError(f"{name} cannot be changed automatically: edit the settings file")
    return changed


def _put(lines: list[str], table: tuple[str, ...], key: str, line: str) -> None:
    found = lines_of(lines)
    if (number := found.get((*table, key))) is not None:
        before, _, old = lines[number - 1].partition("=")
        lines[number - 1] = before + line[len(key) + 1 :] + _comment(old)
        return
    start = found.get(table, 0) if table else 0
    if table and not start:
        while lines and not lines[-1]:
            lines.pop()
        lines += ["", f"[{'.'.join(table)}]", line, ""]
        return
    rest = range(start, len(lines))
    end = next((at for at in rest if _HEADER.match(lines[at])), len(lines))
    comment = re.compile(rf"#\s?{re.escape(key)}\s*=")
    place = next((at for at in range(start, end) if comment.match(lines[at])), None)
    if place is not None:
        lines[place] = line
    else:
        lines.insert(start, line)


def _comment(value: str) -> str:
    """Return the comment behind a value in its line, with the space before it."""
    import tomllib

    for at, letter in enumerate(value):
        if letter == "#":
            try:
                tomllib.loads(f"v ={value[:at]}")
            except ValueError:  # within a text
                continue
            return value[len(value[:at].rstrip()) :]
    return ""

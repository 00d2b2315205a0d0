"""The colours of a unified diff in plain text, such as the output of a command."""

import re

from pygments.token import Token
from rich.style import Style

from tui_chat.rendering.styles import TextStyles

_HUNK = re.compile(r"^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", re.MULTILINE)
_FILE = ("diff ", "--- ", "+++ ", "index ", "new file ", "deleted file ", "rename ", "similarity ")


def is_diff(text: str) -> bool:
    """Return whether the text has a hunk of a unified diff."""
    return _HUNK.search(text) is not None


class DiffColours:
    """Gives each line its style; must see every line, in order."""

    def __init__(self, styles: TextStyles, plain: Style) -> None:
        tokens = styles.tokens
        self._plain = plain
        self._file = styles.text + Style(bold=True)
        self._hunk = tokens[Token.Generic.Subheading]
        self._changes = {"+": tokens[Token.Generic.Inserted], "-": tokens[Token.Generic.Deleted]}
        self._in_hunk = False

    def of(self, line: str) -> Style:
        if _HUNK.match(line):
            self._in_hunk = True
            return self._hunk
        self._in_hunk = self._in_hunk and line[:1] in (" ", "+", "-", "\\", "")
        if self._in_hunk:
            return self._changes.get(line[:1], self._plain)
        return self._file if line.startswith(_FILE) else self._plain

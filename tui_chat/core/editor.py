"""The user's editor, from `$VISUAL` or `$EDITOR`. Starts nothing."""

import shlex
from collections.abc import Mapping


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """Return the editor's command, `vi` by default; raise `ValueError` with a sentence if it cannot be parsed."""
    editor = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    try:
        return shlex.split(editor)
    except ValueError as error:
        raise ValueError(f"the editor {editor!r} cannot be understood: {error}") from error

"""What copying whole lines gives."""

from collections.abc import Sequence

from tui_chat.rendering.line import Line


def copied_text(lines: Sequence[Line]) -> str:
    """The source-like text of whole lines: unwrapped, without gutters."""
    pieces: list[str] = []
    for line in lines:
        pieces.append(line.source_prefix + line.copy if line.copy else "")
        pieces.append("\n" if line.separator is None else line.separator)
    return "".join(pieces[:-1])

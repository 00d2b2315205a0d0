"""A conversation's shown branch on a terminal: who said what, Markdown laid out, made harmless."""

import sys

from rich.console import Console

from tui_chat.cli.reading import width
from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.turn import Role, Turn
from tui_chat.rendering.line import Line
from tui_chat.rendering.markdown import render
from tui_chat.rendering.palette import Palette
from tui_chat.rendering.plain import render_plain
from tui_chat.rendering.terminal import page_cells, print_lines
from tui_chat.wording import ending


def print_transcript(conversation: Conversation, measure: int) -> None:
    """The branch as a person reads it; `measure` is the widest that a line of prose may be."""
    console = Console(file=sys.stdout, highlight=False, markup=False)
    palette = Palette.ansi(measure)
    cells = page_cells(width(), palette)
    for turn in conversation.path:
        print_lines(_said(turn, cells, palette), console)


def _said(turn: Turn, cells: int, palette: Palette) -> list[Line]:
    moment = turn.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    who = "You" if turn.role is Role.USER else clean_line(turn.model) or "Reply"
    lines = [*render_plain(f"{who}  {moment}", cells, palette.dim)]
    if turn.role is Role.USER:
        lines += render_plain(turn.text.strip(), cells, palette.strong)
    else:
        lines += render(turn.text.strip(), cells, palette)
    if (words := ending(turn)) is not None:
        lines += render_plain(f"\n{words.sentence}", cells, palette.warning)
    return [*lines, *render_plain("", cells, palette.dim)]

"""A conversation's branch, or all of it, on a terminal: who said what, Markdown laid out, made harmless."""

from tui_chat.cli.console import stdout_console
from tui_chat.cli.store_access import width
from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation
from tui_chat.core.format_numbers import date_text
from tui_chat.core.part import AttachmentPart
from tui_chat.core.title import shown_title
from tui_chat.core.turn import Role
from tui_chat.formats.transcript import Branch, TranscriptTurn, attachment_line, transcript_turns
from tui_chat.rendering.line import Line
from tui_chat.rendering.markdown import render
from tui_chat.rendering.plain_text import render_plain
from tui_chat.rendering.stdout_printer import page_cells, print_lines
from tui_chat.rendering.styles import Palette
from tui_chat.wording import ending


def print_transcript(conversation: Conversation, branch: Branch, measure: int) -> None:
    """The branch that is shown, or all of them, as a person reads it; `measure` is the widest line of prose."""
    console = stdout_console()
    palette = Palette.ansi(measure)
    cells = page_cells(width(), palette)
    print_lines(render_plain(f"{shown_title(conversation.title)}\n\n", cells, palette.heading[0]), console)
    for entry in transcript_turns(conversation, branch):
        print_lines(_said(entry, branch, cells, palette), console)


def _said(entry: TranscriptTurn, branch: Branch, cells: int, palette: Palette) -> list[Line]:
    turn = entry.turn
    moment = date_text(turn.created_at, "%Y-%m-%d %H:%M")
    who = "You" if turn.role is Role.USER else clean_line(turn.model) or "Reply"
    as_dict = [entry.numbered(who, branch), moment, *entry.position_notes(branch)]
    lines = [*render_plain("  ".join(as_dict), cells, palette.dim)]
    for part in turn.parts:
        if isinstance(part, AttachmentPart):
            lines += render_plain(f"[attachment: {clean_line(attachment_line(part))}]", cells, palette.dim)
    if turn.role is Role.USER:
        lines += render_plain(turn.text.strip(), cells, palette.strong)
    else:
        lines += render(turn.text.strip(), cells, palette)
    if (words := ending(turn)) is not None:
        lines += render_plain(f"\n{words.sentence}", cells, palette.warning)
    return [*lines, *render_plain("", cells, palette.dim)]

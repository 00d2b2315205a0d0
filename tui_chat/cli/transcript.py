"""A conversation on a terminal: sender, time and text of each message, with Markdown laid out."""

from tui_chat.cli.output import stdout_console, width
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
from tui_chat.rendering.styles import TextStyles
from tui_chat.wording import ending


def print_transcript(conversation: Conversation, branch: Branch, measure: int) -> None:
    """Print the current branch, or all branches; `measure` is the longest line of prose."""
    console = stdout_console()
    styles = TextStyles.ansi(measure)
    cells = page_cells(width(), styles)
    print_lines(render_plain(f"{shown_title(conversation.title)}\n\n", cells, styles.heading[0]), console)
    for one in transcript_turns(conversation, branch):
        print_lines(_message_lines(one, branch, cells, styles), console)


def _message_lines(one: TranscriptTurn, branch: Branch, cells: int, styles: TextStyles) -> list[Line]:
    turn = one.turn
    moment = date_text(turn.created_at, "%Y-%m-%d %H:%M")
    who = "You" if turn.role is Role.USER else clean_line(turn.model) or "Reply"
    header = [one.numbered(who, branch), moment, *one.position_notes(branch)]
    lines = [*render_plain("  ".join(header), cells, styles.dim)]
    for part in turn.parts:
        if isinstance(part, AttachmentPart):
            lines += render_plain(f"[attachment: {clean_line(attachment_line(part))}]", cells, styles.dim)
    if turn.role is Role.USER:
        lines += render_plain(turn.text.strip(), cells, styles.strong)
    else:
        lines += render(turn.text.strip(), cells, styles)
    if (words := ending(turn)) is not None:
        lines += render_plain(f"\n{words.sentence}", cells, styles.warning)
    return [*lines, *render_plain("", cells, styles.dim)]

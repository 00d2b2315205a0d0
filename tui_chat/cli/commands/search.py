"""`search`: search titles and messages."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.options import JsonFlag, with_context
from tui_chat.cli.output import print_json, print_text, short_id, supports_escape_sequences, width

if TYPE_CHECKING:
    from tui_chat.core.conversation import SearchHit

QueryArgument = Annotated[
    list[str],
    typer.Argument(metavar="WORDS", help="Words, '\"a phrase\"', and model: role: title: after: before: filters."),
]
LimitFlag = Annotated[int, typer.Option("--limit", metavar="N", min=1, help="Maximum number of matches.")]
_INDENT = "    "
_BOLD, _NORMAL = "\x1b[1m", "\x1b[0m"


@with_context
def run(query: QueryArgument, limit: LimitFlag = 20, as_json: JsonFlag = False, *, ctx: Context) -> None:
    """Search the titles and messages of all conversations."""
    from tui_chat.cli.store_access import MAX_ROWS, with_store

    hits = with_store(ctx, lambda store: store.search(" ".join(query), limit=min(limit, MAX_ROWS)))
    if as_json:
        print_json([_as_dict(hit) for hit in hits])
    else:
        on_terminal = sys.stdout.isatty()
        text = "\n".join(_format_hit(hit, on_terminal=on_terminal) for hit in hits)
        print_text(text or ("No matches." if on_terminal else ""))


def _as_dict(hit: "SearchHit") -> dict[str, object]:
    from tui_chat.core.format_numbers import iso_text

    return {
        "conversation_id": hit.conversation_id,
        "turn_id": hit.turn_id,
        "title": hit.title,
        "role": hit.role.value,
        "model": hit.model,
        "created_at": iso_text(hit.created_at),
        "snippet": hit.snippet,
        "marks": hit.marks,
    }


def _format_hit(hit: "SearchHit", *, on_terminal: bool) -> str:
    """Return the title and the snippet below it; on a terminal wrapped, with the matches in bold."""
    from tui_chat.core.format_numbers import date_text
    from tui_chat.core.title import shown_title
    from tui_chat.rendering.cell_width import fitted, wrap

    text, marks = _clean_snippet(hit)
    head = f"{short_id(hit.conversation_id)}  {date_text(hit.created_at, '%Y-%m-%d')}  {shown_title(hit.title)}"
    head = fitted(head, width()) if on_terminal else head
    rows = wrap(text, width() - len(_INDENT)) if on_terminal else [(0, len(text))]
    shown_marks = marks if on_terminal and supports_escape_sequences() else []
    return "\n".join([head, *(_INDENT + _bold_matches(text, shown_marks, row).strip() for row in rows)])


def _clean_snippet(hit: "SearchHit") -> tuple[str, list[tuple[int, int]]]:
    """Return the snippet without control characters, and where the matches are in it."""
    from tui_chat.core.clean import clean_line

    text, marks, at = "", [], 0
    for start, end in hit.marks:
        text += clean_line(f"|{hit.snippet[at:start]}|")[1:-1]
        match = clean_line(hit.snippet[start:end])
        marks.append((len(text), len(text) + len(match)))
        text, at = text + match, end
    return text + clean_line(f"|{hit.snippet[at:]}")[1:].rstrip(), marks


def _bold_matches(text: str, marks: Sequence[tuple[int, int]], row: tuple[int, int]) -> str:
    """Return one row of the text with the matches in bold."""
    at, end = row
    shown = ""
    for mark_start, mark_end in marks:
        if (start := max(mark_start, at)) < (stop := min(mark_end, end)):
            shown += f"{text[at:start]}{_BOLD}{text[start:stop]}{_NORMAL}"
            at = stop
    return shown + text[at:end]

"""Searching, renaming, forking, restoring, backing up: the library kept from the command line."""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import typer

from tui_chat.cli.context import Context
from tui_chat.cli.store_access import MOST, knows_sequences, print_json, print_out, short_id, width, with_store
from tui_chat.core.clean import clean_line
from tui_chat.core.conversation import Conversation, ConversationSummary, SearchHit
from tui_chat.core.error import FormatError
from tui_chat.core.format_numbers import date_text, iso_text
from tui_chat.core.title import shown_title
from tui_chat.rendering.cell_width import fitted, wrap
from tui_chat.storage.store import Store
from tui_chat.wiring import assemble

_INDENT = "    "
_LIT, _PLAIN = "\x1b[1m", "\x1b[0m"


def search(ctx: Context, query: str, *, limit: int, as_json: bool) -> None:
    """Hits, best first, each with what stands around it."""
    hits = with_store(ctx, lambda store: store.search(query, limit=min(limit, MOST)))
    if as_json:
        print_json(json.dumps([_facts(hit) for hit in hits], ensure_ascii=False, indent=2))
    else:
        lit = sys.stdout.isatty()
        print_out("\n".join(_told(hit, lit=lit) for hit in hits) or ("Nothing of it was ever said." if lit else ""))


def _facts(hit: SearchHit) -> dict[str, object]:
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


def _told(hit: SearchHit, *, lit: bool) -> str:
    text, marks, at = "", [], 0
    for load_context, end in hit.marks:
        text += clean_line(f"|{hit.snippet[at:load_context]}|")[1:-1]
        mark = clean_line(hit.snippet[load_context:end])
        marks.append((len(text), len(text) + len(mark)))
        text, at = text + mark, end
    text += clean_line(f"|{hit.snippet[at:]}")[1:].rstrip()
    when = date_text(hit.created_at, "%Y-%m-%d")
    head = f"{short_id(hit.conversation_id)}  {when}  {shown_title(hit.title)}"
    head = fitted(head, width()) if lit else head
    rows = wrap(text, width() - len(_INDENT)) if lit else [(0, len(text))]
    return "\n".join(
        [head, *(_INDENT + _marked(text, marks if lit and knows_sequences() else [], row).strip() for row in rows)]
    )


def _marked(text: str, marks: Sequence[tuple[int, int]], row: tuple[int, int]) -> str:
    """One row of it, the hits in it lit."""
    at, end = row
    said = ""
    for mark_begin, mark_end in marks:
        if (load_context := max(mark_begin, at)) < (stop := min(mark_end, end)):
            said += f"{text[at:load_context]}{_LIT}{text[load_context:stop]}{_PLAIN}"
            at = stop
    return said + text[at:end]


def rename(ctx: Context, beginning: str, title: str) -> None:
    """A title of the user's own."""
    if not (title := title.strip()):
        raise typer.BadParameter("a title wants to say something")

    async def name(store: Store) -> str:
        conversation_id = await store.resolve(beginning)
        await store.rename(conversation_id, title)
        return conversation_id

    print_out(f"{short_id(with_store(ctx, name))}  {clean_line(title)}")


def restore(ctx: Context, beginning: str | None) -> None:
    """One out of the trash, or a look into it."""

    async def back(store: Store) -> Conversation:
        found = await store.conversation(await store.resolve(str(beginning)))
        await store.restore(found.id)
        return found

    if beginning is None:
        found = with_store(ctx, lambda store: store.summaries(limit=1000, deleted=True))
        print_out("\n".join(map(_in_trash, found)) or "The trash is empty.")
        return
    restored = with_store(ctx, back)
    how = "was not in the trash" if restored.deleted_at is None else "is back"
    print_out(f"“{shown_title(restored.title)}” {how}.")


def _in_trash(summary: ConversationSummary) -> str:
    since = "" if summary.deleted_at is None else date_text(summary.deleted_at, "%Y-%m-%d")
    return f"{short_id(summary.id)}  deleted {since}  {shown_title(summary.title)}"


def fork(ctx: Context, beginning: str, turn: str | None) -> None:
    """A new conversation from the path to a turn."""

    async def forked() -> Conversation:
        program = await assemble(ctx.settings, demo=ctx.demo)
        try:
            source = await program.store.conversation(await program.store.resolve(beginning))
            place = next((one.id for one in source.turns if turn and one.id.startswith(turn)), turn) or source.head
            return await program.service.fork(source.id, str(place))
        finally:
            await program.aclose()

    print_out(asyncio.run(forked()).id)


def backup(ctx: Context, file: Path) -> None:
    """A copy of the database."""
    target = file.expanduser().absolute()
    try:
        why = "" if target.parent.is_dir() else "there is no such folder"
        why = "it is there already" if target.exists() else why
    except OSError as error:
        why = error.strerror or str(error)
    if why:
        raise FormatError(f"{file}: {why}", detail="unwritable")
    with_store(ctx, lambda store: store.backup(target))
    print_out(f"{clean_line(str(file))}: {target.stat().st_size / 1e6:,.1f} MB")


def stats(ctx: Context, *, as_json: bool) -> None:
    """How much there is."""
    as_dict = asdict(with_store(ctx, lambda store: store.stats()))
    if as_json:
        print_json(json.dumps(as_dict, indent=2, default=str))
    else:
        width = max(map(len, as_dict))
        print_out("\n".join(f"{name.replace('_', ' '):<{width}}  {_plain(value)}" for name, value in as_dict.items()))


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return date_text(value, "%Y-%m-%d %H:%M")
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)

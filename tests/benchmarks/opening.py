"""A conversation of ten thousand turns: opening it, going up a page, and the memory it takes."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path

from tests.benchmarks.emulator import Screen
from tests.benchmarks.replay import first_frame
from tests.benchmarks.reply import mark, text
from tests.benchmarks.scenarios import Figures, Scale
from tests.benchmarks.session import Session
from tests.benchmarks.subjects import product
from tests.benchmarks.subjects.subject import Subject
from tests.benchmarks.terminal import COLUMNS, LINES, Broken
from tui_chat.core.conversation import Conversation
from tui_chat.core.part import TextPart
from tui_chat.core.turn import Role, Turn, TurnStatus
from tui_chat.storage.store import Store

_MODEL = "anthropic/claude-sonnet-4-5"
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_FIRST_MARK, _LAST_MARK = 200_000, 199_999
"""Marks a model server never comes to."""


def _turns(amount: int, name: str) -> Iterator[Turn]:
    sections = text(count(_FIRST_MARK))
    for number in range(amount):
        asks = number % 2 == 0
        content = f"Question {number}: what comes next?" if asks else "".join(islice(sections, 1 + number % 3))
        yield Turn(
            id=f"{name}-{number}",
            parent_id=f"{name}-{number - 1}" if number else None,
            role=Role.USER if asks else Role.ASSISTANT,
            parts=(TextPart(content),),
            status=TurnStatus.COMPLETE,
            created_at=_BEGAN + timedelta(seconds=number),
            model="" if asks else _MODEL,
        )


def conversation(turns: int, name: str) -> Conversation:
    """A conversation of that many turns, in one branch."""
    all_turns = tuple(_turns(turns, name))
    ended = all_turns[-1].created_at
    all_turns = (
        *all_turns[:-1],
        replace(all_turns[-1], parts=(TextPart(f"{all_turns[-1].text}The end {mark(_LAST_MARK)}"),)),
    )
    return Conversation(
        name, _BEGAN, ended, title=f"The {name} one", model=_MODEL, turns=all_turns, head=all_turns[-1].id
    )


def store(folder: Path, conversations: list[Conversation]) -> None:
    """Make a database of them; the last is the one last used."""

    async def write() -> None:
        place = await Store.open(folder / "conversations.db")
        try:
            for one in conversations:
                await place.create(one)
        finally:
            await place.aclose()

    asyncio.run(write())


def _shows_end(rows: Sequence[str]) -> bool:
    """Whether the conversation is there to its end, and the list with its preview is gone."""
    there = "\n".join(rows)
    return mark(_LAST_MARK) in there and product.LIST_WORDS not in there


def open_long(subject: Subject, scale: Scale) -> Figures:
    """Open it from the list of conversations; only the product has one."""
    if subject.name != "product":
        return {}
    long, short = conversation(scale.turns, "long"), conversation(2, "short")
    last = mark(_LAST_MARK)
    with Session(subject, lambda folder: store(folder, [short])) as session:
        product.open_first(session.terminal)
        session.terminal.rest(2)
        empty_mb = session.terminal.memory_mb()
    with Session(subject, lambda folder: store(folder, [short, long])) as session:
        opened = product.open_first(session.terminal)
        session.terminal.until_shown(last, opened, 60, silent_s=20)
        session.terminal.rest(2)
        paged = session.terminal.type(product.PAGE_UP)
        session.terminal.rest(2)
        full_mb = session.terminal.memory_mb()
    figures = {"memory over an empty one": full_mb - empty_mb}
    drawn = first_frame(session.terminal.chunks, opened, Screen(COLUMNS, LINES), _shows_end)
    if drawn is None:
        raise Broken(f"its end was never shown: {session.terminal.last_words()}")
    figures["opening 10,000 turns: key → end drawn"] = (drawn - opened) / 1e6
    if (page := session.seen.first_new(paged)) is None:
        raise Broken(f"a page up was never shown: {session.terminal.last_words()}", figures)
    return {**figures, "one page up there": (page - paged) / 1e6}

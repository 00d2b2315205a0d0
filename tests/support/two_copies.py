"""One of several copies of the program on one database:
`python -m tests.support.two_copies FOLDER NAME SEED SECONDS`.

It works at random and reports on a line of JSON each what the store kept, and at its end what it met with.
"""

import asyncio
import json
import sys
import time
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from tui_chat.core.conversation import Conversation
from tui_chat.core.error import ChatError, NotFound, ReplyInFlight, StorageError
from tui_chat.settings.load import load_settings
from tui_chat.ui.chat.external_changes import CHECK_EVERY_S, ExternalChanges
from tui_chat.wiring import Program, assemble

SHARED = "shared"
PROMPTS = ("code", "table", "long 150", "unicode", "thinking", "what is EAGAIN?", "long 40")
_PAUSE_S = 0.15
_SEEN_AGAIN_S = 0.05
_MOST_AT_ONCE = 3


def beacon(name: str) -> str:
    """The conversation whose title shows when a copy renamed it last."""
    return f"beacon-{name}"


def crc(text: str) -> int:
    """What stands for a text in a line."""
    return zlib.crc32(text.encode())


def report(**facts: Any) -> None:
    """A line for the program that started this copy."""
    print(json.dumps(facts), flush=True)


@dataclass
class Met:
    """What this copy met with."""

    sent: int = 0
    refused: int = 0
    """Prompts in a conversation in which the other copy was being answered."""
    changed: int = 0
    searched: int = 0
    complaints: list[str] = field(default_factory=list)
    """Errors that a user would have read."""
    lags_s: list[float] = field(default_factory=list)
    """From the other copy's last change to the moment when it was known here, looked for as the screen does."""
    slowest_s: float = 0.0
    """The longest that one step of the store took."""


class Copy:
    """A program without a screen, and its user."""

    def __init__(self, program: Program, name: str, seed: int) -> None:
        self._program = program
        self._store, self._service = program.store, program.service
        self._name = name
        self._draw = Random(seed)
        self._sending: set[asyncio.Task[None]] = set()
        self.met = Met()
        self._service.save_queue.watch(lambda error: self.met.complaints.append(str(error)) if error else None)

    async def work(self, others: Sequence[str], for_s: float) -> None:
        """Do one thing after the other until the time is over, and see what the others do."""
        until_s = time.monotonic() + for_s
        watchers = [asyncio.create_task(self._watch(other, until_s)) for other in others]
        while time.monotonic() < until_s:
            await self._one_thing()
            await asyncio.sleep(self._draw.random() * _PAUSE_S)
        await asyncio.gather(*watchers, *self._sending)

    async def _one_thing(self) -> None:
        sends = (self._begin, self._go_on, self._go_on, self._in_shared, self._in_shared)
        try:
            await self._draw.choice((*sends, self._order, self._order, self._look, self._report))()
        except (ReplyInFlight, NotFound):
            self.met.refused += 1
        except ChatError as error:
            self.met.complaints.append(repr(error))

    async def _begin(self) -> None:
        await self._send(self._program.new_conversation())

    async def _go_on(self) -> None:
        await self._send(await self._service.open(await self._any()))

    async def _in_shared(self) -> None:
        await self._send(await self._service.open(SHARED))

    async def _send(self, conversation: Conversation) -> None:
        if len(self._sending) >= _MOST_AT_ONCE or self._service.reply_in(conversation.id) is not None:
            return
        async with self._timed():
            reply = await self._service.send(
                conversation, f"{self._draw.choice(PROMPTS)} {self._name}{self.met.sent}"
            )
        self.met.sent += 1
        if self._draw.random() < 0.2:
            asyncio.get_running_loop().call_later(self._draw.random() / 10, reply.cancel)

        async def settled() -> None:
            ended = await reply.wait()
            if ended.error or ended.save_error:
                self.met.complaints.append(repr(ended.error or ended.save_error))
            kept = (
                reply.conversation_id,
                ended.turn.id,
                ended.turn.parent_id,
                ended.turn.status,
                crc(ended.turn.text),
            )
            report(kept=kept)

        task = asyncio.create_task(settled())
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def _order(self) -> None:
        """Rename, archive, delete or have back, whosever conversation it is."""
        of = await self._any(deleted=self._draw.random() < 0.3)
        change = self._draw.choice(("rename", "delete", "restore", "archive", "unarchive"))
        async with self._timed():
            if change == "rename":
                await self._store.rename(of, f"{self._name} {self._draw.randrange(1000)}")
            else:
                await getattr(self._store, change)(of)
        self.met.changed += 1

    async def _look(self) -> None:
        async with self._timed():
            await self._store.search(self._draw.choice(("rate limiter", '"EAGAIN"', "unicode role:user", "表")))
            await self._store.summaries()
        self.met.searched += 1

    async def _report(self) -> None:
        async with self._timed():
            await self._store.rename(beacon(self._name), str(time.time()))

    async def _any(self, *, deleted: bool = False) -> str:
        found = [one.id for one in await self._store.summaries(deleted=deleted) if not one.id.startswith("beacon")]
        return self._draw.choice(found) if found else SHARED

    async def _watch(self, other: str, until_s: float) -> None:
        """Look after the other's beacon as a screen looks after what it shows."""
        looks = ExternalChanges(self._store)
        await looks.check_for_changes(beacon(other))
        while time.monotonic() < until_s:
            await asyncio.sleep(CHECK_EVERY_S)
            if await looks.check_for_changes(beacon(other)):
                changed_s = float((await self._store.conversation(beacon(other))).title)
                self.met.lags_s.append(time.time() - changed_s)

    @asynccontextmanager
    async def _timed(self) -> AsyncIterator[None]:
        began_s = time.monotonic()
        yield
        self.met.slowest_s = max(self.met.slowest_s, time.monotonic() - began_s)


async def run(folder: Path, name: str, seed: int, for_s: float) -> None:
    """Work, and report how it went."""
    settings = load_settings(environ={})._replace(data_dir=folder)
    program = await assemble(settings, demo=True)
    others = [other for other in ("a", "b") if other != name]
    for one in (SHARED, beacon(name)):
        with suppress(StorageError):  # the other copy was first
            await program.store.create(replace(program.new_conversation(), id=one, title="0"))
    for other in others:
        while not await _is_there(program, beacon(other)):
            await asyncio.sleep(_SEEN_AGAIN_S)
    copy = Copy(program, name, seed)
    await copy.work(others, for_s)
    await program.aclose()
    met = copy.met
    report(
        sent=met.sent,
        refused=met.refused,
        changed=met.changed,
        searched=met.searched,
        complaints=met.complaints,
        seen=len(met.lags_s),
        longest_lag_s=round(max(met.lags_s, default=0.0), 3),
        slowest_s=round(met.slowest_s, 3),
    )


async def _is_there(program: Program, conversation_id: str) -> bool:
    try:
        await program.store.conversation(conversation_id)
    except NotFound:
        return False
    return True


if __name__ == "__main__":
    _, where, called, number, seconds = sys.argv
    asyncio.run(run(Path(where), called, int(number), float(seconds)))

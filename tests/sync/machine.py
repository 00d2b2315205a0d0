"""Machines, a hub and every fault, on the real storage: what is at the end the same everywhere, and what is lost.

A schedule is a seed. Machines are databases in memory; nothing here waits, so a cycle runs to its end or to its cut.
"""

import random
import sqlite3
from collections.abc import Callable, Coroutine, Iterable
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from itertools import count
from typing import Any, TypeVar

from tests.storage.make import HERE, PRICE, conversation, live, prompt, reply, side_request
from tests.sync.fake_hub import FakeHub, FakeSeal
from tui_chat.core.conversation import Options, TitleSource
from tui_chat.core.error import ReplyInFlight
from tui_chat.core.event import TextDelta
from tui_chat.core.part import AttachmentPart, TextPart
from tui_chat.core.replica import Arrival, Kind, SealedRecord, not_purged
from tui_chat.core.turn import Turn, TurnStatus
from tui_chat.core.usage import Cost, Usage
from tui_chat.storage import (
    conversation_writes,
    incoming,
    labels,
    live_replies,
    maintenance,
    marks,
    outbox,
    purge,
    search_index,
    sync_state,
    turn_rows,
)
from tui_chat.storage.connection import connect, write_transaction
from tui_chat.storage.hidden import HIDDEN
from tui_chat.storage.process_owner import CurrentProcess
from tui_chat.storage.replica_store import ReplicaStore
from tui_chat.storage.schema import MIGRATIONS, migrate
from tui_chat.sync.exchange import Exchange
from tui_chat.sync.protocol import Hub, Mark, Pushed, Seal, SealedPage
from tui_chat.sync.wire import unpack

T = TypeVar("T")
START = datetime(2025, 6, 1, tzinfo=UTC)
TEN_YEARS = timedelta(days=3650)
FOREVER = datetime(2200, 1, 1, tzinfo=UTC)


class Cut(Exception):
    """The machine is killed, or its connection."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never has to wait."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    raise AssertionError("it waits")


@cache
def _empty() -> bytes:
    with closing(connect(None)) as db:
        migrate(db, MIGRATIONS)
        write_transaction(db, search_index.build_if_missing)
        return db.serialize()


class Device:
    """A machine with its database."""

    def __init__(self, device: bytes, rng: random.Random, image: bytes | None = None) -> None:
        self.rng = rng
        self.db = connect(None)
        self.db.deserialize(image or _empty())
        self.db.execute("PRAGMA foreign_keys = ON")
        self.offset = rng.choice((timedelta(0), TEN_YEARS, -TEN_YEARS))
        self.ticks = count()
        if image is None:
            self.do(partial(sync_state.start, space="space", device=device))

    @property
    def process(self) -> CurrentProcess:
        return CurrentProcess(HERE, START + self.offset + timedelta(seconds=next(self.ticks)))

    def do(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run a job in a transaction."""
        return write_transaction(self.db, job)

    async def job(self, job: Callable[[sqlite3.Connection], T], /) -> T:
        return self.do(job)

    @property
    def image(self) -> bytes:
        return self.db.serialize()

    def rows(self, select: str, *values: object) -> list[Any]:
        return self.db.execute(select, values).fetchall()

    @property
    def ids(self) -> list[str]:
        return [row[0] for row in self.rows(f"SELECT id FROM conversation WHERE seq NOT IN ({HIDDEN}) ORDER BY id")]

    def turns(self, conversation_id: str, *, live: bool = False) -> list[str]:
        return [
            row[0]
            for row in self.rows(
                "SELECT turn.id FROM turn JOIN conversation ON conversation.seq = turn.conversation"
                f" WHERE conversation.id = ? AND owner IS {'NOT ' if live else ''}NULL ORDER BY turn.id",
                conversation_id,
            )
        ]

    def turn(self, conversation_id: str, turn_id: str) -> Turn:
        seq = turn_rows.turn_seq_of(self.db, turn_rows.seq_of(self.db, conversation_id), turn_id)
        return turn_rows.read_turn(self.db, seq)

    def canonical(self) -> dict[str, Any]:
        """Return what must be the same on every machine."""
        found = {}
        for seq, conversation_id, *columns in self.rows(
            "SELECT seq, id, created_at, origin_conversation, title, title_source, model, system, options,"
            " archived_at, deleted_at, (SELECT turn.id FROM turn, stamp WHERE turn.seq = head"
            " AND stamp.conversation = conversation.id AND kind = 3 AND name = 'head') FROM conversation"
            " WHERE kept_here = 0"
        ):
            files = self.rows(
                "SELECT turn.id, sha256, bytes FROM attachment JOIN turn ON turn.seq = turn"
                " JOIN blob ON blob.seq = blob WHERE conversation = ? ORDER BY 1, 2",
                seq,
            )
            found[conversation_id] = (
                list(turn_rows.read_turns(self.db, seq).values()),
                columns,
                sorted(request.id for request in turn_rows.read_side_requests(self.db, seq)),
                files,
                (labels.labels(self.db, conversation_id).pinned, *sorted(marks.names(self.db, conversation_id))),
            )
        return found


class FaultyReplica(ReplicaStore):
    """The replica of a device, with transactions of any size, killed between any two of them."""

    def __init__(self, device: Device, cut: Callable[[], None]) -> None:
        super().__init__(device.job, device.job, lambda: device.process)
        self._device = device
        self._cut = cut

    async def incoming(self, arrivals: Any, mark: tuple[int, str] | None) -> incoming.Applied:
        self._cut()
        budget_s = self._device.rng.choice((0, 0, 10))
        return self._device.do(lambda db: incoming.apply(db, arrivals, mark, self._device.process, budget_s))

    async def outgoing(self, after: outbox.Place | None, *, purges: bool, most_bytes: int) -> outbox.Batch | None:
        self._cut()
        size = self._device.rng.choice((1, 2_000, most_bytes))
        return self._device.do(lambda db: outbox.take(db, after, purges=purges, most_bytes=size, budget_s=10))

    async def share_some(self) -> bool:
        self._cut()
        return self._device.do(lambda db: sync_state.share_some(db, self._device.rng.choice((0, 10))))

    async def sent(self, receipt: outbox.Receipt) -> None:
        self._cut()
        await super().sent(receipt)

    async def delete_purged(self) -> bool:
        self._cut()
        if not self._device.do(purge.is_pending):
            return False
        return self._device.do(
            lambda db: purge.delete_some(db, self._device.process.now, self._device.rng.choice((-1, 10)))
        )


class FaultyHub:
    """The hub behind a bad connection: small pages, repeated records, lost answers, and others at work meanwhile."""

    def __init__(self, hub: Hub, rng: random.Random, cut: Callable[[], None], meanwhile: Callable[[], None]) -> None:
        self._hub, self._rng, self._cut, self._meanwhile = hub, rng, cut, meanwhile
        self._faults = cut is not no_cut
        self.on_push: Callable[[Iterable[SealedRecord], Pushed], None] = lambda records, answer: None

    async def pull(self, since: int, mark: Mark | None, most: int, most_bytes: int) -> SealedPage:
        self._cut()
        page = await self._hub.pull(since, mark, self._rng.choice((1, 2, 3, 50)), most_bytes)
        if not page.records:
            self._meanwhile()
        if self._faults and page.records and self._rng.random() < 0.1:
            return SealedPage((*page.records, page.records[0]), page.mark)
        return page

    async def push(self, records: Any, seen: int) -> Pushed:
        self._cut()
        answer = await self._hub.push(records, seen)
        self.on_push(records, answer)
        self._meanwhile()
        self._cut()
        return answer


def no_cut() -> None:
    """No fault."""


class World:
    """All machines and their hub, and what was written on them."""

    def __init__(
        self, seed: int, hub: Callable[[random.Random], Hub] = FakeHub, *, restore: bool | None = None
    ) -> None:
        self.rng = random.Random(seed)
        self.numbers = count()
        self.hub = hub(self.rng)
        self.seal: Seal = FakeSeal()
        self.restores = self.rng.random() < 0.3 if restore is None else restore
        self.devices = [self.new_device() for _ in range(self.rng.choice((2, 3)))]
        self.written: dict[str, str] = {}
        self.kept: set[str] = set()
        self.purged: set[str] = set()
        self.snapshots: dict[int, Any] = {}
        self.busy = False
        self.outcome: dict[str, Any] = {}
        """What all machines have at the end."""

    def new_device(self) -> Device:
        return Device(self.rng.randbytes(8), self.rng)

    def name(self, prefix: str) -> str:
        return f"{prefix}{next(self.numbers)}"

    # What the program does

    def create(self, device: Device) -> str:
        new = conversation(self.name("c"), title=self.rng.choice(("", "a title")), kept_here=self.rng.random() < 0.1)
        device.do(lambda db: conversation_writes.create(db, new, device.process))
        if new.kept_here:
            self.kept.add(new.id)
        return new.id

    def write(self, device: Device, conversation_id: str, *, begin: bool = False) -> None:
        """Send a prompt, with or without a reply that streams."""
        parent = self.rng.choice([None, *device.turns(conversation_id)])
        asked = prompt(self.name("t"), parent, text=self.name("text "))
        if self.rng.random() < 0.2:
            data = self.rng.choice((b"small", b"other", b"x" * 700_000 + bytes([self.rng.randrange(3)])))
            asked = replace(asked, parts=(AttachmentPart("f.txt", "text/plain", data), *asked.parts))
        turns = [asked]
        if begin:
            turns.append(live(self.name("t"), asked.id))
        with suppress(ReplyInFlight):
            device.do(
                lambda db: conversation_writes.append(
                    db, conversation_id, turns, device.process, head=turns[-1].id, title="from the prompt"
                )
            )
            self.written[asked.id] = conversation_id

    def finish(self, device: Device, conversation_id: str) -> None:
        streaming = device.turns(conversation_id, live=True)
        if not streaming:
            return
        turn_id = streaming[0]
        ended = replace(device.turn(conversation_id, turn_id), status=TurnStatus.COMPLETE)
        ended = replace(ended, parts=(TextPart(self.name("reply ")),))
        delta = TextDelta("piece")
        device.do(lambda db: live_replies.checkpoint(db, turn_id, [delta], device.process.now))
        device.do(lambda db: conversation_writes.finish(db, ended, device.process))
        self.written[turn_id] = conversation_id

    def restart(self, device: Device) -> None:
        """End what streamed when the program died."""
        process = CurrentProcess(replace(HERE, pid=2**22 + 1, started="later"), device.process.now)
        for turn in device.do(lambda db: conversation_writes.end_dead(db, process)):
            self.written.setdefault(turn, "")

    def amend(self, device: Device, conversation_id: str) -> None:
        turns = device.turns(conversation_id)
        if turns:
            turn = device.turn(conversation_id, self.rng.choice(turns))
            cost = Cost(Decimal(next(self.numbers)), price=PRICE)
            amended = replace(turn, usage=Usage(input_tokens=next(self.numbers)), cost=cost)
            device.do(lambda db: conversation_writes.finish(db, amended, device.process))

    def change(self, device: Device, conversation_id: str, what: str) -> None:
        """Change a field."""
        value, moment = self.name(what), device.process.now.isoformat()
        jobs: dict[str, Callable[[sqlite3.Connection], object]] = {
            "pin": lambda db: labels.set_labels(
                db, conversation_id, labels.labels(db, conversation_id)._replace(pinned=self.rng.random() < 0.5)
            ),
            "tag": lambda db: labels.set_labels(
                db,
                conversation_id,
                labels.labels(db, conversation_id)._replace(
                    tags=tuple(self.rng.sample("abc", self.rng.randrange(4)))
                ),
            ),
            "leave_out": lambda db: conversation_writes.leave_out(
                db,
                conversation_id,
                [turn for turn in device.turns(conversation_id) if self.rng.random() < 0.3],
                self.rng.random() < 0.7,
                device.process.now,
            ),
            "rename": lambda db: conversation_writes.rename(
                db, conversation_id, value, self.rng.choice(list(TitleSource))
            ),
            "model": lambda db: conversation_writes.set_column(db, conversation_id, "model", value),
            "system": lambda db: conversation_writes.set_column(db, conversation_id, "system", value),
            "options": lambda db: conversation_writes.set_options(
                db, conversation_id, Options(max_tokens=self.rng.randrange(3) or None)
            ),
            "archive": lambda db: conversation_writes.set_column(db, conversation_id, "archived_at", moment),
            "unarchive": lambda db: conversation_writes.set_column(db, conversation_id, "archived_at", None),
            "delete": lambda db: conversation_writes.set_column(db, conversation_id, "deleted_at", moment),
            "undelete": lambda db: conversation_writes.set_column(db, conversation_id, "deleted_at", None),
            "side_request": lambda db: conversation_writes.record_side_request(
                db, conversation_id, side_request(value, "0.1"), ""
            ),
            "head": lambda db: conversation_writes.set_head(
                db,
                conversation_id,
                self.rng.choice(device.turns(conversation_id) or [None]),  # type: ignore[list-item]
            ),
        }
        device.do(jobs[what])

    def save(self, device: Device, conversation_id: str) -> None:
        """Store the whole conversation again, as an import does."""
        whole = conversation_writes.load(device.db, conversation_id, device.process)
        if not device.turns(conversation_id, live=True):
            again = replace(whole, turns=(*whole.turns, reply(self.name("t"), None, self.name("saved "))))
            device.do(lambda db: conversation_writes.save(db, again, device.process))
            self.written[again.turns[-1].id] = conversation_id

    def purge(self, device: Device) -> None:
        before = {conversation_id: device.turns(conversation_id) for conversation_id in device.ids}
        after: int | None = 0
        while after is not None:
            _, after = device.do(lambda db, start=after: purge.hide_trash(db, FOREVER, start, 10))  # type: ignore[misc]
        for _ in range(self.rng.randrange(3)):  # and it is killed
            device.do(lambda db: purge.delete_some(db, device.process.now, -1))
        for conversation_id in set(before) - set(device.ids):
            self.purged |= set(before[conversation_id])

    # Sync

    def cycle(self, device: Device, *, faults: bool = False, meanwhile: Callable[[], None] = no_cut) -> bool:
        """Run a cycle; return whether it came to its end."""

        def cut() -> None:
            if self.rng.random() < 0.06:
                raise Cut

        chosen = cut if faults else no_cut
        hub = FaultyHub(self.hub, self.rng, chosen, meanwhile)
        hub.on_push = partial(self._note_purges, device)
        try:
            run(Exchange(FaultyReplica(device, chosen), hub, self.seal).cycle())
        except Cut:
            return False
        return True

    def _note_purges(self, device: Device, records: Iterable[SealedRecord], answer: Pushed) -> None:
        for record in records:
            if record.kind == Kind.GONE and record.key not in answer.refused:
                opened: Arrival = unpack(record, self.seal)
                assert opened.record is not None
                turns = device.turns(opened.record.key.conversation)
                self.purged |= set(turns) - not_purged(turns, opened.record.body)

    def meanwhile(self, device: Device) -> None:
        """Let other machines sync, and the user of this one go on, between two steps of a cycle."""
        if self.busy or self.rng.random() < 0.6:
            return
        self.busy = True
        for other in list(self.devices):
            if other is not device and self.rng.random() < 0.5:
                for conversation_id in other.ids[:2]:
                    if self.rng.random() < 0.4:
                        self.write(other, conversation_id)
                self.cycle(other)
                if not self.restores and not other.rows("SELECT 1 FROM outbox") and self.rng.random() < 0.2:
                    self.lose(other)
        for conversation_id in device.ids[:2]:
            if self.rng.random() < 0.5:
                self.change(device, conversation_id, self.rng.choice(("model", "rename")))
            if self.rng.random() < 0.3:
                self.write(device, conversation_id)
        self.busy = False

    def lose(self, device: Device) -> None:
        """Destroy a machine: only what it had not sent may be lost."""
        for conversation_id in device.ids:
            unsent = device.turns(conversation_id)
            if conversation_id not in self.kept:
                select = "SELECT name FROM outbox WHERE kind = 1 AND conversation = ?"
                unsent = [name for (name,) in device.rows(select, conversation_id)]
            for turn in unsent:
                if not any(turn in o.turns(c) for o in self.devices if o is not device for c in o.ids):
                    self.written.pop(turn, None)
        self.devices[self.devices.index(device)] = self.new_device()

    # Schedules

    def step(self) -> None:
        device = self.rng.choice(self.devices)
        act = self.rng.choice(_ACTS)
        if act == "create":
            self.create(device)
        elif act == "sync":
            self.cycle(device, faults=True, meanwhile=partial(self.meanwhile, device))
        elif act in ("lose", "clone", "snap", "restore", "recover", "hubsnap", "hubback"):
            self._disaster(device, act)
        elif act == "restart":
            self.restart(device)
        elif act == "purge":
            self.purge(device)
        elif device.ids:
            self._work(device, self.rng.choice(device.ids), act)

    def _work(self, device: Device, conversation_id: str, act: str) -> None:
        if act in ("write", "begin"):
            self.write(device, conversation_id, begin=act == "begin")
        elif act == "finish":
            self.finish(device, conversation_id)
        elif act == "amend":
            self.amend(device, conversation_id)
        elif act == "save":
            self.save(device, conversation_id)
        else:
            self.change(device, conversation_id, act)

    def _disaster(self, device: Device, act: str) -> None:
        at = self.devices.index(device)
        if act == "lose" and not self.restores and self.rng.random() < 0.3:
            self.lose(device)
        elif not self.restores:
            return
        elif act == "clone" and len(self.devices) < 4:  # and no one notices: two machines of one name
            self.devices.append(Device(b"", self.rng, device.image))
        elif act == "snap":
            self.snapshots[at] = device.image
        elif act == "restore" and at in self.snapshots:
            old = self.devices[at] = Device(b"", self.rng, self.snapshots[at])
            if self.rng.random() < 0.7:  # sometimes no one notices
                old.do(partial(sync_state.rename_device, device=self.rng.randbytes(8)))
        elif act == "recover":  # what a damaged file is replaced by has no stamps
            if self.rng.random() < 0.5:
                device.do(lambda db: db.execute("DELETE FROM authored WHERE turn % 2"))
            device.do(partial(sync_state.start, space="space", device=self.rng.randbytes(8)))
        elif act == "hubsnap" and isinstance(self.hub, FakeHub):
            self.snapshots[-1] = (dict(self.hub.records), self.hub.last, dict(self.hub.marks))
        elif act == "hubback" and -1 in self.snapshots and self.rng.random() < 0.5:
            assert isinstance(self.hub, FakeHub)
            records, last, marks = self.snapshots[-1]
            self.hub.records, self.hub.last, self.hub.marks = dict(records), last, dict(marks)

    def settle(self) -> None:
        """End every reply, and let every machine sync until nothing moves."""
        for _ in range(12):
            for device in self.devices:
                for conversation_id in device.ids:
                    while device.turns(conversation_id, live=True):
                        self.finish(device, conversation_id)
            for device in self.devices:
                self.cycle(device)

    def check(self) -> None:
        """Check that all is the same everywhere, sound, and that nothing is lost."""
        first = self.outcome = self.devices[0].canonical()
        for device in self.devices:
            assert not device.rows("SELECT * FROM outbox")
            assert not device.rows("SELECT * FROM waiting")
            assert not device.rows("SELECT * FROM unread")
            assert not _differences(first, device.canonical())
            assert not device.rows("SELECT id FROM conversation JOIN gone ON id = gone.conversation")
            report = maintenance.check(device.db)
            assert report.is_healthy, report
            assert not device.rows("SELECT id FROM conversation WHERE id LIKE 'purged:%'")
            assert not device.do(purge.is_pending)
        everywhere = {turn.id for turns, *_ in first.values() for turn in turns}
        assert not everywhere & {turn for turn, where in self.written.items() if where in self.kept}
        if not self.restores:
            here = everywhere | {
                turn for device in self.devices for kept in device.ids for turn in device.turns(kept)
            }
            lost = set(self.written) - here - self.purged
            assert not lost
        if isinstance(self.hub, FakeHub):
            for sealed in self.hub.records.values():
                opened = unpack(sealed, self.seal)
                assert opened.record is not None and opened.record.key.conversation not in self.kept

    def close(self) -> None:
        for device in self.devices:
            device.db.close()


def _differences(one: dict[str, Any], other: dict[str, Any]) -> list[object]:
    found: list[object] = [sorted(set(one) ^ set(other))] if set(one) != set(other) else []
    for conversation_id in sorted(set(one) & set(other)):
        for here, there in zip(one[conversation_id], other[conversation_id], strict=True):
            if here != there:
                found.append(
                    (conversation_id, [(a, b) for a, b in zip(here, there, strict=False) if a != b] or (here, there))
                )
    return found


_ACTS = (
    *(
        "create",
        "write",
        "write",
        "write",
        "begin",
        "finish",
        "amend",
        "rename",
        "model",
        "system",
        "options",
        "archive",
    ),
    *(
        "unarchive",
        "delete",
        "undelete",
        "purge",
        "head",
        "save",
        "side_request",
        "restart",
        "pin",
        "tag",
        "leave_out",
    ),
    *("sync", "sync", "sync", "sync", "lose", "snap", "restore", "recover", "clone", "hubsnap", "hubback"),
)


def play(seed: int, hub: Callable[[random.Random], Hub] = FakeHub) -> World:
    """Play the schedule of a seed to its end, and check the result."""
    world = World(seed, hub)
    try:
        for _ in range(world.rng.randrange(10, 90)):
            world.step()
        world.settle()
        world.check()
    finally:
        world.close()
    return world

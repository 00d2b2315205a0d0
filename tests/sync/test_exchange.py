"""A cycle between stores in files or memory and a hub: what is seen on another machine, and what never leaves."""

import random
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from tests.storage.make import NOON, conversation, live, priced, prompt, reply, side_request
from tests.sync.fake_hub import FakeHub, FakeSeal
from tui_chat.core.conversation import Options
from tui_chat.core.event import TextDelta
from tui_chat.core.part import AttachmentPart, TextPart
from tui_chat.core.replica import Arrival, Kind
from tui_chat.core.turn import TurnStatus
from tui_chat.storage import marks
from tui_chat.storage.incoming import Applied
from tui_chat.storage.labels import Labels
from tui_chat.storage.replica_store import ReplicaStore
from tui_chat.storage.store import Store
from tui_chat.sync.exchange import Exchange, NotSyncing, Outcome


class Machines:
    """Two stores and their hub."""

    def __init__(self, here: Store, there: Store) -> None:
        self.here, self.there = here, there
        self.hub, self.seal = FakeHub(random.Random(0)), FakeSeal()

    async def cycle(self, store: Store) -> Outcome:
        return await Exchange(store.replica, self.hub, self.seal).cycle()

    async def sync(self) -> Outcome:
        """Send from here, and read there."""
        await self.cycle(self.here)
        return await self.cycle(self.there)


@pytest.fixture
async def machines() -> AsyncIterator[Machines]:
    here, there = await Store.open(":memory:"), await Store.open(":memory:")
    await here.replica.start("space", b"here....")
    await there.replica.start("space", b"there...")
    yield Machines(here, there)
    await here.aclose()
    await there.aclose()


async def test_a_conversation_arrives_whole(machines: Machines) -> None:
    photo = AttachmentPart("shot.png", "image/png", b"\x89PNG" + random.Random(1).randbytes(1_300_000))
    asked = replace(prompt("u1"), parts=(photo, TextPart("What is this?")))
    turns = asked, priced(reply("a1", "u1"), "0.25"), prompt("u2", "a1"), reply("a2", "u2", status=TurnStatus.FAILED)
    sent = conversation("c1", *turns, options=Options(effort="high"), side_requests=(side_request("e1", "0.1"),))
    await machines.here.create(sent)
    await machines.here.archive("c1")
    outcome = await machines.sync()
    assert outcome.conversations == {"c1"}
    here, there = await machines.here.conversation("c1"), await machines.there.conversation("c1")
    assert replace(there, updated_at=here.updated_at) == here
    assert (await machines.there.blob(here.turn("u1").parts[0].sha256)) == photo.data  # type: ignore[union-attr]
    one, other = await machines.here.summary("c1"), await machines.there.summary("c1")
    assert replace(other, updated_at=one.updated_at) == one and (await machines.there.check()).is_healthy
    assert [hit.turn_id for hit in await machines.there.search("because")] == ["a2", "a1"]


async def test_what_was_there_before_the_machine_joined_is_sent_too() -> None:
    here, there = await Store.open(":memory:"), await Store.open(":memory:")
    await here.create(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await here.delete("c1")
    machines = Machines(here, there)
    with pytest.raises(NotSyncing):
        await machines.cycle(here)
    await here.replica.start("space", b"here....")
    await there.replica.start("space", b"there...")
    await machines.sync()
    assert (await there.conversation("c1")).deleted_at == (await here.conversation("c1")).deleted_at is not None
    await here.aclose()
    await there.aclose()


async def test_two_answers_to_one_prompt_are_siblings_in_the_same_order(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1")))
    await machines.sync()
    await machines.there.append("c1", [reply("theirs", "u1")], head="theirs")
    await machines.here.append("c1", [reply("ours", "u1")], head="ours")
    for store in (machines.there, machines.here, machines.there):
        await machines.cycle(store)
    here, there = await machines.here.conversation("c1"), await machines.there.conversation("c1")
    assert [turn.id for turn in here.children_of("u1")] == [turn.id for turn in there.children_of("u1")]
    assert len(here.children_of("u1")) == 2 and here.head == there.head


async def test_nothing_of_a_live_reply_leaves_before_its_end_but_its_prompt_does(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1"), live("a1", "u1")))
    await machines.here.checkpoint("a1", [TextDelta("half a thought")])
    await machines.sync()
    asked = await machines.there.conversation("c1")
    assert [turn.id for turn in asked.turns] == ["u1"] and asked.head == "u1"
    assert (await machines.here.conversation("c1")).head == "a1"
    await machines.cycle(machines.here)  # its own records come back and must not move its head
    assert (await machines.here.conversation("c1")).head == "a1"
    await machines.here.finish(reply("a1", "u1", "A whole thought."))
    await machines.sync()
    there = await machines.there.conversation("c1")
    assert there.turn("a1").text == "A whole thought." and there.head == "a1"


async def test_kept_here_conversations_never_leave(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1"), kept_here=True, title="Secret"))
    await machines.here.append("c1", [reply("a1", "u1")], head="a1")
    await machines.here.rename("c1", "Still secret")
    await machines.here.delete("c1")
    await machines.here.restore("c1")
    await machines.sync()
    assert not machines.hub.records and not await machines.there.count()
    assert (await machines.here.conversation("c1")).kept_here
    assert await machines.here.set_kept_here("c1", False)
    await machines.sync()
    assert (await machines.there.conversation("c1")).title == "Still secret"
    assert not await machines.here.set_kept_here("c1", True)


async def test_what_was_written_while_it_was_kept_here_is_in_its_order_when_it_is_shared(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1"), reply("a1", "u1")))
    for number in range(20):  # the clock of the machine runs ahead of the numbers of its turns
        await machines.here.rename("c1", f"Title {number}")
    await machines.here.set_kept_here("c1", True)
    await machines.here.append("c1", [prompt("u2", "a1")], head="u2")
    await machines.here.delete("c1")
    await machines.here.restore("c1")
    await machines.here.set_kept_here("c1", False)
    await machines.sync()
    await machines.cycle(machines.here)
    for store in (machines.here, machines.there):
        shown = await store.conversation("c1")
        assert ([turn.id for turn in shown.turns], shown.head) == (["u1", "a1", "u2"], "u2")
        assert shown.deleted_at is None and shown.title == "Title 19"


async def test_a_conversation_that_has_not_left_yet_can_still_be_kept_here(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1")))
    assert await machines.here.set_kept_here("c1", True)
    await machines.sync()
    assert not machines.hub.records


async def test_a_purge_waits_for_the_hub_and_then_destroys_everywhere(machines: Machines) -> None:
    data = b"secret bytes"
    asked = replace(prompt("u1"), parts=(AttachmentPart("a.txt", "text/plain", data), TextPart("What?")))
    await machines.here.create(conversation("c1", asked))
    await machines.sync()
    await machines.here.delete("c1")
    assert await machines.here.purge(NOON.replace(year=2200)) == 1
    assert await machines.here.purge(NOON.replace(year=2200)) == 0  # asked already
    assert await machines.here.count(deleted=True) == 1
    await machines.sync()
    for store in (machines.here, machines.there):
        assert await store.count() + await store.count(deleted=True) == 0
        assert (await store.stats()).files == 0
    (only,) = machines.hub.records.values()
    assert only.kind == Kind.GONE


async def test_an_import_of_a_purged_conversation_lives_under_a_new_id(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1")))
    await machines.sync()
    await machines.here.delete("c1")
    await machines.here.purge(NOON.replace(year=2200))
    await machines.sync()
    await machines.here.save(conversation("c1", prompt("u1"), title="Again"))
    await machines.sync()
    (here,) = await machines.here.summaries()
    (there,) = await machines.there.summaries()
    assert here.id == there.id != "c1" and there.title == "Again"


async def test_records_of_a_newer_version_are_kept_and_read_after_the_upgrade(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    await machines.here.create(conversation("c1", prompt("u1"), title="From the future"))
    await machines.cycle(machines.here)
    future = {key: replace(record, body=b"\x63" + record.body[1:]) for key, record in machines.hub.records.items()}
    machines.hub.records = dict(future)
    await machines.cycle(machines.there)
    state = await machines.there.replica.state()
    assert state is not None and state.unread == len(future) and not await machines.there.count()
    assert machines.hub.records == future  # nothing was rewritten
    monkeypatch.setattr("tui_chat.sync.wire.FORMAT", 99)
    await machines.cycle(machines.there)
    state = await machines.there.replica.state()
    assert state is not None and not state.unread
    assert (await machines.there.summary("c1")).title == "From the future"


async def test_pins_tags_and_left_out_turns_travel(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await machines.here.set_labels("c1", Labels(True, ("work", "db")))
    await machines.here.leave_out("c1", ["u1"], True)
    await machines.sync()
    here, there = await machines.here.conversation("c1"), await machines.there.conversation("c1")
    assert (there.pinned, there.tags, there.left_out) == (True, ("db", "work"), frozenset({"u1"}))
    assert there.left_out_at == here.left_out_at
    await machines.there.set_labels("c1", Labels(False, ("db",)))
    await machines.there.leave_out("c1", ["u1"], False)
    await machines.cycle(machines.there)
    await machines.cycle(machines.here)
    back = await machines.here.conversation("c1")
    assert (back.pinned, back.tags, back.left_out) == (False, ("db",), frozenset())
    state = await machines.here.replica.state()
    assert state is not None and not state.to_send  # what came in is no change


async def test_tags_set_on_two_machines_at_once_are_all_kept(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await machines.sync()
    await machines.here.set_labels("c1", Labels(False, ("here",)))
    await machines.there.set_labels("c1", Labels(True, ("there",)))
    await machines.here.leave_out("c1", ["u1"], True)
    await machines.there.leave_out("c1", ["a1"], True)
    for store in (machines.here, machines.there, machines.here):
        await machines.cycle(store)
    for store in (machines.here, machines.there):
        found = await store.conversation("c1")
        assert (found.pinned, {*found.tags}, found.left_out) == (True, {"here", "there"}, frozenset({"u1", "a1"}))


async def test_marks_from_before_sync_are_sent_and_those_of_kept_conversations_are_not() -> None:
    here, there = await Store.open(":memory:"), await Store.open(":memory:")
    machines = Machines(here, there)
    await here.create(conversation("c1", prompt("u1")))
    await here.set_labels("c1", Labels(True, ("work",)))
    await here.create(conversation("secret", prompt("u2"), kept_here=True))
    await here.replica.start("space", b"here....")
    await there.replica.start("space", b"there...")
    await here.set_labels("secret", Labels(True, ("hush",)))
    await machines.sync()
    assert await there.labels("c1") == Labels(True, ("work",))
    assert all(b"hush" not in record.body for record in machines.hub.records.values())
    await here.set_kept_here("secret", False)
    await machines.sync()
    assert await there.labels("secret") == Labels(True, ("hush",))
    await here.aclose()
    await there.aclose()


async def test_a_program_that_knows_no_tags_keeps_them_for_a_later_one(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    await machines.here.create(conversation("c1", prompt("u1"), title="Known"))
    await machines.here.set_labels("c1", Labels(True, ("work",)))
    await machines.cycle(machines.here)
    before = dict(machines.hub.records)
    with monkeypatch.context() as patch:
        patch.setattr(marks, "is_mark", lambda name: False)
        await machines.cycle(machines.there)
        state = await machines.there.replica.state()
        assert state is not None and state.unread == 2 and machines.hub.records == before
        assert (await machines.there.summary("c1")).title == "Known"
    await machines.cycle(machines.there)
    assert await machines.there.labels("c1") == Labels(True, ("work",))


async def test_damaged_mark_has_everything_read_and_sent_again(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1")))
    await machines.sync()
    await machines.here.create(conversation("c2", prompt("u2")))
    await machines.here.replica._write(lambda db: db.execute("UPDATE sync SET mark_id = 'no id'").close())
    await machines.sync()
    assert await machines.there.count() == 2
    position = await machines.here.replica.position()
    assert position is not None and position.mark is not None and position.cursor == machines.hub.last


async def test_nothing_is_purged_by_a_machine_that_cannot_read_all_records(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1")))
    await machines.sync()
    await machines.here.append("c1", [reply("a1", "u1")], head="a1")
    await machines.cycle(machines.here)
    newest = max(machines.hub.records.values(), key=lambda record: (record.kind == Kind.TURN, record.seq))
    machines.hub.records[newest.key] = replace(newest, body=b"\x63" + newest.body[1:])
    await machines.there.delete("c1")
    await machines.there.purge(NOON.replace(year=2200))
    await machines.cycle(machines.there)
    assert not any(record.kind == Kind.GONE for record in machines.hub.records.values())
    assert await machines.there.count() + await machines.there.count(deleted=True) == 1


async def test_altered_and_moved_records_are_refused_and_the_rest_goes_on(machines: Machines) -> None:
    for number in range(3):
        await machines.here.create(conversation(f"c{number}", prompt(f"u{number}"), title=f"Title {number}"))
    await machines.cycle(machines.here)
    births = [record for record in machines.hub.records.values() if record.kind == Kind.BIRTH]
    moved, restamped = births[0], births[1]
    machines.hub.records[moved.key] = replace(moved, body=births[2].body)
    machines.hub.records[restamped.key] = replace(restamped, counter=7)
    await machines.cycle(machines.there)
    state = await machines.there.replica.state()
    assert state is not None and state.unread == 2
    assert len(await machines.there.summaries()) == 1 and (await machines.there.check()).is_healthy


async def test_a_repair_sends_nothing_of_what_it_made_and_reads_the_right_values_again(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1"), reply("a1", "u1", "The right text.")))
    await machines.sync()
    await machines.there._write(lambda db: db.execute("UPDATE sync SET applying = 1"))
    await machines.there._write(lambda db: db.execute("UPDATE turn SET text = CAST(x'ff41' AS TEXT) WHERE id = 'a1'"))
    await machines.there._write(lambda db: db.execute("UPDATE sync SET applying = 0"))
    assert not (await machines.there.check()).is_healthy
    await machines.there.repair()
    await machines.cycle(machines.there)
    await machines.cycle(machines.here)
    for store in (machines.here, machines.there):
        assert (await store.conversation("c1")).turn("a1").text == "The right text."


async def test_a_replica_that_leaves_keeps_its_conversations(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1")))
    await machines.sync()
    await machines.there.replica.leave()
    await machines.there.append("c1", [reply("a1", "u1")], head="a1")
    assert await machines.there.replica.state() is None and await machines.there.count() == 1
    await machines.there.replica.start("space", b"again...")
    await machines.cycle(machines.there)
    await machines.cycle(machines.here)
    assert [turn.id for turn in (await machines.here.conversation("c1")).turns] == ["u1", "a1"]


async def test_holes_are_found_by_comparing_and_sent_again(machines: Machines) -> None:
    await machines.here.create(conversation("c1", prompt("u1"), reply("a1", "u1")))
    await machines.cycle(machines.here)
    held, after = await machines.here.replica.held()
    by_name = {machines.seal.name(key.kind, key.conversation, key.name): key for key, _ in held}
    assert after is None and set(by_name) == set(machines.hub.records)
    lost = next(key for key in by_name.values() if key.kind == Kind.TURN)
    del machines.hub.records[machines.seal.name(lost.kind, lost.conversation, lost.name)]
    await machines.here.replica.send_again([lost])
    await machines.sync()
    assert len((await machines.there.conversation("c1")).turns) == 2


class Timed(ReplicaStore):
    """Notes how long each transaction takes that applies records."""

    def __init__(self, store: Store) -> None:
        super().__init__(store._read, store._write, lambda: store._database.process)
        self.wall_s: list[float] = []
        self.cpu_s: list[float] = []

    async def incoming(self, arrivals: Sequence[Arrival], mark: tuple[int, str] | None) -> Applied:
        wall, cpu = time.monotonic(), time.process_time()
        applied = await super().incoming(arrivals, mark)
        self.wall_s.append(time.monotonic() - wall)
        self.cpu_s.append(time.process_time() - cpu)
        return applied


@pytest.mark.slow
async def test_applying_holds_the_database_for_at_most_40_ms_at_p99(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("replica")
    here, there = await Store.open(":memory:"), await Store.open(folder / "there" / "conversations.db")
    await here.replica.start("space", b"here....")
    await there.replica.start("space", b"there...")
    machines = Machines(here, there)
    words = random.Random(2)
    for number in range(60):
        turns = [prompt(f"u{number}-0", text="Why?")]
        for at in range(1, 60):
            text = " ".join(f"word{words.randrange(3000)}" for _ in range(120))
            make = reply if at % 2 else prompt
            turns.append(make(f"u{number}-{at}", turns[-1].id, text))
        await here.create(conversation(f"c{number}", *turns))
    await machines.cycle(here)
    replica = Timed(there)
    await Exchange(replica, machines.hub, machines.seal).cycle()
    wall, cpu = (statistics.quantiles(times, n=100) for times in (replica.wall_s, replica.cpu_s))
    p50, p99 = 1e3 * wall[49], 1e3 * wall[98]
    print(f"{len(replica.wall_s)} transactions, {3600 / sum(replica.wall_s):.0f} turns a second;", end=" ")
    print(f"p50, p99 {p50:.1f}, {p99:.1f} ms, of the processor {1e3 * cpu[49]:.1f}, {1e3 * cpu[98]:.1f} ms")
    # What other programs take from this one while the machine is busy does not count.
    assert len(replica.wall_s) > 20 and cpu[98] <= 0.04
    await here.aclose()
    await there.aclose()

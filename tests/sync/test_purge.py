"""A purge of a very long conversation on two machines: hidden at once, deleted in short transactions on both."""

from collections.abc import Mapping
from datetime import datetime

import pytest

from tests.storage.make import NOON, conversation, prompt
from tests.storage.test_purge import MOST_HELD_MS, held_ms, long_conversation
from tests.sync.test_exchange import Machines
from tui_chat.core.replica import Kind
from tui_chat.storage import outbox, purge
from tui_chat.storage.settle import finished_turns
from tui_chat.storage.store import Store
from tui_chat.sync.wire import unpack

FOREVER = datetime(2200, 1, 1, tzinfo=NOON.tzinfo)
TURNS = 10_000


async def two_machines() -> Machines:
    stores = []
    for name in (b"here....", b"there..."):
        store = await Store.open(":memory:")
        await store.replica.start("space", name)
        stores.append(store)
    return Machines(*stores)


async def close(machines: Machines) -> None:
    for store in (machines.here, machines.there):
        await store.aclose()


async def test_a_purge_elsewhere_hides_at_once_and_the_next_exchange_deletes_the_rest() -> None:
    machines = await two_machines()
    await machines.here.create(long_conversation("c1", 200))
    await machines.sync()
    await machines.here.delete("c1")
    await machines.here.purge(FOREVER)
    await machines.cycle(machines.here)
    gone = next(record for record in machines.hub.records.values() if record.kind == Kind.GONE)
    there = machines.there.replica
    state = await there.state()
    assert state is not None
    page = await machines.hub.pull(state.cursor, None, 1000, 10**6)
    assert page.records == (gone,)
    await there.incoming([unpack(gone, machines.seal)], None)  # and the process is killed
    assert await machines.there.count() + await machines.there.count(deleted=True) == 0
    assert not await machines.there.search("zanzibar") and (await machines.there.check()).is_healthy
    assert await machines.there._read(purge.is_pending)
    await machines.cycle(machines.there)
    assert not await machines.there._read(purge.is_pending)
    assert (await machines.there.stats()).files == 0
    await close(machines)


async def test_a_turn_added_during_the_deletion_lives_on_in_a_fork() -> None:
    machines = await two_machines()
    await machines.here.create(long_conversation("c1", 60))
    await machines.sync()
    await machines.there.append("c1", [prompt("late", "t59")], head="late")
    await machines.here.delete("c1")
    await machines.here.purge(FOREVER)
    await machines.cycle(machines.here)  # all is hidden and deleted here
    await machines.cycle(machines.there)
    await machines.cycle(machines.here)
    for store in (machines.here, machines.there):
        (row,) = await store.summaries()
        assert (await store.conversation(row.id)).has("late") and (await store.check()).is_healthy
    await close(machines)


async def test_sending_a_conversation_in_the_trash_reads_it_once_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    machines = await two_machines()
    await machines.here.create(conversation("c1", *(prompt(f"u{number}") for number in range(300))))
    await machines.here.delete("c1")
    reads = []

    def counted(*given: object) -> Mapping[str, str | None]:
        reads.append(given)
        return finished_turns(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(outbox, "finished_turns", counted)
    batch = await machines.here._write(lambda db: outbox.take(db, None, purges=False, most_bytes=10**6, budget_s=10))
    assert batch is not None and len(batch.items) > 300 and len(reads) == 1
    await close(machines)


@pytest.mark.slow
async def test_a_purge_of_10_000_turns_holds_both_databases_for_at_most_40_ms_at_p99(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machines = await two_machines()
    await machines.here.create(long_conversation("c1", TURNS))
    await machines.sync()
    await machines.here.delete("c1")
    held = held_ms(monkeypatch)
    assert await machines.here.purge(FOREVER) == 1
    await machines.sync()
    slowest = sorted(held)
    p99 = slowest[len(slowest) * 99 // 100]
    print(f"{len(held)} transactions; processor p99 {p99:.1f} ms, longest {[round(one) for one in slowest[-5:]]} ms")
    for store in (machines.here, machines.there):
        assert await store._read(lambda db: db.execute("SELECT count(*) FROM turn").fetchone()[0]) == 0
    assert len(held) > 100 and p99 <= MOST_HELD_MS
    await close(machines)

"""Schedules for windows so narrow that random ones hardly ever meet them."""

from collections.abc import Callable, Sequence
from functools import partial

from tests.sync.fake_hub import FakeHub
from tests.sync.machine import Device, World, run
from tui_chat.core.replica import SealedRecord
from tui_chat.storage.replica_store import ReplicaStore
from tui_chat.sync.exchange import Exchange
from tui_chat.sync.protocol import Pushed
from tui_chat.sync.wire import unpack


class HookedHub(FakeHub):
    """Calls what others do just before and after the next push."""

    before: Callable[[], None] | None = None
    after: Callable[[], None] | None = None

    async def push(self, records: Sequence[SealedRecord], seen: int) -> Pushed:
        before, self.before = self.before, None
        if before is not None:
            before()
        answer = await super().push(records, seen)
        after, self.after = self.after, None
        if after is not None:
            after()
        return answer


def start(machines: int = 3) -> tuple[World, HookedHub, str]:
    """Return machines that all have a conversation of two turns."""
    world = World(0, HookedHub, restore=False)
    world.devices = [world.new_device() for _ in range(machines)]
    hub = world.hub
    assert isinstance(hub, HookedHub)
    conversation = world.create(world.devices[0])
    while conversation in world.kept:
        conversation = world.create(world.devices[0])
    for _ in range(2):
        world.write(world.devices[0], conversation)
    everyone(world)
    return world, hub, conversation


def everyone(world: World) -> None:
    for _ in range(2):
        for device in world.devices:
            world.cycle(device)


def snapshot(hub: FakeHub) -> Callable[[], None]:
    """Return a function that restores the hub to this moment."""
    records, last, marks = dict(hub.records), hub.last, dict(hub.marks)

    def restore() -> None:
        hub.records, hub.last, hub.marks = dict(records), last, dict(marks)

    return restore


def purge_while_another_machine_writes_and_dies() -> World:
    world, hub, conversation = start()
    first, _, last = world.devices
    world.change(first, conversation, "delete")
    everyone(world)
    world.purge(first)

    def write_and_die() -> None:
        world.write(last, conversation)
        world.cycle(last)
        world.lose(last)

    hub.before = write_and_die
    world.cycle(first)
    return world


def purge_while_its_own_user_writes() -> World:
    world, hub, conversation = start()
    first = world.devices[0]
    world.change(first, conversation, "delete")
    everyone(world)
    world.purge(first)
    hub.after = lambda: world.write(first, conversation)
    world.cycle(first)
    return world


def hub_forgets_an_acknowledged_push() -> World:
    world, hub, conversation = start(2)
    first, second = world.devices
    restores: list[Callable[[], None]] = []

    def push_meanwhile() -> None:
        world.write(second, conversation)
        world.cycle(second)
        restores.append(snapshot(hub))

    world.write(first, conversation)
    hub.before = push_meanwhile
    world.cycle(first)
    restores[0]()
    return world


def hub_goes_back_while_a_cursor_stands_within_a_push() -> World:
    world, hub, conversation = start()
    first, second, third = world.devices
    restore = snapshot(hub)
    for field in ("model", "system", "rename"):
        world.change(second, conversation, field)
    run(Exchange(replica_of(second), hub, world.seal).cycle())  # in one push
    read(world, first, 1)
    restore()
    world.write(third, conversation)
    world.cycle(third)
    return world


def replica_of(device: Device) -> ReplicaStore:
    return ReplicaStore(device.job, device.job, lambda: device.process)


def read(world: World, device: Device, most: int) -> None:
    """Read so many records, and be cut off."""
    replica = replica_of(device)
    state = run(replica.state())
    assert state is not None
    page = run(world.hub.pull(state.cursor, None, most, 10**6))
    mark = None if page.mark is None else (page.mark.seq, str(page.mark.id))
    arrivals = [unpack(sealed, world.seal) for sealed in page.records]
    assert run(replica.incoming(arrivals, mark)).taken == most


def live_reply_ends_in_a_conversation_purged_elsewhere() -> World:
    world, _, conversation = start()
    first, second, _ = world.devices
    world.change(first, conversation, "delete")
    everyone(world)
    world.write(second, conversation, begin=True)
    for turn in second.turns(conversation, live=True):
        assert turn not in first.turns(conversation)
    world.purge(first)
    world.cycle(first)
    world.cycle(second)
    return world


SCHEDULES: tuple[Callable[[], World], ...] = (
    purge_while_another_machine_writes_and_dies,
    purge_while_its_own_user_writes,
    hub_forgets_an_acknowledged_push,
    hub_goes_back_while_a_cursor_stands_within_a_push,
    live_reply_ends_in_a_conversation_purged_elsewhere,
)


def play_directed(schedule: Callable[[], World]) -> None:
    """Play a schedule, let everything settle, and check the result."""
    world = schedule()
    try:
        world.settle()
        world.check()
    finally:
        world.close()


FOR_MUTANTS: dict[str, Callable[[], None]] = {
    "blind_purge": partial(play_directed, purge_while_another_machine_writes_and_dies),
    "purge_here_before_the_hub_agrees": partial(play_directed, purge_while_another_machine_writes_and_dies),
    "no_rescue": partial(play_directed, purge_while_its_own_user_writes),
    "destroy_at_the_answer": partial(play_directed, purge_while_its_own_user_writes),
    "marks_from_pages_only": partial(play_directed, hub_forgets_an_acknowledged_push),
    "mark_below_the_cursor": partial(play_directed, hub_goes_back_while_a_cursor_stands_within_a_push),
}
"""Faults that need one of these schedules to be noticed for certain."""

"""A machine, a hub and a bad network: whatever is cut, the next exchange ends with all the same."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.storage.make import conversation, prompt, reply
from tests.support.postgres import Postgres
from tests.support.relay import Faults, Relay
from tui_chat.core.error import SyncError
from tui_chat.core.part import AttachmentPart, TextPart
from tui_chat.storage.store import Store
from tui_chat.sync.hub import PostgresHub, install
from tui_chat.sync.identity import SyncFiles, new_device
from tui_chat.sync.seal import SpaceKey
from tui_chat.sync.session import SyncSession

pytestmark = pytest.mark.real
ANSWER_S = 3.0


@dataclass
class Machine:
    """A database and its way to the hub."""

    store: Store
    session: SyncSession
    url: str
    added: int = field(default=0)

    async def add(self, text: str = "what is a semaphore", **more: Any) -> str:
        """Store a conversation with a prompt and a reply; return its id."""
        self.added += 1
        name = f"{self.session.files.database.parent.name}-{self.added}"
        asked = prompt(f"{name}-p", None, text)
        answered = reply(f"{name}-r", asked.id, f"{text}, answered")
        await self.store.create(conversation(name, asked, answered, title=f"title of {text}", **more))
        return name

    async def exchange(self) -> None:
        await self.session.exchange()

    async def content(self) -> dict[str, Any]:
        """Return every conversation with its turns."""
        page = await self.store.summaries(limit=1000)
        found = [await self.store.conversation(summary.id) for summary in page]
        return {one.id: (one.title, [(turn.id, turn.parent_id, turn.parts) for turn in one.turns]) for one in found}


class Machines:
    """Opens machines of one space, and closes them."""

    def __init__(self, folder: Path, key: SpaceKey) -> None:
        self._folder = folder
        self._key = key
        self._open: list[Machine] = []

    async def start(self, name: str, url: str) -> Machine:
        database = self._folder / name / "conversations.db"
        store = await Store.open(database)
        hub = PostgresHub(url, self._key, answer_timeout_s=ANSWER_S)
        if await store.replica.state() is None:
            await store.replica.start(str(self._key.space), new_device())
        machine = Machine(store, SyncSession(store, hub, self._key, SyncFiles(database)), url)
        self._open.append(machine)
        return machine

    async def aclose(self) -> None:
        for machine in self._open:
            await machine.session.hub.aclose()
            await machine.store.aclose()


@pytest.fixture
async def machines(tmp_path: Path, database: str) -> AsyncIterator[Machines]:
    key = SpaceKey.new()
    await install(database)
    hub = PostgresHub(database, key)
    await hub.create_space()
    await hub.aclose()
    machines = Machines(tmp_path, key)
    yield machines
    await machines.aclose()


@pytest.fixture
async def relay(postgres: Postgres) -> AsyncIterator[Relay]:
    async with Relay(postgres.port) as relay:
        yield relay


def through(relay: Relay, postgres: Postgres, database: str) -> str:
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    return postgres.url("postgres", name, tcp=True, port=relay.port)


async def settle(*machines: Machine) -> None:
    """Exchange until nothing is left to send."""
    for _ in range(2):
        for machine in machines:
            await machine.exchange()
    first = await machines[0].content()
    for machine in machines:
        state = await machine.session.replica()
        assert (state.to_send, state.waiting, state.unread) == (0, 0, 0)
        assert await machine.content() == first


@pytest.mark.parametrize("resets", [False, True])
async def test_cut_after_any_number_of_bytes_ends_with_all_the_same(
    machines: Machines, relay: Relay, postgres: Postgres, database: str, resets: bool
) -> None:
    url = through(relay, postgres, database)
    near, far = await machines.start("near", url), await machines.start("far", database)
    cuts = 0
    for after in range(40, 2400, 160):
        await near.add()
        await far.add()
        await far.exchange()
        relay.faults = Faults(resets=resets, **{"cut_sent_after" if after % 320 else "cut_after": after})
        await near.session.hub.aclose()
        try:
            await near.exchange()
        except SyncError as error:
            assert error.detail in ("away", "hub_failed", "silent"), (error.detail, error.message)
            await near.session.note_failure(error)
            cuts += 1
    relay.faults = Faults()
    assert cuts > 8
    await settle(near, far)
    assert len(await near.content()) == near.added + far.added


async def test_answer_that_is_lost_after_the_hub_has_committed_is_made_good(
    machines: Machines, relay: Relay, postgres: Postgres, database: str
) -> None:
    near, far = (
        await machines.start("near", through(relay, postgres, database)),
        await machines.start("far", database),
    )
    await near.exchange()
    await near.add()
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])

    def records() -> object:
        return postgres.run("SELECT count(*) FROM tui_chat.record", database=name)[0][0]

    exchanging = asyncio.create_task(near.exchange())
    async with asyncio.timeout(10):
        while records() == 0:
            relay.faults = Faults()
            await asyncio.sleep(0)
    relay.drop()
    await asyncio.gather(exchanging, return_exceptions=True)
    await settle(near, far)
    assert len(await far.content()) == 1


async def test_silent_hub_is_given_up_and_the_database_stays_usable(
    machines: Machines, relay: Relay, postgres: Postgres, database: str
) -> None:
    near = await machines.start("near", through(relay, postgres, database))
    relay.faults = Faults(is_silent=True)
    exchanging = asyncio.create_task(near.exchange())
    for _ in range(20):
        await near.add()
    with pytest.raises(SyncError) as refused:
        await exchanging
    assert refused.value.detail in ("silent", "away")
    relay.faults = Faults()
    relay.drop()
    await settle(near)


async def test_slow_link_needs_few_round_trips(
    machines: Machines, relay: Relay, postgres: Postgres, database: str
) -> None:
    near = await machines.start("near", through(relay, postgres, database))
    await near.exchange()
    for _ in range(30):
        await near.add()
    relay.faults = Faults(latency_s=0.1)
    start = asyncio.get_running_loop().time()
    await near.exchange()
    assert asyncio.get_running_loop().time() - start < 6
    relay.faults = Faults()
    await settle(near, await machines.start("far", database))


async def test_nothing_readable_leaves_the_machine(
    machines: Machines, relay: Relay, postgres: Postgres, database: str
) -> None:
    """Every byte on the wire and in the files of the hub, its log of transactions included."""
    near = await machines.start("near", through(relay, postgres, database))
    note = AttachmentPart("secret-plan.txt", "text/plain", b"attached words " * 40)
    asked = replace(prompt("turn-of-the-prompt"), parts=(TextPart("walrus prompt"), note))
    answered = reply("turn-of-the-reply", asked.id, "walrus answer")
    talk = conversation("talk-of-walruses", asked, answered, title="walrus title", system="walrus system")
    await near.store.create(talk)
    await near.exchange()
    await near.store.rename(talk.id, "walrus renamed")
    await near.exchange()
    far = await machines.start("far", through(relay, postgres, database))
    await settle(near, far)
    assert (await far.store.conversation(talk.id)).turns[0].parts[0] == TextPart("walrus prompt")
    postgres.run("CHECKPOINT")
    stored = b"".join(file.read_bytes() for file in postgres.data.rglob("*") if file.is_file())
    assert len(relay.passed) > 2000
    hidden = (
        b"walrus", b"secret-plan", b"attached words", b"turn-of-the", b"talk-of", b"text/plain", b"assistant",
        b"conversations.db", near.session.key.secret, near.session.key.text.encode(),
    )  # fmt: skip
    for text in hidden:
        assert text not in relay.passed, text
        assert text not in stored, text
    print(f"{len(hidden)} texts in none of {len(relay.passed):,} bytes on the wire and {len(stored):,} on the hub")
    assert near.session.key.space.bytes in relay.passed  # so the relay did see what was sent


async def test_hub_restored_from_the_past_gets_everything_again(
    machines: Machines, postgres: Postgres, database: str
) -> None:
    near, far = await machines.start("near", database), await machines.start("far", database)
    await near.add()
    await settle(near, far)
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    for machine in (near, far):
        await machine.session.hub.aclose()
    postgres.run(f"DROP DATABASE IF EXISTS {name}_old WITH (FORCE)", f"CREATE DATABASE {name}_old TEMPLATE {name}")
    await near.add()
    await far.add()
    await settle(near, far)
    for machine in (near, far):
        await machine.session.hub.aclose()
    postgres.run(f"DROP DATABASE {name} WITH (FORCE)", f"ALTER DATABASE {name}_old RENAME TO {name}")
    await far.add()
    await settle(near, far)
    assert len(await near.content()) == 4


async def test_full_disk_of_the_hub_is_named_and_everything_waits(
    machines: Machines, postgres: Postgres, database: str
) -> None:
    near = await machines.start("near", database)
    await near.exchange()
    await near.add()
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    full = "BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END"
    postgres.run(
        f"CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ {full} $$",
        "CREATE TRIGGER full_disk BEFORE INSERT ON tui_chat.record EXECUTE FUNCTION full_disk()",
        database=name,
    )
    with pytest.raises(SyncError) as refused:
        await near.exchange()
    assert refused.value.detail == "hub_full"
    assert (await near.session.replica()).to_send > 0
    postgres.run("DROP TRIGGER full_disk ON tui_chat.record", database=name)
    await settle(near)


async def test_hub_that_crashes_in_the_middle_of_a_push_is_made_good(
    machines: Machines, postgres: Postgres, database: str
) -> None:
    near, far = await machines.start("near", database), await machines.start("far", database)
    for _ in range(40):
        await near.add()
    exchanging = asyncio.create_task(near.exchange())
    await asyncio.sleep(0.05)
    await asyncio.to_thread(postgres.stop)
    await asyncio.gather(exchanging, return_exceptions=True)
    await asyncio.to_thread(postgres.start)
    await near.session.hub.aclose()
    await settle(near, far)
    assert len(await far.content()) == 40


async def test_names_of_machines_are_known_to_each_other(machines: Machines, database: str) -> None:
    near, far = await machines.start("near", database), await machines.start("far", database)
    await near.exchange()
    await far.exchange()
    names = await far.store.state("sync-devices")
    assert len(names) == 2
    assert all(machine["name"] for machine in names.values())
    assert json.dumps(names).count("seen_at") == 2

"""What sync may meet: no hub, bad hubs, a first sync that runs. Each run has its own copy of a library and a hub."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from tests.benchmarks.library import build
from tests.benchmarks.sync import Machine
from tests.support.postgres import Postgres
from tests.support.relay import Faults, Relay
from tui_chat.storage.private_files import DATABASE
from tui_chat.storage.store import Store
from tui_chat.sync.exchange import Exchange
from tui_chat.sync.hub import PostgresHub, install
from tui_chat.sync.seal import SpaceKey

_TURNS_A_CONVERSATION = 10


@dataclass(frozen=True, slots=True)
class Place:
    """A state of sync in which the app is measured."""

    name: str
    faults: Faults | None = None
    """What lies between the app and its hub; `None` without sync."""
    is_full: bool = False
    """The hub has a library that this machine lacks."""
    must_go_on: bool = False
    """The figures count only if records are exchanged until the end."""


OFF = Place("sync off")
PLACES = (
    OFF,
    Place("sync off again"),
    Place("hub away", Faults(is_down=True)),
    Place("hub silent", Faults(is_silent=True)),
    Place("hub at 2 s", Faults(latency_s=1.0)),
    Place("first push", Faults(), must_go_on=True),
    Place("first read", Faults(), is_full=True, must_go_on=True),
)
"""The second is a control: how far its ratios are from 1 is the noise of the others."""


class Libraries:
    """The app's library, with sync and without, and a hub with another machine's; copied for every run."""

    def __init__(self, folder: Path, postgres: Postgres) -> None:
        self._folder = folder
        self._postgres = postgres
        self._key = SpaceKey.new()
        self._copies = 0

    async def make(self, turns: int, hub_turns: int) -> None:
        """Build everything once."""
        for database in ("hub_empty", "hub_full"):
            await install(self._postgres.new_database(database))
            hub = PostgresHub(self._postgres.url(database=database), self._key)
            await hub.create_space()
            await hub.aclose()
        store = await build(self._folder / "off" / DATABASE, max(1, turns // _TURNS_A_CONVERSATION), turns)
        await store.aclose()
        shutil.copytree(self._folder / "off", self._folder / "on")
        store = await Store.open(self._folder / "on" / DATABASE)
        await self._start(self._folder / "on", store)
        await store.aclose()
        await self._fill(hub_turns)

    async def _start(self, folder: Path, store: Store) -> None:
        await Machine(folder, "", self._key).start(store)
        while await store.replica.share_some():
            pass

    async def _fill(self, turns: int) -> None:
        """Send another machine's library to the hub that is full then."""
        folder = self._folder / "other"
        store = await build(folder / DATABASE, max(1, turns // _TURNS_A_CONVERSATION), turns, prefix="other")
        await self._start(folder, store)
        hub = PostgresHub(self._postgres.url(database="hub_full"), self._key)
        await Exchange(store.replica, hub, self._key).cycle()
        await hub.aclose()
        await store.aclose()
        shutil.rmtree(folder)

    @contextmanager
    def hub_for(self, place: Place) -> Iterator[str | None]:
        """Copy the hub of the place and put its faults before it; yield the address, `None` without sync."""
        if place.faults is None:
            yield None
            return
        self._copies += 1
        name, source = f"copy_{self._copies}", "hub_full" if place.is_full else "hub_empty"
        self._postgres.run(f"CREATE DATABASE {name} TEMPLATE {source}")
        try:
            with relay_to(self._postgres, place.faults) as port:
                yield self._postgres.url(database=name, tcp=True, port=port)
        finally:
            self._postgres.run(f"DROP DATABASE {name} WITH (FORCE)")

    def copy_to(self, data: Path, url: str | None) -> None:
        """Make the app's data folder and settings."""
        shutil.copytree(self._folder / ("off" if url is None else "on"), data)
        if url is not None:
            place = data.parent / ".config/tui-chat"
            place.mkdir(parents=True)
            (place / "config.toml").write_text(f'[sync]\nurl = "{url}"\n')
            (data / "config.toml").unlink()


@contextmanager
def relay_to(postgres: Postgres, faults: Faults) -> Iterator[int]:
    """Run a relay on a thread; yield its port."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    relay = Relay(postgres.port, faults)
    asyncio.run_coroutine_threadsafe(relay.__aenter__(), loop).result(10)
    try:
        yield relay.port
    finally:
        asyncio.run_coroutine_threadsafe(relay.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

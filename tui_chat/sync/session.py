"""One database and its hub: exchanges, and stores the state of sync for the app to show."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tui_chat.core.error import ChatError, StorageError, SyncError
from tui_chat.core.sync_status import DEVICES_STATE, SYNC_STATE, SyncStatus
from tui_chat.storage.store import Store
from tui_chat.storage.sync_state import ReplicaState
from tui_chat.sync.exchange import Exchange, NotSyncing, Outcome, no_pause
from tui_chat.sync.hub import KnownDevice, PostgresHub
from tui_chat.sync.identity import SyncFiles, machine_name, new_device
from tui_chat.sync.protocol import SealBroken, SealedRecord
from tui_chat.sync.seal import SpaceKey
from tui_chat.sync.stored_status import store_problem, stored_status

GREET_EVERY_S = 300
WRITE_EVERY_S = 60
_NAME_KIND = 255
"""Of no record: the name of a machine is sealed like one."""


@dataclass(frozen=True, slots=True)
class Machine:
    device: bytes
    name: str
    seen_at: datetime


class SyncSession:
    def __init__(
        self,
        store: Store,
        hub: PostgresHub,
        key: SpaceKey,
        files: SyncFiles,
        *,
        pause: Callable[[float], Awaitable[None]] = no_pause,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.store = store
        self.hub = hub
        self.key = key
        self.files = files
        self.report: Callable[[ChatError], object] = lambda error: None
        """Called with a problem that was not there before."""
        self._clock = clock
        self._exchange = Exchange(store.replica, hub, key, pause)
        self._greeted_at: datetime | None = None
        self._left = 0
        """What waited to be sent after the last exchange, such as a purge that was refused."""

    async def replica(self) -> ReplicaState:
        """Return how far this machine has synced. Raises `SyncError` if it does not sync, or with another space."""
        state = await self.store.replica.state()
        if state is None:
            raise SyncError(detail="off")
        if state.space != str(self.key.space):
            raise SyncError("the key is that of another space than this machine's", detail="wrong_key")
        return state

    async def exchange(self) -> Outcome:
        """Exchange everything; store that it is done, and the position of this file's witness."""
        state = await self._with_own_device(await self.replica())
        await self._greet(state.device)
        try:
            outcome = await self._exchange.cycle()
        except NotSyncing:  # it was ended meanwhile
            raise SyncError(detail="off") from None
        after = await self.replica()
        self._left = after.to_send
        if (after.counter, after.mark) != (state.counter, state.mark):
            self.files.note(after)
        await self._store_status(SyncStatus(self._clock()), had_traffic=bool(outcome.sent or outcome.received))
        return outcome

    async def note_failure(self, error: ChatError) -> None:
        if await store_problem(self.store, error, self._clock()):
            self.report(error)
        self._greeted_at = None
        with suppress(StorageError):
            state = await self.store.replica.state()
            self._left = 0 if state is None else state.to_send

    async def has_changes(self) -> bool:
        """Return whether something waits to be sent that did not after the last exchange, or sync has ended here."""
        state = await self.store.replica.state()
        return state is None or state.to_send > self._left or not state.is_shared

    async def wait_for_push(self, timeout_s: float) -> bool:
        """Wait for another machine's push."""
        return await self.hub.wait_for_push(timeout_s)

    async def _store_status(self, status: SyncStatus, *, had_traffic: bool = False) -> None:
        """Store the status, unless nothing but the time has changed and that not much: each write costs the disk."""
        before = await stored_status(self.store)
        is_same = replace(before, contact_at=None) == replace(status, contact_at=None)
        if had_traffic or not is_same or _is_much_later(before, status):
            await self.store.set_state(SYNC_STATE, status.as_state)

    async def _with_own_device(self, state: ReplicaState) -> ReplicaState:
        """Return the state with a device of its own: a copy of a file must not continue as the same machine."""
        if self.files.is_copy(state):
            await self.store.replica.rename_device(new_device())
            state = await self.replica()
            self.files.note(state)
        return state

    async def _greet(self, device: bytes) -> None:
        """Report this machine to the hub, and store the names of the others."""
        now = self._clock()
        if self._greeted_at is not None and (now - self._greeted_at).total_seconds() < GREET_EVERY_S:
            return
        sealed = self.key.seal(self._name_record(device), machine_name().encode())
        machines = [machine for known in await self.hub.greet(device, sealed) if (machine := self._machine(known))]
        self._greeted_at = now
        names = {one.device.hex(): {"name": one.name, "seen_at": one.seen_at.isoformat()} for one in machines}
        if names != await self.store.state(DEVICES_STATE):
            await self.store.set_state(DEVICES_STATE, names)

    def _machine(self, known: KnownDevice) -> Machine | None:
        """Return a machine with its name; `None` if the hub has changed it."""
        try:
            name = self.key.open(replace(self._name_record(known.id), body=known.sealed_name))
        except SealBroken:
            return None
        return Machine(known.id, name.decode("utf-8", "replace"), known.seen_at)

    def _name_record(self, device: bytes) -> SealedRecord:
        name = self.key.name(_NAME_KIND, "", device.hex())
        return SealedRecord(_NAME_KIND, name, name, 0, 0, device, b"")


def _is_much_later(before: SyncStatus, after: SyncStatus) -> bool:
    """Return whether the time of the last contact is worth a write."""
    if before.contact_at is None or after.contact_at is None:
        return before.contact_at != after.contact_at
    return abs((after.contact_at - before.contact_at).total_seconds()) >= WRITE_EVERY_S

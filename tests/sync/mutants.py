"""Faults of the algorithm, each put in by a patch: the schedules of the machine must notice every one."""

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from tests.sync.fake_hub import FakeHub
from tests.sync.machine import FaultyReplica
from tui_chat.core.replica import Kind
from tui_chat.storage import incoming, marks, outbox, rescue
from tui_chat.sync.protocol import Mark, SealedPage

Patch = Callable[[pytest.MonkeyPatch], None]


def cursor_in_its_own_transaction(patch: pytest.MonkeyPatch) -> None:
    apply = FaultyReplica.incoming

    async def moved_first(self: FaultyReplica, arrivals: Any, mark: Any) -> incoming.Applied:
        if arrivals:
            self._device.do(lambda db: db.execute("UPDATE sync SET cursor = ?", (arrivals[-1].sealed.seq,)))
        return await apply(self, arrivals, mark)

    patch.setattr(FaultyReplica, "incoming", moved_first)


def blind_purge(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeHub, "is_blind", lambda self, record, seen: False)


def no_rescue(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rescue, "not_purged", lambda turns, body: set())
    patch.setattr(rescue, "has_live", lambda db, seq: False)


def no_waiting_room(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(incoming._Work, "_wait", lambda self, record, needs: None)


def equal_stamps_not_taken_from_the_hub(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(incoming, "wins", lambda new, held: held is None or new > held)


def no_marks(patch: pytest.MonkeyPatch) -> None:
    pull = FakeHub.pull

    async def unchecked(self: FakeHub, since: int, mark: Mark | None, most: int, most_bytes: int) -> SealedPage:
        return await pull(self, since, None, most, most_bytes)

    patch.setattr(FakeHub, "pull", unchecked)


def rows_of_the_outbox_die_whatever_their_version(patch: pytest.MonkeyPatch) -> None:
    def drop(db: sqlite3.Connection, place: outbox.Place) -> None:
        delete = "DELETE FROM outbox WHERE conversation = ? AND kind = ? AND name = ?"
        db.execute(delete, (place[2], place[1], place[3]))

    patch.setattr(outbox, "_drop", drop)


def last_push_wins(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FakeHub, "is_newer", lambda self, record: True)


def marks_from_pages_only(patch: pytest.MonkeyPatch) -> None:
    sent = outbox.sent

    def without_mark(db: sqlite3.Connection, receipt: outbox.Receipt) -> None:
        before = db.execute("SELECT mark_seq, mark_id, cursor FROM sync").fetchone()
        sent(db, receipt)
        if before[2] != receipt.was:
            db.execute("UPDATE sync SET (mark_seq, mark_id) = (?, ?)", before[:2])

    patch.setattr(outbox, "sent", without_mark)


def mark_below_the_cursor(patch: pytest.MonkeyPatch) -> None:
    pull = FakeHub.pull

    async def below(self: FakeHub, since: int, mark: Mark | None, most: int, most_bytes: int) -> SealedPage:
        page = await pull(self, since, mark, most, most_bytes)
        at = max((seq for seq in self.marks if page.records and seq <= page.records[-1].seq), default=None)
        return SealedPage(page.records, None if at is None else Mark(at, self.marks[at]))

    patch.setattr(FakeHub, "pull", below)


def destroy_at_the_answer(patch: pytest.MonkeyPatch) -> None:
    sent = outbox.sent

    def destroyed(db: sqlite3.Connection, receipt: outbox.Receipt) -> None:
        with pytest.MonkeyPatch.context() as inner:
            no_rescue(inner)
            sent(db, receipt)

    patch.setattr(outbox, "sent", destroyed)


def purge_here_before_the_hub_agrees(patch: pytest.MonkeyPatch) -> None:
    def at_once(db: sqlite3.Connection, place: outbox.Place) -> outbox.Outgoing | None:
        made = asked(db, place)
        if made is not None:
            rescue.purge(db, place[2], made.record.body)
            insert = "INSERT INTO outbox (kind, conversation, name, version) VALUES (?, ?, '', ?)"
            db.execute(f"{insert} ON CONFLICT DO NOTHING", (Kind.GONE, place[2], place[0]))
        return made

    asked = outbox._purge
    patch.setattr(outbox, "_purge", at_once)


def marks_are_not_applied(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(marks, "put", lambda db, conversation_id, name, value, at: None)


MUTANTS: tuple[Patch, ...] = (
    cursor_in_its_own_transaction,
    blind_purge,
    no_rescue,
    no_waiting_room,
    equal_stamps_not_taken_from_the_hub,
    no_marks,
    rows_of_the_outbox_die_whatever_their_version,
    last_push_wins,
    marks_from_pages_only,
    mark_below_the_cursor,
    destroy_at_the_answer,
    purge_here_before_the_hub_agrees,
    marks_are_not_applied,
)

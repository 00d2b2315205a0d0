"""What sync adds to the database: nothing on a machine that does not sync, and nothing that a repair would send."""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.storage.conftest import Open
from tests.storage.make import TO_FOURTH_VERSION, conversation, live, prompt, reply, side_request
from tests.sync.fake_hub import FakeHub, FakeSeal
from tui_chat.core.bounds import MOST_COUNTER
from tui_chat.core.event import TextDelta
from tui_chat.core.replica import Arrival, Key, Kind, Record, SealedRecord, Stamp
from tui_chat.core.turn import TurnStatus
from tui_chat.storage import private_files, record_codec
from tui_chat.storage.store import Store
from tui_chat.sync.exchange import Exchange

TABLES = ("sync", "outbox", "stamp", "authored", "waiting", "piece", "gone", "unread")
HERE = b"here...."
SPACE = "0f1c8a52-6f0d-5e0b-9a67-3f4f7a1c2d9e"


async def work(store: Store) -> None:
    """Change everything that could travel."""
    await store.create(conversation("c1", prompt("u1"), side_requests=(side_request("e1", "0.1"),)))
    await store.append("c1", [live("a1", "u1")], head="a1")
    await store.checkpoint("a1", [TextDelta("half")])
    await store.finish(reply("a1", "u1"))
    await store.rename("c1", "Renamed")
    await store.archive("c1")
    await store.delete("c1")


def count(path: Path) -> dict[str, int]:
    with closing(sqlite3.connect(path)) as db:
        return {table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}


async def keys_to_send(store: Store) -> list[tuple[int, str]]:
    keys: list[tuple[int, str]] = []
    place = None
    while batch := await store.replica.outgoing(place, purges=False, most_bytes=10**6):
        place = batch.end
        keys += [(item.record.key.kind, item.record.key.name) for item in batch.items]
    return keys


async def test_a_machine_that_does_not_sync_writes_nothing_for_it(open_store: Open, path: Path) -> None:
    store = await open_store()
    await work(store)
    assert not any(count(path).values()) and await store.replica.state() is None


async def test_every_change_is_in_the_outbox_once_and_a_live_reply_only_when_it_has_ended(open_store: Open) -> None:
    store = await open_store()
    await store.replica.start("space", HERE)
    while await store.replica.share_some():
        pass
    await work(store)
    assert await keys_to_send(store) == [
        *((0, ""), (3, "model"), (1, "u1"), (2, "e1"), (1, "a1"), (3, "head"), (3, "title"), (3, "archived")),
        (3, "deleted"),
    ]


async def test_checkpoints_of_a_reply_touch_nothing_of_sync(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.replica.start("space", HERE)
    await store.create(conversation("c1", prompt("u1"), live("a1", "u1")))
    before = await store.replica.state()
    for _ in range(3):
        await store.checkpoint("a1", [TextDelta("more")])
    assert await store.replica.state() == before
    with closing(sqlite3.connect(path)) as db:
        triggers = db.execute("SELECT tbl_name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    assert {name for (name,) in triggers} == {"conversation", "turn", "errand", "attachment"}


async def test_a_file_from_before_sync_is_migrated_without_kept_here(open_store: Open, path: Path) -> None:
    store = await open_store()
    await work(store)
    whole = await store.conversation("c1")
    await store.aclose()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(TO_FOURTH_VERSION)
    store = await open_store()
    assert store.opening.migrated_from == 4 and store.opening.damaged_moved_to is None
    assert await store.conversation("c1") == whole and (await store.check()).is_healthy


@pytest.mark.parametrize("migrated", [False, True])
@pytest.mark.parametrize("damage", [slice(0, 16), slice(4096 * 2, 4096 * 2 + 8)], ids=["header", "page"])
async def test_a_recovered_file_keeps_here_what_was_and_syncs_again_as_a_new_device(
    open_store: Open, path: Path, migrated: bool, damage: slice
) -> None:
    store = await open_store()
    for number in range(8):
        await store.create(conversation(f"c{number}", prompt("u1", text=f"question {number}")))
    await store.aclose()
    with closing(sqlite3.connect(path)) as db:
        db.executescript(TO_FOURTH_VERSION if migrated else "")
    store = await open_store()
    assert await store.set_kept_here("c3", True)
    await store.replica.start(SPACE, HERE)
    await store.aclose()
    data = bytearray(path.read_bytes())
    data[damage] = b"\xff" * len(data[damage])  # without the header SQLite reads nothing
    path.write_bytes(data)
    private_files.create_private_file(private_files.damage_marker(path))
    store = await open_store()
    assert store.opening.damaged_moved_to is not None and await store.count() == 8
    assert [summary.id for summary in await store.summaries() if summary.kept_here] == ["c3"]
    state = await store.replica.state()
    assert state is not None and state.space == SPACE and state.device != HERE
    assert (state.cursor, state.is_shared) == (0, False)


@pytest.mark.parametrize(
    "poison",
    [
        "UPDATE sync SET counter = 9223372036854775807",
        "UPDATE sync SET counter = -9223372036854775808",
        "UPDATE sync SET cursor = -5, mark_seq = 9223372036854775807, shared = -1, applying = 7",
        "UPDATE stamp SET counter = 9223372036854775807, rank = -9223372036854775808",
        "UPDATE outbox SET version = 9223372036854775807",
        "UPDATE authored SET made = 9223372036854775807",
    ],
)
async def test_damaged_numbers_of_sync_stop_nothing_and_are_repaired(
    open_store: Open, path: Path, poison: str
) -> None:
    store = await open_store()
    await store.replica.start("space", HERE)
    await work(store)
    await store.aclose()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(poison)
    store = await open_store()
    await store.append("c1", [prompt("u2", "a1")], head="u2")
    await store.rename("c1", "Once more")
    assert (await store.check()).bad_figures
    await store.repair()
    assert (await store.check()).is_healthy
    while await store.replica.share_some():
        pass
    state = await store.replica.state()
    assert state is not None and 0 <= state.counter <= MOST_COUNTER and state.cursor == 0
    assert (1, "u2") in await keys_to_send(store)


async def test_only_the_machine_that_wrote_a_reply_estimates_its_usage(open_store: Open) -> None:
    store = await open_store()
    await store.replica.start("space", HERE)
    await store.create(conversation("c1", prompt("u1"), reply("ours", "u1", status=TurnStatus.INTERRUPTED)))
    placed = record_codec.PlacedTurn(reply("theirs", "u1", status=TurnStatus.INTERRUPTED), 5, b"there...")
    key = Key(Kind.TURN, "c1", "theirs")
    record = Record(key, Stamp(0, 0, b"there..."), record_codec.turn_to_body(placed))
    sealed = SealedRecord(1, bytes(16), bytes(16), 0, 0, b"there...", b"", 1)
    applied = await store.replica.incoming([Arrival(sealed, record)], None)
    assert applied.taken == 1 and (await store.conversation("c1")).has("theirs")
    assert await store.unmetered() == [("c1", "ours")]


async def test_an_open_conversation_changes_when_a_turn_is_amended_elsewhere(
    open_store: Open,
) -> None:
    store = await open_store()
    await store.replica.start("space", HERE)
    await store.create(conversation("c1", prompt("u1"), reply("a1", "u1"), prompt("u2", "a1"), reply("a2", "u2")))
    before = await store.conversation_changes("c1")
    placed = record_codec.PlacedTurn(reply("a1", "u1", "Amended."), 2, HERE)
    record = Record(Key(Kind.TURN, "c1", "a1"), Stamp(0, 9, b"there..."), record_codec.turn_to_body(placed))
    sealed = SealedRecord(1, bytes(16), bytes(16), 0, 9, b"there...", b"", 1)
    await store.replica.incoming([Arrival(sealed, record)], None)
    assert (await store.conversation("c1")).turn("a1").text == "Amended."
    assert await store.conversation_changes("c1") != before


async def test_a_cycle_without_news_writes_nothing(open_store: Open) -> None:
    store, watching = await open_store(), await open_store()
    await store.replica.start("space", HERE)
    hub, seal = FakeHub(Random(0)), FakeSeal()
    await store.create(conversation("c1", prompt("u1")))
    await Exchange(store.replica, hub, seal).cycle()
    before = await watching.changes()
    for _ in range(2):
        await Exchange(store.replica, hub, seal).cycle()
    assert await watching.changes() == before


async def test_a_repair_of_damaged_numbers_changes_no_stamp(open_store: Open, path: Path) -> None:
    store = await open_store()
    await store.replica.start("space", HERE)
    await work(store)
    stamps = "SELECT kind, name, rank, counter FROM stamp ORDER BY kind, name"
    await store.aclose()
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE conversation SET archived_at = 'no date', head = 999")
        db.execute("DELETE FROM outbox")
        before = db.execute(stamps).fetchall()
    store = await open_store()
    await store.repair()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute(stamps).fetchall() == before and not db.execute("SELECT * FROM outbox").fetchall()

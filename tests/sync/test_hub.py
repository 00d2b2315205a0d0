"""The hub on a real PostgreSQL: the order of the feed, purges, membership, keys, marks, buckets, rights."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres import Postgres, find
from tui_chat.core.error import SyncError
from tui_chat.sync import hub as hub_module
from tui_chat.sync.hub import PostgresHub, Upgrade, connection_string, install, upgrade, without_password
from tui_chat.sync.protocol import HubWentBack, Mark, SealedRecord
from tui_chat.sync.seal import SpaceKey

pytestmark = pytest.mark.real
ALL = (10_000, 1 << 30)
GONE = 9


def record(
    name: str, room: str = "room", *, kind: int = 1, counter: int = 0, device: bytes = b"machine1"
) -> SealedRecord:
    room_key = room.encode().ljust(16)
    key = room_key if kind == GONE else f"{room}/{name}".encode().ljust(16)
    return SealedRecord(kind, key, room_key, 0, counter, device, f"{name} sealed by {device!r}".encode())


@pytest.fixture
async def hub(database: str) -> AsyncIterator[PostgresHub]:
    await install(database)
    hub = PostgresHub(database, SpaceKey.new())
    await hub.create_space()
    yield hub
    await hub.aclose()


def name_of(database: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])


def key_of(hub: PostgresHub) -> SpaceKey:
    return hub._key


async def pulled(hub: PostgresHub, since: int = 0) -> list[bytes]:
    return [record.key.strip() for record in (await hub.pull(since, None, *ALL)).records]


async def test_pull_returns_what_was_pushed_in_its_order(hub: PostgresHub) -> None:
    sent = [record(f"{number}") for number in range(5)]
    answer = await hub.push(sent, 0)
    page = await hub.pull(0, None, *ALL)
    assert (answer.was, answer.last, answer.refused) == (0, 5, frozenset())
    assert [replace(got, seq=0) for got in page.records] == sent
    assert [got.seq for got in page.records] == [1, 2, 3, 4, 5]
    assert page.mark == answer.mark


async def test_pull_stops_at_its_limits_and_returns_at_least_one_record(hub: PostgresHub) -> None:
    answer = await hub.push([record(f"{number}") for number in range(5)], 0)
    page = await hub.pull(0, None, 2, 1 << 30)
    assert [got.seq for got in page.records] == [1, 2]
    assert page.mark == answer.mark  # of the push in which the page ends
    assert len((await hub.pull(2, page.mark, 100, 1)).records) == 1
    assert len((await hub.pull(2, page.mark, 100, 45)).records) == 2
    assert (await hub.pull(5, page.mark, *ALL)).records == ()


async def test_a_changed_record_moves_to_the_end_of_the_feed_and_an_older_one_does_not(hub: PostgresHub) -> None:
    await hub.push([record("a", counter=2), record("b")], 0)
    await hub.push([record("a", counter=3)], 2)
    await hub.push([record("a", counter=1), record("b", device=b"machine0")], 3)
    page = await hub.pull(0, None, *ALL)
    assert [(got.key.strip(), got.counter, got.seq) for got in page.records] == [(b"room/b", 0, 2), (b"room/a", 3, 3)]


async def test_pushing_the_same_again_moves_nothing(hub: PostgresHub) -> None:
    sent = [record("a"), record("b", counter=4)]
    await hub.push(sent, 0)
    before = await hub.pull(0, None, *ALL)
    await hub.push(sent, 0)
    assert (await hub.pull(0, None, *ALL)).records == before.records


async def test_a_purge_by_a_machine_that_has_not_seen_all_is_refused(hub: PostgresHub) -> None:
    await hub.push([record("seen")], 0)
    await hub.push([record("unseen", device=b"machine2")], 0)
    purge = record("", kind=GONE)
    assert (await hub.push([purge], 1)).refused == {purge.key}
    assert await pulled(hub) == [b"room/seen", b"room/unseen"]


async def test_a_purge_with_full_sight_deletes_the_bodies_and_later_records_are_refused(hub: PostgresHub) -> None:
    await hub.push([record("a"), record("b"), record("c", "other")], 0)
    purge = record("", kind=GONE)
    assert not (await hub.push([purge], 3)).refused
    assert await pulled(hub) == [b"other/c", b"room"]
    late = record("late", device=b"machine2")
    assert (await hub.push([late, record("d", "other")], 0)).refused == {late.key}
    assert await pulled(hub) == [b"other/c", b"room", b"other/d"]


async def test_a_second_purge_keeps_the_first(hub: PostgresHub) -> None:
    await hub.push([record("", kind=GONE)], 0)
    first = await hub.pull(0, None, *ALL)
    assert not (await hub.push([record("", kind=GONE, counter=9, device=b"machine9")], 1)).refused
    assert (await hub.pull(0, None, *ALL)).records == first.records


async def test_a_hub_restored_from_the_past_is_noticed(hub: PostgresHub) -> None:
    first = await hub.push([record("a")], 0)
    second = await hub.push([record("b")], 1)
    assert (await hub.pull(2, second.mark, *ALL)).records == ()
    forged = Mark(second.mark.seq, first.mark.id)
    with pytest.raises(HubWentBack):
        await hub.pull(2, forged, *ALL)
    assert await pulled(hub) == [b"room/a", b"room/b"]


async def test_another_key_writes_nothing_and_reads_nothing(hub: PostgresHub, database: str) -> None:
    await hub.push([record("a")], 0)
    other = PostgresHub(database, SpaceKey(key_of(hub).space, SpaceKey.new().secret))
    calls = (
        lambda: other.push([record("b")], 1),
        lambda: other.pull(0, None, *ALL),
        lambda: other.greet(b"machine2", b""),
        lambda: other.buckets(),
        lambda: other.stamps([0]),
        lambda: other.forget(b"machine1"),
    )
    for call in calls:
        with pytest.raises(SyncError) as refused:
            await call()
        assert refused.value.detail == "wrong_key"
    await other.aclose()
    assert await pulled(hub) == [b"room/a"]


async def test_another_login_gets_no_rows_and_learns_nothing(
    hub: PostgresHub, postgres: Postgres, database: str
) -> None:
    await hub.push([record("a")], 0)
    name = name_of(database)
    postgres.run(
        "DROP ROLE IF EXISTS mallory",
        "CREATE ROLE mallory LOGIN",
        "GRANT USAGE ON SCHEMA tui_chat TO mallory",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tui_chat TO mallory",
        database=name,
    )
    mallory = PostgresHub(postgres.url("mallory", name), key_of(hub))
    unknown = PostgresHub(postgres.url("mallory", name), SpaceKey.new())
    try:
        assert await mallory.spaces() == {}
        messages = set()
        for stranger in (mallory, unknown):
            with pytest.raises(SyncError) as refused:
                await stranger.push([record("b")], 1)
            assert refused.value.detail == "no_member"
            messages.add(refused.value.message)
        assert len(messages) == 1
        for table in ("space", "member", "device", "mark", "record"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                postgres.run(f"SELECT * FROM tui_chat.{table}", database=name, role="mallory")
        postgres.run("GRANT ALL ON ALL TABLES IN SCHEMA tui_chat TO mallory", database=name)
        for table in ("space", "member", "device", "mark", "record"):
            assert postgres.run(f"SELECT * FROM tui_chat.{table}", database=name, role="mallory") == []
    finally:
        await mallory.aclose()
        await unknown.aclose()
        postgres.run("DROP OWNED BY mallory", "DROP ROLE mallory", database=name)


async def test_membership_goes_by_the_login_and_not_by_set_role(
    hub: PostgresHub, postgres: Postgres, database: str
) -> None:
    name = name_of(database)
    key = key_of(hub)
    postgres.run(
        "CREATE ROLE alice LOGIN",
        "CREATE ROLE bob LOGIN IN ROLE alice",
        "GRANT USAGE ON SCHEMA tui_chat TO alice",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tui_chat TO alice",
        f"INSERT INTO tui_chat.member VALUES ('{key.space}', 'alice')",
        database=name,
    )
    try:
        call = f"SELECT * FROM tui_chat.pull_1('{key.space}', '\\x{key.check.hex()}', 0, NULL, NULL, 1, 1)"
        assert postgres.run("SET ROLE alice", call, database=name, role="alice") == []
        with pytest.raises(psycopg.Error, match="no such space"):
            postgres.run("SET ROLE alice", call, database=name, role="bob")
    finally:
        postgres.run("DROP OWNED BY alice, bob", "DROP ROLE bob, alice", database=name)


@pytest.mark.parametrize("attributes", ["", "CREATEROLE"])
async def test_a_login_without_superuser_installs_the_hub(postgres: Postgres, attributes: str) -> None:
    postgres.run(f"CREATE ROLE plain LOGIN {attributes}")
    url = postgres.new_database("plain_hub", "plain")
    try:
        assert await install(url)
        assert not await install(url)
        hub = PostgresHub(url, SpaceKey.new())
        await hub.create_space()
        await hub.push([record("a")], 0)
        assert await pulled(hub) == [b"room/a"]
        await hub.aclose()
        ((owner,),) = postgres.run(
            "SELECT tableowner FROM pg_tables WHERE tablename = 'record'", database="plain_hub"
        )
        assert owner == (hub_module.OWNER if attributes else "plain")
        if attributes:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                postgres.run("SELECT * FROM tui_chat.record", database="plain_hub", role="plain")
    finally:
        postgres.run("DROP DATABASE plain_hub WITH (FORCE)", "DROP OWNED BY plain", "DROP ROLE plain")


async def test_a_login_that_may_not_create_a_schema_is_named(postgres: Postgres) -> None:
    postgres.run("CREATE ROLE guest LOGIN")
    postgres.new_database("not_for_guests")
    try:
        with pytest.raises(SyncError) as refused:
            await install(postgres.url("guest", "not_for_guests"))
        assert refused.value.detail == "no_right"
    finally:
        postgres.run("DROP ROLE guest")


async def test_every_function_has_a_fixed_search_path_and_is_closed_to_others(
    hub: PostgresHub, postgres: Postgres, database: str
) -> None:
    name = name_of(database)
    rows = postgres.run(
        "SELECT proname, prosecdef, proconfig::text, coalesce(proacl::text, 'default') FROM pg_proc"
        " WHERE pronamespace = 'tui_chat'::regnamespace AND proname <> 'version'",
        database=name,
    )
    assert len(rows) == 9
    for function, is_definer, config, rights in rows:
        assert is_definer, function
        assert "search_path=pg_catalog, pg_temp" in str(config), function
        assert rights != "default" and "{=X" not in str(rights) and ",=X" not in str(rights), function


@pytest.mark.parametrize(("version", "detail"), [(7, "newer_hub"), (0, "older_hub")])
async def test_a_hub_of_another_version_without_a_function_is_named(
    hub: PostgresHub, postgres: Postgres, database: str, version: int, detail: str
) -> None:
    await hub.push([record("a")], 0)
    _set_version(postgres, database, version, "ALTER FUNCTION tui_chat.push_1 RENAME TO push_9")
    with pytest.raises(SyncError) as refused:
        await hub.push([record("b")], 0)
    assert refused.value.detail == detail and f"version {version}" in refused.value.message
    assert await pulled(hub) == [b"room/a"]  # what is there in this version still works


def _set_version(postgres: Postgres, database: str, version: int, *also: str) -> None:
    body = f"CREATE OR REPLACE FUNCTION tui_chat.version() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT {version}'"
    postgres.run(body, *also, database=name_of(database))


@pytest.mark.parametrize("attributes", ["", "CREATEROLE"])
async def test_upgrade_keeps_records_rights_and_older_programs(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch, attributes: str
) -> None:
    """By the login that installed the hub; a member that could call the functions can call the new one as well."""
    postgres.run(f"CREATE ROLE keeper LOGIN {attributes}", "CREATE ROLE friend LOGIN")
    url = postgres.new_database("kept_hub", "keeper")
    try:
        await install(url)
        hub = PostgresHub(url, SpaceKey.new())
        await hub.create_space()
        await hub.push([record("a")], 0)
        grants = (
            "GRANT USAGE ON SCHEMA tui_chat TO friend",
            ("GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tui_chat TO friend"),
        )
        postgres.run(*grants, database="kept_hub")
        assert await upgrade(url) == Upgrade(1, 1)
        monkeypatch.setattr(hub_module, "VERSION", 2)
        steps = (
            "CREATE FUNCTION tui_chat.news_2() RETURNS text LANGUAGE sql AS $$ SELECT 'new' $$;"
            "REVOKE ALL ON FUNCTION tui_chat.news_2() FROM PUBLIC;"
            "CREATE OR REPLACE FUNCTION tui_chat.version() RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2'"
        )
        monkeypatch.setattr(hub_module, "_UPGRADES", {2: steps})
        assert await upgrade(url) == Upgrade(1, 2)
        assert await upgrade(url) == Upgrade(2, 2)
        await hub.push([record("b")], 0)
        assert await pulled(hub) == [b"room/a", b"room/b"]
        for role in ("keeper", "friend"):
            assert postgres.run("SELECT tui_chat.news_2()", database="kept_hub", role=role) == [("new",)]
            if attributes or role == "friend":
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    postgres.run("SELECT * FROM tui_chat.record", database="kept_hub", role=role)
        monkeypatch.setattr(hub_module, "VERSION", 1)
        with pytest.raises(SyncError) as refused:
            await upgrade(url)
        assert refused.value.detail == "newer_hub"
        assert await pulled(hub, 1) == [b"room/b"]  # an older program goes on
        with pytest.raises(SyncError) as refused:
            monkeypatch.setattr(hub_module, "VERSION", 3)
            await upgrade(postgres.url("friend", "kept_hub"))
        assert refused.value.detail == "no_right"
        await hub.aclose()
    finally:
        postgres.run("DROP DATABASE kept_hub WITH (FORCE)")
        postgres.run("DROP OWNED BY keeper, friend", "DROP ROLE friend, keeper")


async def test_a_database_that_was_not_set_up_is_named(database: str) -> None:
    hub = PostgresHub(database, SpaceKey.new())
    with pytest.raises(SyncError) as refused:
        await hub.pull(0, None, *ALL)
    assert refused.value.detail == "not_set_up"
    await hub.aclose()


async def test_machines_are_listed_with_their_last_contact(hub: PostgresHub) -> None:
    await hub.greet(b"machine1", b"laptop")
    machines = await hub.greet(b"machine2", b"server")
    assert {machine.id: machine.sealed_name for machine in machines} == {
        b"machine1": b"laptop",
        b"machine2": b"server",
    }
    assert all(machine.seen_at.tzinfo for machine in machines)
    await hub.forget(b"machine1")
    assert [machine.id for machine in await hub.greet(b"machine2", b"server")] == [b"machine2"]


async def test_buckets_differ_where_records_differ(hub: PostgresHub) -> None:
    keys = [bytes([number * 7 % 256, number * 13 % 256]) + bytes(14) for number in range(50)]
    await hub.push([replace(record("x"), key=key) for key in keys], 0)
    before = await hub.buckets()
    assert sum(bucket.records for bucket in before.values()) == 50
    await hub.push([replace(record("x", counter=5), key=keys[3])], 50)
    after = await hub.buckets()
    changed = [number for number in before if before[number] != after[number]]
    assert changed == [keys[3][0] << 4 | keys[3][1] >> 4]
    assert [(got.key, got.counter) for got in await hub.stamps(changed)] == [(keys[3], 5)]


async def test_a_push_is_reported_to_a_waiting_machine(hub: PostgresHub, database: str) -> None:
    other = PostgresHub(database, key_of(hub))
    waiting = asyncio.create_task(other.wait_for_push(20))
    while not waiting.done():
        await hub.push([record("a")], 0)
        await asyncio.sleep(0.02)
    assert await waiting
    assert not await other.wait_for_push(0.05)
    await other.aclose()


# A reader never skips a record


async def _race(push: object, pull: object, writers: int, pushes: int) -> int:
    """Return how many records a reader skipped that follows its cursor while the writers are at work."""
    seen: set[str] = set()
    cursor = 0
    tasks = [asyncio.create_task(push(number)) for number in range(writers)]  # type: ignore[operator]

    async def read() -> None:
        nonlocal cursor
        for seq, name in await pull(cursor):  # type: ignore[operator]
            seen.add(name)
            cursor = max(cursor, seq)

    while not all(task.done() for task in tasks):
        await read()
    await asyncio.gather(*tasks)
    await read()
    return writers * pushes - len(seen)


WRITERS, PUSHES = 6, 20


async def test_a_tailing_reader_skips_no_record(hub: PostgresHub, database: str) -> None:
    async def push(writer: int) -> None:
        async with await psycopg.AsyncConnection.connect(database) as connection:
            for number in range(PUSHES):
                key, name = key_of(hub), f"{writer}.{number}".encode()
                await connection.execute(
                    "SELECT tui_chat.push_1(%s, %s, '{1}', %s, %s, '{0}', '{0}', %s, %s, 0)",
                    (key.space, key.check, [name.ljust(16)], [b"r".ljust(16)], [b"machine1"], [name]),
                )
                await asyncio.sleep(0.002 * (writer % 3))
                await connection.commit()

    async def pull(cursor: int) -> list[tuple[int, str]]:
        return [(got.seq, got.body.decode()) for got in (await hub.pull(cursor, None, *ALL)).records]

    skipped = await _race(push, pull, WRITERS, PUSHES)
    print(f"{WRITERS} writers, {WRITERS * PUSHES} records, {skipped} skipped")
    assert skipped == 0


async def test_a_tailing_reader_of_a_plain_sequence_skips_records(postgres: Postgres, database: str) -> None:
    """The control: without it the test above would prove nothing."""
    postgres.run("CREATE TABLE IF NOT EXISTS plain (seq bigserial PRIMARY KEY, name text)")

    async def push(writer: int) -> None:
        async with await psycopg.AsyncConnection.connect(postgres.url()) as connection:
            for number in range(PUSHES):
                await connection.execute("INSERT INTO plain (name) VALUES (%s)", (f"{writer}.{number}",))
                await asyncio.sleep(0.002 * (writer % 3))
                await connection.commit()

    async with await psycopg.AsyncConnection.connect(postgres.url(), autocommit=True) as reader:

        async def pull(cursor: int) -> list[tuple[int, str]]:
            rows = await reader.execute("SELECT seq, name FROM plain WHERE seq > %s ORDER BY seq", (cursor,))
            return await rows.fetchall()

        skipped = await _race(push, pull, WRITERS, PUSHES)
        print(f"a plain sequence: {WRITERS * PUSHES} records, {skipped} skipped")
        assert skipped > 0
    postgres.run("DROP TABLE plain")


# Connections


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://me@db.example.com/chat", "verify-full"),
        ("postgresql://me@db.example.com,localhost/chat", "verify-full"),
        ("postgresql://me@db.example.com/chat?sslmode=require", "require"),
        ("service=hub", "verify-full"),
        ("postgresql://me@localhost/chat", None),
        ("postgresql://me@[::1]/chat", None),
        ("postgresql://me@127.0.0.1:5433/chat", None),
        ("postgresql:///chat?host=/run/postgresql", None),
        ("dbname=chat", None),
    ],
)
def test_tls_checks_the_name_except_on_this_machine_or_where_the_url_turns_it_off(
    url: str, expected: str | None
) -> None:
    mode = psycopg.conninfo.conninfo_to_dict(connection_string(url)).get("sslmode")
    assert mode == expected


@pytest.mark.parametrize(
    ("url", "bare", "password"),
    [
        ("postgresql://me:s%40cret@db/chat?x=1".replace("?x=1", ""), "postgresql://me@db/chat", "s@cret"),
        ("postgresql://me@db/chat", "postgresql://me@db/chat", None),
        ("host=db user=me password=secret", "host=db user=me", "secret"),
    ],
)
def test_password_is_taken_out_of_the_url(url: str, bare: str, password: str | None) -> None:
    left, found = without_password(url)
    assert found == password
    assert psycopg.conninfo.conninfo_to_dict(left) == psycopg.conninfo.conninfo_to_dict(bare)
    assert "secret" not in left and "cret" not in left


async def test_hub_that_is_away_is_named() -> None:
    hub = PostgresHub("postgresql://me@127.0.0.1:1/chat", SpaceKey.new())
    with pytest.raises(SyncError) as refused:
        await hub.pull(0, None, *ALL)
    assert refused.value.detail == "away"


async def test_silent_hub_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://me@127.0.0.1:{silent.getsockname()[1]}/chat"
        hub = PostgresHub(url, SpaceKey.new(), answer_timeout_s=0.2)
        with pytest.raises(SyncError) as refused:
            await hub.pull(0, None, *ALL)
    assert refused.value.detail == "silent"


async def test_hub_connects_again_after_the_server_was_killed(hub: PostgresHub, postgres: Postgres) -> None:
    await hub.push([record("a")], 0)
    postgres.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tui-chat'")
    with pytest.raises(SyncError) as refused:
        await hub.push([record("b")], 1)
    assert refused.value.detail in ("away", "hub_failed")
    await hub.push([record("b")], 1)
    assert await pulled(hub) == [b"room/a", b"room/b"]


async def test_wrong_password_and_missing_password_are_named(postgres: Postgres) -> None:
    access = postgres.data / "pg_hba.conf"
    before = access.read_text()
    postgres.run("CREATE ROLE locked LOGIN PASSWORD 'right'")
    access.write_text(f"local all locked scram-sha-256\nhost all locked 127.0.0.1/32 scram-sha-256\n{before}")
    os.kill(postgres._process.pid, signal.SIGHUP)  # type: ignore[union-attr]
    url = postgres.url("locked", tcp=True)
    details = set()
    try:
        for password, expected in ((None, "no_password"), ("wrong", "password")):
            async with asyncio.timeout(10):
                while expected not in details:
                    hub = PostgresHub(url, SpaceKey.new(), password)
                    with pytest.raises(SyncError) as refused:
                        await hub.spaces()
                    details.add(refused.value.detail)
                    await hub.aclose()
        hub = PostgresHub(url, SpaceKey.new(), "right")
        with pytest.raises(SyncError) as refused:
            await hub.spaces()
        assert refused.value.detail == "not_set_up"
        await hub.aclose()
        missing = PostgresHub(postgres.url("locked", "no_such_database", tcp=True), SpaceKey.new(), "right")
        with pytest.raises(SyncError) as refused:
            await missing.spaces()
        assert refused.value.detail == "no_database"
    finally:
        access.write_text(before)
        os.kill(postgres._process.pid, signal.SIGHUP)  # type: ignore[union-attr]
        postgres.run("DROP ROLE locked")


@pytest.mark.skipif(find("openssl") is None, reason="openssl makes the certificate")
async def test_certificate_of_another_name_is_refused(postgres: Postgres, tmp_path: Path) -> None:
    """A server with a certificate that no authority signed; the URL has nothing about TLS."""
    import shutil
    import subprocess

    key, certificate = tmp_path / "server.key", tmp_path / "server.crt"
    subprocess.run(
        [*("openssl", "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=hub.test"),
         *("-addext", "subjectAltName=DNS:hub.test", "-keyout", str(key), "-out", str(certificate))],
        check=True, capture_output=True,
    )  # fmt: skip
    owner = postgres.data.stat()
    for file in (key, certificate):
        shutil.copy(file, postgres.data / file.name)
        os.chown(postgres.data / file.name, owner.st_uid, owner.st_gid)
        (postgres.data / file.name).chmod(0o600)
    postgres.run("ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()")
    try:
        address = f"host=%s hostaddr=127.0.0.1 port={postgres.port} user=postgres dbname=postgres"

        async def problem(url: str) -> str:
            hub = PostgresHub(url, SpaceKey.new())
            with pytest.raises(SyncError) as refused:
                await hub.spaces()
            await hub.aclose()
            return refused.value.detail

        assert await problem(address % "hub.test") == "tls"
        trusted = f" sslmode=verify-full sslrootcert={certificate}"
        assert await problem(address % "hub.test" + trusted) == "not_set_up"
        assert await problem(address % "other.test" + trusted) == "tls"
    finally:
        postgres.run("ALTER SYSTEM RESET ssl", "SELECT pg_reload_conf()")
